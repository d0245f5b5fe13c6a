import { nextLabelId, nextRunId } from './builders.ts'
import type { AnnotationDocument } from './document.ts'
import type { Edit } from './edit.ts'
import { equalEntries, equalValues } from './equality.ts'
import { AnnotationError } from './error.ts'
import { MAX_OBJECTS } from './limits.ts'
import {
  type Entry,
  isPersons,
  type Label,
  type ModelEntry,
  type TrackedObject,
  type VideoReference,
} from './types.ts'

/** What it comes to when a document takes over the marks of another one. */
export interface Merge {
  readonly edit: Edit
  /** Entries that the edit sets, and on how many frames. */
  readonly entries: number
  readonly frames: number
  readonly newObjects: number
  /** Entries where a person has said something else in each of the two. */
  readonly conflicts: number
  /** Whether the edit still does what it was made for: nothing that it changes or adds was changed or added meanwhile. */
  isCurrent(): boolean
}

export interface MergeOptions {
  /** What the step is called. */
  readonly label: string
  /** Whether a person's marks give way to a person's marks of the other document. */
  readonly replace: boolean
  /** The least id of a run that is added, where one below may be taken by a run that is not in the document yet. */
  readonly firstRun?: number
}

/**
 * The edit by which a document takes over the marks of another document of the same video; each yield is a place to let
 * others work. An object is the same in both when its name and its label's name are, and that label's skeleton; all
 * others are new objects. What a person said goes over what a model found, never the other way round; where a person has
 * said something in both, the document's own stays unless `replace` is set. A mask keeps the keypoints beside it, and
 * the other way round, when the other document has only one of the two.
 * @throws AnnotationError when the other document is of a video of another size or has marks behind its end, or there
 *   are too many objects
 */
export function* mergeDocuments(
  document: AnnotationDocument,
  other: AnnotationDocument,
  options: MergeOptions,
): Generator<void, Merge, undefined> {
  requireSameVideo(document, other)
  const catalogue = new Catalogue(document, other, options.firstRun)
  const edits: Extract<Edit, { kind: 'setEntry' }>[] = []
  const before: (Entry | undefined)[] = []
  const frames = new Set<number>()
  let entries = 0
  let conflicts = 0
  for (const theirs of sorted(other.objects)) {
    if (other.entryCount(theirs.id) === 0) continue
    const objectId = catalogue.objectOf(theirs)
    for (const [frame, given] of other.entries(theirs.id)) {
      yield
      const mine = document.entry(objectId, frame)
      const entry = isPersons(given) ? beside(mine, given) : catalogue.ofRun(given)
      if (mine !== undefined) {
        if (saysSame(mine, entry) || !isPersons(entry)) continue
        if (isPersons(mine)) {
          conflicts++
          if (!options.replace) continue
        }
      }
      edits.push({ kind: 'setEntry', objectId, frame, entry })
      before.push(mine)
      frames.add(frame)
      entries++
    }
  }
  return {
    edit: { kind: 'group', label: options.label, edits: [...catalogue.edits, ...edits] },
    entries,
    frames: frames.size,
    newObjects: catalogue.newObjects,
    conflicts,
    isCurrent: () =>
      catalogue.isCurrent &&
      edits.every(({ objectId, frame }, i) => document.entry(objectId, frame) === before[i]),
  }
}

/** Whether marks are known to be of another file; a dataset of others does not say of which they are. */
export function isOtherVideo(mine: VideoReference, theirs: VideoReference): boolean {
  if (mine.hash === '' || theirs.hash === '') return false
  return mine.hash !== theirs.hash || mine.frameCount !== theirs.frameCount
}

function requireSameVideo({ video }: AnnotationDocument, other: AnnotationDocument): void {
  const { width, height } = other.video
  if (width !== video.width || height !== video.height)
    throw new AnnotationError(
      `The marks are of a video of ${width}x${height} pixels and this one has ${video.width}x${video.height}; take those of this video.`,
    )
  const last = Math.max(...[...other.objects.keys()].map((id) => other.frames(id).at(-1) ?? 0), 0)
  if (last >= video.frameCount)
    throw new AnnotationError(
      `There are marks on frame ${last} and this video ends with frame ${video.frameCount - 1}; take those of this video.`,
    )
}

/** Labels, objects and runs of one document in the other: those that are there already, and the edits for those that are not. */
class Catalogue {
  readonly #document: AnnotationDocument
  readonly #other: AnnotationDocument
  readonly edits: Edit[] = []
  readonly #made = new Set<number>()
  readonly #labels: Label[]
  readonly #objects: Set<number>
  /** Objects of the document that one of the other is already. */
  readonly #taken = new Set<number>()
  readonly #runs = new Map<number, number>()
  #nextRun: number
  readonly #before: readonly unknown[]

