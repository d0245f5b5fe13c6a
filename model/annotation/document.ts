import { checkEntry, checkFrame, checkLabel, checkObject, checkRun, checkVideo } from './checks.ts'
import type { Edit } from './edit.ts'
import { equalEntries, equalValues } from './equality.ts'
import { AnnotationError } from './error.ts'
import { Track } from './track.ts'
import {
  type Entry,
  isPersons,
  type Label,
  type Run,
  type TrackedObject,
  type VideoReference,
} from './types.ts'

/** An empty document. @throws AnnotationError when the video's size or frame count is impossible */
export function createDocument(video: VideoReference): AnnotationDocument {
  return new AnnotationDocument(video)
}

/**
 * Everything that is known about one video: labels, objects, runs, and one entry per object and frame.
 * {@link apply} is the only way to change it. The values in it are shared, never copied: do not change them.
 */
export class AnnotationDocument {
  #video: VideoReference
  readonly #labels = new Map<number, Label>()
  readonly #objects = new Map<number, TrackedObject>()
  readonly #runs = new Map<number, Run>()
  /** Per object; every object has one. */
  readonly #tracks = new Map<number, Track>()
  /** Entries per run, so that a run in use is known without a search. */
  readonly #entriesOfRun = new Map<number, number>()

  /** @throws AnnotationError when the video's size or frame count is impossible */
  constructor(video: VideoReference) {
    checkVideo(video)
    this.#video = video
  }

  /** Which video this is about. */
  get video(): VideoReference {
    return this.#video
  }

  /** By id, in no particular order. */
  get labels(): ReadonlyMap<number, Label> {
    return this.#labels
  }

  /** By id, in no particular order. */
  get objects(): ReadonlyMap<number, TrackedObject> {
    return this.#objects
  }

  /** By id, in no particular order. */
  get runs(): ReadonlyMap<number, Run> {
    return this.#runs
  }

  /** What is known about an object on a frame; undefined when nothing is. */
  entry(objectId: number, frame: number): Entry | undefined {
    return this.#tracks.get(objectId)?.get(frame)
  }

  /** The frames on which something is known about an object, ascending. */
  frames(objectId: number): number[] {
    return this.#tracks.get(objectId)?.frames().slice() ?? []
  }

  /** The frames that a person has marked an object on, ascending; cheap however much a model has labelled. */
  personsFrames(objectId: number): number[] {
    return this.#tracks.get(objectId)?.personsFrames().slice() ?? []
  }

  /** On how many frames something is known about an object. */
  entryCount(objectId: number): number {
    return this.#tracks.get(objectId)?.size ?? 0
  }

  /** An object's entries in the order of their frames. The document may be changed while this runs. */
  *entries(objectId: number): IterableIterator<[frame: number, entry: Entry]> {
    for (const frame of this.frames(objectId)) {
      const entry = this.entry(objectId, frame)
      if (entry !== undefined) yield [frame, entry]
    }
  }

