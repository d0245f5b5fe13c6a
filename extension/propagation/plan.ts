import {
  type AnnotationDocument,
  type Entry,
  isPersons,
  type TrackedObject,
} from '../../model/annotation/index.ts'
import type { Mark } from '../../model/process/index.ts'
import { Sentence } from '../sentence.ts'
import { bystanders, hasKeyframe, hasShape, isMark, isStart, keyframes, withSeeds } from './marks.ts'

/** What a person asks a propagation to do. */
export type RunWish = {
  /** Where the person stands. */
  readonly frame: number
  /** Carry only this object; undefined for all that can be carried. */
  readonly only?: number
  /** Objects that a person has locked: they are left alone unless one is asked for by `only`. */
  readonly locked?: readonly number[]
} & (
  | { readonly kind: 'forward' | 'backward' | 'both' | 'toNextKeyframe' }
  | { readonly kind: 'range'; readonly range: readonly [first: number, last: number] }
  /** What lies around a corrected frame of the object `only`, or the span that was offered for it. */
  | { readonly kind: 'span'; readonly only: number; readonly range?: readonly [first: number, last: number] }
)

/** What a run is to carry, from where, over which frames. */
export interface RunPlan {
  readonly objects: readonly TrackedObject[]
  readonly marks: readonly Mark[]
  /** The person's masks of other objects, which results keep clear of. */
  readonly bystanders?: readonly Mark[]
  readonly direction: 'forward' | 'backward' | 'both'
  readonly range: readonly [first: number, last: number]
}

/**
 * Turns a wish into a run. A run starts where the person stands, so what is seen there is what is carried: a frame
 * that a model labelled counts as a mark of this run where its object has no keyframe there. An object that is not seen
 * there is carried from where it was last known, but results begin where the others are seen; one that is known to be
 * nowhere is a mark as well, and may be found again. Only where no object is seen, the nearest frame on the way back is
 * the start of all. Objects without a start are left out.
 * @throws Sentence saying what to mark or choose when nothing can be carried
 */
export function planRun(document: AnnotationDocument, wish: RunWish): RunPlan {
  const plan = carried(document, wish)
  return { ...plan, bystanders: bystanders(document, plan) }
}

function carried(document: AnnotationDocument, wish: RunWish): RunPlan {
  const lastFrame = document.video.frameCount - 1
  const objects = candidates(document, wish)
  switch (wish.kind) {
    case 'forward':
      return directed(document, objects, wish.frame, 'forward', lastFrame)
    case 'backward':
      return directed(document, objects, wish.frame, 'backward', 0)
    case 'both':
      return everywhere(document, objects)
    case 'toNextKeyframe':
      return toNextKeyframe(document, objects, wish.frame)
    case 'range':
      return inRange(document, objects, wish.range)
    case 'span': {
      if (!hasKeyframe(document, wish.only)) throw nothingMarked(document, objects)
      const range = wish.range ?? affectedSpan(document, wish.only, wish.frame)
      if (range === undefined)
        throw new Sentence(
          'Frame {0} has no neighbouring frames to propagate again; propagate forward or backward instead.',
          wish.frame,
        )
      return checked({ objects, marks: keyframes(document, objects), direction: 'both', range })
    }
    default:
      wish satisfies never
      throw new Sentence('This kind of propagation is not known.')
  }
}

/**
 * The frames that a correction concerns: from the neighbouring keyframe before to the one after. Where a side has no
 * keyframe it reaches as far as a model's results go on without a gap, so that nothing is labelled that was not before.
 * @returns undefined when there is nothing on either side, or no keyframe shows the object
 */
export function affectedSpan(
  document: AnnotationDocument,
  objectId: number,
  frame: number,
): readonly [first: number, last: number] | undefined {
  if (!isMark(document.entry(objectId, frame)) || !hasKeyframe(document, objectId)) return undefined
  const first = spanEnd(document, objectId, frame, -1)
  const last = spanEnd(document, objectId, frame, 1)
  return last - first < 1 || isOnlyMarks(document, objectId, first, last) ? undefined : [first, last]
}

function spanEnd(document: AnnotationDocument, objectId: number, frame: number, step: 1 | -1): number {
  const mark = nextMark(document, objectId, frame, step)
  if (mark !== undefined) return mark
  let reached = frame
  while (document.entry(objectId, reached + step) !== undefined) reached += step
  return reached
}

