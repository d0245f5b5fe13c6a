/** What of an earlier export another program has changed since: work that the next export must not replace. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AnnotationDocument, Entry } from '../annotation/index.ts'
import { UserError } from '../errors.ts'
import { ranges } from './export-plan.ts'
import {
  type Provenance,
  type ProvenanceEntry,
  pictureDigest,
  sameDigests,
  shapeDigests,
} from './provenance.ts'
import { exists } from './staging.ts'

/**
 * @param found what the dataset holds of the sequence now
 * @param record of the export that wrote it
 * @throws UserError naming the frames whose masks or keypoints are others now, or the objects whose category is; what was
 *   taken away is no work that could be lost
 */
export function refuseChangedWork(found: AnnotationDocument, record: Provenance, folder: string): void {
  const changed = new Set<number>()
  const written = new Map(record.frames.map(({ index, entries }) => [index, entries]))
  for (const { id } of found.objects.values())
    for (const [frame, entry] of found.entries(id))
      if (
        isChanged(
          entry,
          written.get(frame)?.find(({ object }) => object === id),
        )
      )
        changed.add(frame)
  const what =
    changed.size > 0
      ? `frames ${ranges([...changed].sort((a, b) => a - b))}`
      : changedCategories(found, record)
  if (what === '') return
  throw new UserError(
    `The annotations of ${record.sequence} in ${folder} were changed by another program after they were exported (${what}), so they are not replaced; move them away, or choose another folder.`,
  )
}

/** `object 3 is "bus" and was "car"`; empty where every object is still of its kind. */
function changedCategories(found: AnnotationDocument, { objects, labels }: Provenance): string {
  const nameOf = new Map(labels.map(({ id, name }) => [id, name]))
  const changes = objects.flatMap(({ id, label }) => {
    const now = found.labels.get(found.objects.get(id)?.labelId ?? Number.NaN)?.name
    const before = nameOf.get(label)
    return now === undefined || now === before ? [] : [`object ${id} is "${now}" and was "${before}"`]
  })
  const most = 5
  return changes.length > most
    ? `${changes.slice(0, most).join(', ')} and more (${changes.length} in all)`
    : changes.join(', ')
}

function isChanged(entry: Entry, written: ProvenanceEntry | undefined): boolean {
  if (written === undefined || written.state === 'absent') return entry.state !== 'absent'
  return entry.state === 'absent' || !sameDigests(shapeDigests(entry), written)
}

/**
 * @param folder the pictures' own
 * @param record of the export that may have written them
 * @throws UserError when there are pictures that no export wrote, or ones that were changed or added since
 */
export async function refuseChangedPictures(folder: string, record: Provenance | undefined): Promise<void> {
  if (record?.pictures === true || !(await exists(folder).catch(() => false))) return
  if (record === undefined || record.pictures === false)
    throw new UserError(
      `${folder} is there already and was not exported by this tool, so it is not replaced; choose another folder or name.`,
    )
  const digests = new Map(record.pictures.map(({ file, digest }) => [file, digest]))
  for (const { name, parentPath } of await readdir(folder, { withFileTypes: true })) {
    const content = await readFile(join(parentPath, name)).catch(() => undefined)
    if (content === undefined || pictureDigest(content) !== digests.get(name))
      throw new UserError(
        `${join(folder, name)} was changed or added after the pictures were exported, so they are not replaced; move them away, or choose another folder.`,
      )
  }
}
