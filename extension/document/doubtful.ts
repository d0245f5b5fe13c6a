import { type AnnotationDocument, type Entry, isPersons } from '../../model/annotation/index.ts'
import type { DoubtfulFrame, DoubtReason } from '../../webview/protocol/index.ts'
import { type Measure, measureOf } from './measure.ts'

/**
 * Which frames of a run a person should look at. Only a model's frames are doubtful: a person's are what they are.
 * All comparisons are with the neighbouring frames and free of scale: areas by their ratio, movements by the size of
 * the object, and both by how much the object changes around there anyway.
 */

/** Frames on each side whose changes are what is usual around a frame. */
const WINDOW = 8
/** A change this many times the usual one is sudden ... */
const SUDDEN = 4
/** ... unless it is smaller than this: a factor of 1.4 in area, a third of the object's size in position. */
const LEAST_AREA_CHANGE = Math.log(1.4)
const LEAST_MOVE = 1 / 3
/** How far a changed entry reaches: the window, and the two frames that the change back is told by. */
const REACH = WINDOW + 2

export class DoubtfulFrames {
  readonly #document: AnnotationDocument
  readonly #measures = new Map<number, Map<number, Measure>>()
  readonly #reasons = new Map<number, Map<number, DoubtReason>>()
  #doubtBelow: number
  #list: readonly DoubtfulFrame[] | undefined = []

  /** @param doubtBelow a confidence below this (0 to 1) is doubtful */
  constructor(document: AnnotationDocument, doubtBelow: number) {
    this.#document = document
    this.#doubtBelow = doubtBelow
  }

  /** By frame and object. */
  get list(): readonly DoubtfulFrame[] {
    if (this.#list !== undefined) return this.#list
    const list: DoubtfulFrame[] = []
    for (const [objectId, frames] of this.#reasons)
      for (const [frame, reason] of frames) list.push({ frame, objectId, reason })
    this.#list = list.sort((a, b) => a.frame - b.frame || a.objectId - b.objectId)
    return this.#list
  }

  /** Puts in what was measured elsewhere, so that {@link update} need not. */
  know(objectId: number, frame: number, measure: Measure | undefined): void {
    const measures = this.#of(this.#measures, objectId)
    if (measure === undefined) measures.delete(frame)
    else measures.set(frame, measure)
  }

  /**
   * Looks again at changed frames and those around them, in pieces; each yield is a place to let others work. The
   * document may change in between if the changes come with the next update.
   * @param measured whether {@link know} has told the measures of these frames
   * @returns whether the list is another one now
   */
  *update(
    changed: ReadonlyMap<number, ReadonlySet<number>>,
    measured = false,
  ): Generator<void, boolean, undefined> {
    let different = false
    for (const [objectId, frames] of changed) {
      if (!measured)
        for (const frame of frames) {
          this.know(objectId, frame, measureOf(this.#document.entry(objectId, frame)))
          yield
        }
      const around = new Set<number>()
      for (const frame of frames) {
        for (let other = frame - REACH; other <= frame + REACH; other++) around.add(other)
        yield
      }
      for (const frame of around) {
        if (this.#set(objectId, frame, this.#reason(objectId, frame))) different = true
        yield
      }
    }
    return different
  }

  /** Another limit of confidence; everything is looked at again, in pieces. @returns whether the list changed */
  *setLimit(doubtBelow: number): Generator<void, boolean, undefined> {
    if (doubtBelow === this.#doubtBelow) return false
    this.#doubtBelow = doubtBelow
    let different = false
    for (const objectId of [...this.#document.objects.keys()])
      for (const frame of this.#document.frames(objectId)) {
        if (this.#set(objectId, frame, this.#reason(objectId, frame))) different = true
        yield
      }
    return different
  }

  #reason(objectId: number, frame: number): DoubtReason | undefined {
    const entry = this.#document.entry(objectId, frame)
    if (entry === undefined || isPersons(entry)) return undefined
    const measures = this.#measures.get(objectId)
    const before = frame - this.#step(entry)
    if (entry.state === 'absent') return measures?.has(before) ? 'lost' : undefined
    const measure = measures?.get(frame)
    const other = measures?.get(before)
    if (measure !== undefined && other !== undefined && measure.parts > 1 && other.parts === 1) return 'split'
    if (entry.confidence < this.#doubtBelow) return 'confidence'
    if (measures === undefined) return undefined
    const step = this.#step(entry)
    if (isSudden(measures, frame, step, areaChange, LEAST_AREA_CHANGE)) return 'area'
    if (isSudden(measures, frame, step, move, LEAST_MOVE)) return 'position'
    return undefined
  }

  /** Which neighbour a run came from: the frame after for a run backward. */
  #step(entry: Extract<Entry, { run: number }>): 1 | -1 {
    return this.#document.runs.get(entry.run)?.direction === 'backward' ? -1 : 1
  }

  #set(objectId: number, frame: number, reason: DoubtReason | undefined): boolean {
    const reasons = this.#of(this.#reasons, objectId)
    if (reasons.get(frame) === reason) return false
    if (reason === undefined) reasons.delete(frame)
    else reasons.set(frame, reason)
    this.#list = undefined
    return true
  }

  #of<T>(maps: Map<number, Map<number, T>>, objectId: number): Map<number, T> {
    let map = maps.get(objectId)
    if (map === undefined) {
      map = new Map()
      maps.set(objectId, map)
    }
    return map
  }
}

type Change = (a: Measure, b: Measure) => number

const areaChange: Change = (a, b) => Math.abs(Math.log(b.area / a.area))
const move: Change = (a, b) => Math.hypot(b.x - a.x, b.y - a.y) / Math.sqrt(Math.sqrt(a.area * b.area))

/** Whether what changes from the frame before (in the run's direction) to this one is out of the ordinary. */
function isSudden(
  measures: ReadonlyMap<number, Measure>,
  frame: number,
  step: 1 | -1,
  change: Change,
  least: number,
): boolean {
  const here = measures.get(frame)
  const before = measures.get(frame - step)
  if (here === undefined || before === undefined) return false
  const value = change(before, here)
  if (value <= least) return false
  const usual: number[] = []
  for (let other = frame - WINDOW; other <= frame + WINDOW; other++) {
    // The change into this frame is what is judged, and the one out of it is part of the same event.
    if (other === frame || other === frame + step) continue
    const a = measures.get(other - step)
    const b = measures.get(other)
    if (a !== undefined && b !== undefined) usual.push(change(a, b))
  }
  if (value <= SUDDEN * median(usual)) return false
  // A jump back to where the object was two frames ago ends a jump that was reported there.
  const earlier = measures.get(frame - 2 * step)
  return earlier === undefined || change(earlier, here) > least || change(earlier, before) <= least
}

function median(values: number[]): number {
  if (values.length === 0) return 0
  values.sort((a, b) => a - b)
  const middle = values.length >> 1
  return values.length % 2 === 1 ? values[middle]! : (values[middle - 1]! + values[middle]!) / 2
}