/** The nearest frame after (or before) one that a person has marked, as far as it says where the object is. */
function nextMark(
  document: AnnotationDocument,
  objectId: number,
  frame: number,
  step: 1 | -1,
  wanted: (entry: Entry | undefined) => boolean = isMark,
): number | undefined {
  const frames = document.personsFrames(objectId)
  if (step < 0) frames.reverse()
  return frames.find((other) => (other - frame) * step > 0 && wanted(document.entry(objectId, other)))
}

/** Whether no frame of the span is free for a run. */
function isOnlyMarks(document: AnnotationDocument, objectId: number, first: number, last: number): boolean {
  for (let frame = first; frame <= last; frame++) {
    const entry = document.entry(objectId, frame)
    if (entry === undefined || !isPersons(entry)) return false
  }
  return true
}

function candidates(document: AnnotationDocument, wish: RunWish): TrackedObject[] {
  if (wish.only !== undefined) {
    const object = document.objects.get(wish.only)
    if (object === undefined)
      throw new Sentence('There is no object {0}; choose one of the list of objects.', wish.only)
    return [object]
  }
  if (document.objects.size === 0)
    throw new Sentence('There is nothing to propagate yet; make an object and mark it on a frame first.')
  const locked = new Set(wish.locked)
  const free = [...document.objects.values()].filter(({ id }) => !locked.has(id)).sort((a, b) => a.id - b.id)
  if (free.length === 0)
    throw new Sentence('All objects are locked; unlock the ones that are to be propagated.')
  return free
}

function directed(
  document: AnnotationDocument,
  objects: readonly TrackedObject[],
  frame: number,
  direction: 'forward' | 'backward',
  end: number,
): RunPlan {
  const step = direction === 'forward' ? 1 : -1
  const starts = new Map<TrackedObject, number>()
  for (const object of objects) {
    const start = startOf(document, object.id, frame, step)
    if (start !== undefined) starts.set(object, start)
  }
  if (starts.size === 0) throw nothingMarked(document, objects)
  const first = beginning(document, starts, frame, step)
  return checked(
    {
      objects: [...starts.keys()],
      marks: marksFrom(document, starts, first, step),
      direction,
      range: direction === 'forward' ? [first, end] : [end, first],
    },
    direction === 'forward'
      ? new Sentence('There is no frame after frame {0}; propagate backward instead.', first)
      : new Sentence('There is no frame before frame {0}; propagate forward instead.', first),
  )
}

/**
 * The nearest frame with a shape at `frame` or on the way back from it, else the first keyframe ahead. Looks at a
 * model's frames back to the nearest keyframe only: in a long clip there are very many.
 */
function startOf(
  document: AnnotationDocument,
  objectId: number,
  frame: number,
  step: 1 | -1,
): number | undefined {
  const behind = nextKeyframe(document, objectId, frame + step, step > 0 ? -1 : 1)
  const edge = step > 0 ? -1 : document.video.frameCount
  for (let other = frame; other !== (behind ?? edge); other -= step)
    if (hasShape(document.entry(objectId, other))) return other
  return behind ?? nextKeyframe(document, objectId, frame, step)
}

/** `frame`, where an object is seen on it; else the start that lies furthest on the way back. */
function beginning(
  document: AnnotationDocument,
  starts: ReadonlyMap<TrackedObject, number>,
  frame: number,
  step: 1 | -1,
): number {
  for (const { id } of starts.keys()) if (hasShape(document.entry(id, frame))) return frame
  return [...starts.values()].reduce((a, b) => ((b - a) * step < 0 ? b : a))
}

/**
 * The marks of a run whose results begin at `first`. That an object is nowhere by then is a mark too: without it, it
 * would be walked to there from its last keyframe, frame by frame, for no result.
 */
function marksFrom(
  document: AnnotationDocument,
  starts: ReadonlyMap<TrackedObject, number>,
  first: number,
  step: 1 | -1,
): Mark[] {
  const gone = new Set(
    [...starts.keys()].filter((object) => isGone(document, object.id, first, starts.get(object)!, step)),
  )
  const seeds = [...starts].map(
    ([object, start]) => [object, gone.has(object) ? [] : [first, start]] as const,
  )
  const marks = withSeeds(document, seeds)
  for (const { id } of gone)
    if (!isMark(document.entry(id, first)))
      marks.push({ objectId: id, frame: first, entry: { state: 'absent', by: 'person' } })
  return marks
}

