import type { AnnotationDocument } from './document.ts'
import type { Edit } from './edit.ts'
import { equalValues } from './equality.ts'
import { AnnotationError } from './error.ts'
import { MAX_OBJECTS } from './limits.ts'
import { isPersons, type ModelEntry, type Run } from './types.ts'

// Edits that a person or a run asks for, made of the small ones. Nothing here changes the document.

/** Forgets what is known about an object on one frame. Does nothing where nothing is. */
export function deleteOnFrame(document: AnnotationDocument, objectId: number, frame: number): Edit {
  const known = document.entry(objectId, frame) !== undefined
  return group(`Delete object ${objectId} on frame ${frame}`, known ? [clearEntry(objectId, frame)] : [])
}

/** Forgets what is known about an object on a frame and on all later ones. */
export function deleteFrom(document: AnnotationDocument, objectId: number, frame: number): Edit {
  const frames = document.frames(objectId).filter((other) => other >= frame)
  return group(
    `Delete object ${objectId} from frame ${frame} on`,
    frames.map((other) => clearEntry(objectId, other)),
  )
}

/** Removes an object with everything known about it. @throws AnnotationError when there is no such object */
export function deleteObject(document: AnnotationDocument, objectId: number): Edit {
  if (!document.objects.has(objectId)) throw new AnnotationError(`There is no object ${objectId}.`)
  return group(`Delete object ${objectId}`, [
    ...document.frames(objectId).map((frame) => clearEntry(objectId, frame)),
    { kind: 'removeObject', objectId },
  ])
}

/**
 * What an object has on one frame becomes a person's mark on another: a keyframe, or absent.
 * On the same frame this accepts a model's result.
 * @throws AnnotationError when nothing is known on the first frame
 */
export function copyToFrame(
  document: AnnotationDocument,
  objectId: number,
  fromFrame: number,
  toFrame: number,
): Edit {
  const source = document.entry(objectId, fromFrame)
  if (source === undefined)
    throw new AnnotationError(`Object ${objectId} has nothing on frame ${fromFrame} to copy.`)
  const label = `Copy object ${objectId} from frame ${fromFrame} to frame ${toFrame}`
  if (source.state === 'absent')
    return group(label, [
      { kind: 'setEntry', objectId, frame: toFrame, entry: { state: 'absent', by: 'person' } },
    ])
  const { mask, occluded } = source
  // A person stands by the points from here on, so the model's confidence no longer says anything.
  const keypoints = source.keypoints?.map(({ x, y, visibility }) => ({ x, y, visibility }))
  return group(label, [
    {
      kind: 'setEntry',
      objectId,
      frame: toFrame,
      entry: {
        state: 'keyframe',
        occluded,
        ...(mask === undefined ? {} : { mask }),
        ...(keypoints === undefined ? {} : { keypoints }),
      },
    },
  ])
}

/** What a run found out about one object on one frame. */
export interface RunResult {
  readonly objectId: number
  readonly frame: number
  readonly entry: ModelEntry
}

/**
 * The results of a run, or a part of them while it goes on. Frames that a person has marked are left out.
 * @returns the edit, and how many results were left out
 * @throws AnnotationError when a result is of another run, or another run has this one's id
 */
export function propagationEdit(
  document: AnnotationDocument,
  run: Run,
  results: readonly RunResult[],
): { edit: Edit; skipped: number } {
  const edits: Edit[] = []
  const known = document.runs.get(run.id)
  if (known === undefined) edits.push({ kind: 'putRun', run })
  else if (!equalValues(known, run)) throw new AnnotationError(`There is another run ${run.id} already.`)
  let skipped = 0
  for (const { objectId, frame, entry } of results) {
    if (isPersons(entry) || entry.run !== run.id)
      throw new AnnotationError(
        `The result for object ${objectId} on frame ${frame} is not of run ${run.id}.`,
      )
    const there = document.entry(objectId, frame)
    if (there !== undefined && isPersons(there)) skipped++
    else edits.push({ kind: 'setEntry', objectId, frame, entry })
  }
  return { edit: group(`Propagate (run ${run.id})`, edits), skipped }
}

/** The lowest free object id. @throws AnnotationError when all 255 are taken */
export function nextObjectId(document: AnnotationDocument): number {
  for (let id = 1; id <= MAX_OBJECTS; id++) if (!document.objects.has(id)) return id
  throw new AnnotationError(`A video can have ${MAX_OBJECTS} objects, and all are taken.`)
}

/** One above the highest label id. */
export function nextLabelId(document: AnnotationDocument): number {
  return highest(document.labels.keys()) + 1
}

/** One above the highest run id. */
export function nextRunId(document: AnnotationDocument): number {
  return highest(document.runs.keys()) + 1
}

function highest(ids: Iterable<number>): number {
  let result = 0
  for (const id of ids) if (id > result) result = id
  return result
}

function group(label: string, edits: readonly Edit[]): Edit {
  return { kind: 'group', label, edits }
}

function clearEntry(objectId: number, frame: number): Edit {
  return { kind: 'setEntry', objectId, frame, entry: undefined }
}