  constructor(document: AnnotationDocument, other: AnnotationDocument, firstRun = 1) {
    this.#document = document
    this.#other = other
    this.#labels = sorted(document.labels)
    this.#objects = new Set(document.objects.keys())
    this.#nextRun = Math.max(firstRun, nextRunId(document))
    this.#before = valuesOf(document)
  }

  get newObjects(): number {
    return this.#made.size
  }

  /** Whether labels, objects and runs are those that were there at the beginning. */
  get isCurrent(): boolean {
    const now = valuesOf(this.#document)
    return now.length === this.#before.length && now.every((value, i) => value === this.#before[i])
  }

  /** The id that an object of the other document has in this one. */
  objectOf(theirs: TrackedObject): number {
    const label = this.#labelOf(this.#other.labels.get(theirs.labelId)!)
    const alike = sorted(this.#document.objects).filter(
      ({ id, name, labelId }) => name === theirs.name && labelId === label.id && !this.#taken.has(id),
    )
    // Of several that are called the same, the one with the same number.
    const same = alike.find(({ id }) => id === theirs.id) ?? alike[0]
    const id = same?.id ?? this.#freeId(theirs.id)
    this.#taken.add(id)
    if (same === undefined) {
      this.#objects.add(id)
      this.#made.add(id)
      this.edits.push({ kind: 'putObject', object: { ...theirs, id, labelId: label.id } })
    }
    return id
  }

  /** A model's entry as one of this document: of the same run, which is added where it is not known. */
  ofRun(entry: ModelEntry): ModelEntry {
    let run = this.#runs.get(entry.run)
    if (run === undefined) {
      const theirs = this.#other.runs.get(entry.run)!
      const known = [...this.#document.runs.values()].find((mine) =>
        equalValues({ ...mine, id: theirs.id }, theirs),
      )
      run = known?.id ?? this.#nextRun++
      if (known === undefined) this.edits.push({ kind: 'putRun', run: { ...theirs, id: run } })
      this.#runs.set(entry.run, run)
    }
    return { ...entry, run }
  }

  #labelOf(theirs: Label): Label {
    const { skeleton } = theirs
    const fits = (mine: Label) => skeleton === undefined || equalValues(mine.skeleton, skeleton)
    const known =
      this.#labels.find((mine) => mine.name === theirs.name && fits(mine)) ??
      // A label that an earlier merge gave a number, because its name was that of another skeleton.
      this.#labels.find((mine) => skeleton !== undefined && isNumbered(mine.name, theirs.name) && fits(mine))
    if (known !== undefined) return known
    const names = new Set(this.#labels.map(({ name }) => name))
    let name = theirs.name
    for (let n = 2; names.has(name); n++) name = `${theirs.name} ${n}`
    const id = this.#labels.reduce((most, one) => Math.max(most, one.id + 1), nextLabelId(this.#document))
    const label = { ...theirs, id, name }
    this.#labels.push(label)
    this.edits.push({ kind: 'putLabel', label })
    return label
  }

  #freeId(wish: number): number {
    if (!this.#objects.has(wish)) return wish
    for (let id = 1; id <= MAX_OBJECTS; id++) if (!this.#objects.has(id)) return id
    throw new AnnotationError(
      `With the new objects there would be more than ${MAX_OBJECTS}; delete or rename some first.`,
    )
  }
}

function valuesOf({ labels, objects, runs }: AnnotationDocument): unknown[] {
  return [labels, objects, runs].flatMap((values) => [...values.values()])
}

function isNumbered(name: string, base: string): boolean {
  return name.startsWith(`${base} `) && /^\d+$/.test(name.slice(base.length + 1))
}

/** A keypoint that is absent in both has no place, whatever stands there. */
function saysSame(mine: Entry, theirs: Entry): boolean {
  if (mine.state === 'absent' || theirs.state === 'absent') return equalEntries(mine, theirs)
  const there = theirs.keypoints
  if (!mine.keypoints || there?.length !== mine.keypoints.length) return equalEntries(mine, theirs)
  const keypoints = mine.keypoints.map((point, i) =>
    point.visibility === 'absent' && there[i]!.visibility === 'absent' ? there[i]! : point,
  )
  return equalEntries({ ...mine, keypoints }, theirs)
}

/** A person's entry together with the part of the shape that it does not speak of. */
function beside(mine: Entry | undefined, theirs: Entry): Entry {
  if (theirs.state !== 'keyframe' || mine === undefined || mine.state === 'absent') return theirs
  const { mask } = mine
  // A person stands by the frame from here on, so the model's confidence no longer says anything.
  const keypoints = mine.keypoints?.map(({ x, y, visibility }) => ({ x, y, visibility }))
  return {
    ...(mask === undefined ? {} : { mask }),
    ...(keypoints === undefined ? {} : { keypoints }),
    ...theirs,
  }
}

function sorted<T extends { readonly id: number }>(items: ReadonlyMap<number, T>): T[] {
  return [...items.values()].sort((a, b) => a.id - b.id)
}