  /** The frames on which something is known about any object, ascending. */
  framesWithEntries(): number[] {
    const frames = new Set<number>()
    for (const track of this.#tracks.values()) for (const frame of track.frames()) frames.add(frame)
    return [...frames].sort((a, b) => a - b)
  }

  /**
   * Changes the document.
   * @returns the exact inverse: applying it next gives the document as it was
   * @throws AnnotationError when the edit is not allowed; then nothing has changed, also for a group
   */
  apply(edit: Edit): Edit {
    switch (edit.kind) {
      case 'group':
        return this.#applyGroup(edit.label, edit.edits)
      case 'putLabel':
        return this.#putLabel(edit.label)
      case 'removeLabel':
        return this.#removeLabel(edit.labelId)
      case 'putObject':
        return this.#putObject(edit.object)
      case 'removeObject':
        return this.#removeObject(edit.objectId)
      case 'putRun':
        return this.#putRun(edit.run)
      case 'removeRun':
        return this.#removeRun(edit.runId)
      case 'setEntry':
        return this.#setEntry(edit.objectId, edit.frame, edit.entry)
      case 'moveVideo':
        return this.#moveVideo(edit.path)
      default:
        edit satisfies never
        throw new AnnotationError('This kind of edit is not known.')
    }
  }

  /** A copy whose side-car lies elsewhere: `path` is that of the video from there. Values are shared. */
  movedTo(path: string): AnnotationDocument {
    const copy = new AnnotationDocument({ ...this.video, path })
    for (const label of this.#labels.values()) copy.apply({ kind: 'putLabel', label })
    for (const run of this.#runs.values()) copy.apply({ kind: 'putRun', run })
    for (const object of this.#objects.values()) {
      copy.apply({ kind: 'putObject', object })
      for (const [frame, entry] of this.entries(object.id))
        copy.apply({ kind: 'setEntry', objectId: object.id, frame, entry })
    }
    return copy
  }

  /** Whether two documents say the same, matched by id and frame; masks are compared by their pixels. */
  equals(other: AnnotationDocument): boolean {
    if (this === other) return true
    if (!equalValues(this.video, other.video)) return false
    if (!equalMaps(this.#labels, other.#labels, equalValues)) return false
    if (!equalMaps(this.#objects, other.#objects, equalValues)) return false
    if (!equalMaps(this.#runs, other.#runs, equalValues)) return false
    for (const [objectId, track] of this.#tracks) {
      if (track.size !== other.#tracks.get(objectId)?.size) return false
      for (const frame of track.frames()) {
        const ours = track.get(frame)
        const theirs = other.entry(objectId, frame)
        if (ours === undefined || theirs === undefined || !equalEntries(ours, theirs)) return false
      }
    }
    return true
  }

  #applyGroup(label: string, edits: readonly Edit[]): Edit {
    const inverses: Edit[] = []
    try {
      for (const edit of edits) inverses.push(this.apply(edit))
    } catch (error) {
      for (const inverse of inverses.reverse()) this.apply(inverse)
      throw error
    }
    return { kind: 'group', label, edits: inverses.reverse() }
  }

  #putLabel(label: Label): Edit {
    checkLabel(label)
    const old = this.#labels.get(label.id)
    if (old !== undefined && keypointCount(old) !== keypointCount(label)) {
      for (const object of this.#objects.values())
        if (object.labelId === label.id) this.#refuseIfKeypoints(object.id)
    }
    this.#labels.set(label.id, label)
    return old === undefined ? { kind: 'removeLabel', labelId: label.id } : { kind: 'putLabel', label: old }
  }

  #removeLabel(labelId: number): Edit {
    const label = this.#labelOf(labelId)
    for (const object of this.#objects.values()) {
      if (object.labelId === labelId)
        throw new AnnotationError(`Label ${labelId} is used by object ${object.id}, so it cannot be removed.`)
    }
    this.#labels.delete(labelId)
    return { kind: 'putLabel', label }
  }

  #putObject(object: TrackedObject): Edit {
    checkObject(object)
    const label = this.#labelOf(object.labelId)
    const old = this.#objects.get(object.id)
    if (old !== undefined && keypointCount(this.#labelOf(old.labelId)) !== keypointCount(label))
      this.#refuseIfKeypoints(object.id)
    this.#objects.set(object.id, object)
    if (old !== undefined) return { kind: 'putObject', object: old }
    this.#tracks.set(object.id, new Track())
    return { kind: 'removeObject', objectId: object.id }
  }

  #removeObject(objectId: number): Edit {
    const { object, track } = this.#objectOf(objectId)
    if (track.size > 0)
      throw new AnnotationError(
        `Object ${objectId} still has marks on ${track.size} frames, so it cannot be removed.`,
      )
    this.#objects.delete(objectId)
    this.#tracks.delete(objectId)
    return { kind: 'putObject', object }
  }

  #putRun(run: Run): Edit {
    checkRun(run, this.video.frameCount)
    const old = this.#runs.get(run.id)
    this.#runs.set(run.id, run)
    return old === undefined ? { kind: 'removeRun', runId: run.id } : { kind: 'putRun', run: old }
  }

  #removeRun(runId: number): Edit {
    const run = this.#runOf(runId)
    const uses = this.#entriesOfRun.get(runId) ?? 0
    if (uses > 0)
      throw new AnnotationError(`Run ${runId} still has ${uses} results, so it cannot be removed.`)
    this.#runs.delete(runId)
    this.#entriesOfRun.delete(runId)
    return { kind: 'putRun', run }
  }

  #moveVideo(path: string): Edit {
    const moved = { ...this.#video, path }
    checkVideo(moved)
    const old = this.#video.path
    this.#video = moved
    return { kind: 'moveVideo', path: old }
  }

  #setEntry(objectId: number, frame: number, entry: Entry | undefined): Edit {
    const { object, track } = this.#objectOf(objectId)
    checkFrame(frame, this.video.frameCount)
    const old = track.get(frame)
    if (entry !== undefined) {
      checkEntry(entry, this.video, keypointCount(this.#labelOf(object.labelId)))
      if (!isPersons(entry)) {
        this.#runOf(entry.run)
        if (old !== undefined && isPersons(old))
          throw new AnnotationError(
            `A person has marked object ${objectId} on frame ${frame}, so a run cannot change it.`,
          )
      }
    }
    track.set(frame, entry)
    this.#countRun(old, -1)
    this.#countRun(entry, 1)
    const clear: Edit = { kind: 'setEntry', objectId, frame, entry: undefined }
    if (old === undefined) return clear
    const restore: Edit = { kind: 'setEntry', objectId, frame, entry: old }
    // Nothing puts a model's entry over a person's, not even an undo: the person's frame is taken back first.
    return entry !== undefined && isPersons(entry) && !isPersons(old)
      ? { kind: 'group', label: 'Take back a mark', edits: [clear, restore] }
      : restore
  }

  #countRun(entry: Entry | undefined, change: 1 | -1): void {
    if (entry === undefined || isPersons(entry)) return
    this.#entriesOfRun.set(entry.run, (this.#entriesOfRun.get(entry.run) ?? 0) + change)
  }

  #refuseIfKeypoints(objectId: number): void {
    for (const entry of this.#tracks.get(objectId)?.values() ?? []) {
      if (entry.state !== 'absent' && entry.keypoints !== undefined)
        throw new AnnotationError(
          `Object ${objectId} has keypoints, so their number cannot change; remove its marks first.`,
        )
    }
  }

  #labelOf(labelId: number): Label {
    const label = this.#labels.get(labelId)
    if (label === undefined) throw new AnnotationError(`There is no label ${labelId}.`)
    return label
  }

  #runOf(runId: number): Run {
    const run = this.#runs.get(runId)
    if (run === undefined) throw new AnnotationError(`There is no run ${runId}.`)
    return run
  }

  #objectOf(objectId: number): { object: TrackedObject; track: Track } {
    const object = this.#objects.get(objectId)
    const track = this.#tracks.get(objectId)
    if (object === undefined || track === undefined)
      throw new AnnotationError(`There is no object ${objectId}.`)
    return { object, track }
  }
}

function keypointCount(label: Label): number {
  return label.skeleton?.keypoints.length ?? 0
}

function equalMaps<T>(
  a: ReadonlyMap<number, T>,
  b: ReadonlyMap<number, T>,
  equal: (a: T, b: T) => boolean,
): boolean {
  if (a.size !== b.size) return false
  for (const [key, value] of a) {
    const other = b.get(key)
    if (other === undefined || !equal(value, other)) return false
  }
  return true
}
