import {
  type AnnotationDocument,
  type Edit,
  equalEntries,
  equalValues,
  isPersons,
} from '../../model/annotation/index.ts'

/**
 * The edit that makes one document of another, in pieces; each yield is a place to let others work.
 * @param most entries that may differ
 * @returns undefined where no edit leads there (another video), or one that is too large
 */
export function* differenceOf(
  from: AnnotationDocument,
  to: AnnotationDocument,
  label: string,
  most: number,
): Generator<void, Edit | undefined, undefined> {
  const { path: pathFrom, ...videoFrom } = from.video
  const { path, ...videoTo } = to.video
  if (!equalValues(videoFrom, videoTo)) return undefined
  const put: Edit[] = path === pathFrom ? [] : [{ kind: 'moveVideo', path }]
  for (const made of to.labels.values())
    if (!equalValues(from.labels.get(made.id), made)) put.push({ kind: 'putLabel', label: made })
  for (const object of to.objects.values())
    if (!equalValues(from.objects.get(object.id), object)) put.push({ kind: 'putObject', object })
  for (const run of to.runs.values())
    if (!equalValues(from.runs.get(run.id), run)) put.push({ kind: 'putRun', run })

  const entries: Edit[] = []
  let differing = 0
  for (const objectId of new Set([...from.objects.keys(), ...to.objects.keys()])) {
    const frames = new Set([...from.frames(objectId), ...to.frames(objectId)])
    for (const frame of frames) {
      yield
      const before = from.entry(objectId, frame)
      const after = to.entry(objectId, frame)
      if (before === after || (before && after && equalEntries(before, after))) continue
      if (++differing > most) return undefined
      // A run's result cannot go over a person's mark.
      if (before && after && isPersons(before))
        entries.push({ kind: 'setEntry', objectId, frame, entry: undefined })
      entries.push({ kind: 'setEntry', objectId, frame, entry: after })
    }
  }

  const removed: Edit[] = []
  for (const objectId of from.objects.keys())
    if (!to.objects.has(objectId)) removed.push({ kind: 'removeObject', objectId })
  for (const runId of from.runs.keys()) if (!to.runs.has(runId)) removed.push({ kind: 'removeRun', runId })
  for (const labelId of from.labels.keys())
    if (!to.labels.has(labelId)) removed.push({ kind: 'removeLabel', labelId })
  return { kind: 'group', label, edits: [...put, ...entries, ...removed] }
}