/** Whether the last that is known of an object, from its start to `first`, is that it is nowhere. */
function isGone(
  document: AnnotationDocument,
  objectId: number,
  first: number,
  start: number,
  step: 1 | -1,
): boolean {
  for (let frame = first; (frame - start) * step >= 0; frame -= step) {
    const entry = document.entry(objectId, frame)
    if (entry !== undefined) return entry.state === 'absent' || (entry.mask !== undefined && !hasShape(entry))
  }
  return false
}

/** The nearest keyframe that a walk may start from; none where no keyframe has anything to carry. */
function nextKeyframe(
  document: AnnotationDocument,
  objectId: number,
  frame: number,
  step: 1 | -1,
): number | undefined {
  return hasKeyframe(document, objectId) ? nextMark(document, objectId, frame, step, isStart) : undefined
}

function everywhere(document: AnnotationDocument, objects: readonly TrackedObject[]): RunPlan {
  const marked = objects.filter(({ id }) => hasKeyframe(document, id))
  if (marked.length === 0) throw nothingMarked(document, objects)
  return checked({
    objects: marked,
    marks: keyframes(document, marked),
    direction: 'both',
    range: [0, document.video.frameCount - 1],
  })
}

function toNextKeyframe(
  document: AnnotationDocument,
  objects: readonly TrackedObject[],
  frame: number,
): RunPlan {
  const starts = new Map<TrackedObject, number>()
  let next: number | undefined
  for (const object of objects) {
    const keyframe = nextMark(document, object.id, frame, 1)
    const start = startOf(document, object.id, frame, 1)
    if (keyframe === undefined || start === undefined) continue
    starts.set(object, Math.min(start, frame))
    next = Math.min(next ?? keyframe, keyframe)
  }
  if (next === undefined)
    throw new Sentence(
      'There is no keyframe after frame {0}; propagate forward instead, or mark a later frame.',
      frame,
    )
  const first = beginning(document, starts, frame, 1)
  return checked({
    objects: [...starts.keys()],
    marks: marksFrom(document, starts, first, 1),
    direction: 'both',
    range: [first, next],
  })
}

function inRange(
  document: AnnotationDocument,
  objects: readonly TrackedObject[],
  range: readonly [number, number],
): RunPlan {
  const [first, last] = range
  const reached = objects.filter(
    ({ id }) =>
      hasShape(document.entry(id, first)) ||
      hasShape(document.entry(id, last)) ||
      startsWithin(document, id, range),
  )
  if (reached.length === 0)
    throw new Sentence(
      'Nothing is marked in frames {0} to {1}; mark an object there, or choose a range that begins or ends at a marked frame.',
      first,
      last,
    )
  const seeds = reached.map((object): [TrackedObject, number[]] => {
    const marked = startsWithin(document, object.id, range)
    // A model's frames at the borders start the walk only where no keyframe does.
    return [object, marked ? [] : [first, last]]
  })
  return checked(
    { objects: reached, marks: withSeeds(document, seeds), direction: 'both', range },
    new Sentence('The range holds a single frame; choose a longer one.'),
  )
}

function startsWithin(
  document: AnnotationDocument,
  objectId: number,
  [first, last]: readonly [number, number],
): boolean {
  const start = nextKeyframe(document, objectId, first - 1, 1)
  return start !== undefined && start <= last
}

function nothingMarked(document: AnnotationDocument, objects: readonly TrackedObject[]): Sentence {
  const only = objects.length === 1 ? document.objects.get(objects[0]!.id) : undefined
  return only === undefined
    ? new Sentence(
        'No object is marked on any frame; mark one with the brush, the polygon or keypoints first.',
      )
    : new Sentence(
        '{0} is not marked on any frame; mark it with the brush, the polygon or keypoints first.',
        only.name,
      )
}

function checked(
  plan: RunPlan,
  problem = new Sentence('The clip has a single frame, so there is nowhere to go.'),
): RunPlan {
  if (plan.range[1] <= plan.range[0]) throw problem
  return plan
}
