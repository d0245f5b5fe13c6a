/** A person's side-car in the output folder: only a run that starts from its work may replace it. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type AnnotationDocument, equalEntries, equalValues, isPersons } from '../annotation/index.ts'
import { UserError } from '../errors.ts'
import { readSidecar } from '../formats/index.ts'
import { parseInit } from './inits.ts'

/**
 * A side-car that is already in the output folder may hold a person's corrections; only a run that starts from them
 * may replace it.
 * @param path  the side-car that the run will write
 * @param start what the run starts from, which is saved over the side-car
 * @param inits the texts of `--init`, to tell what to change about them
 * @throws UserError when it is damaged, or holds work of a person that `start` does not hold
 */
export async function protectSidecar(
  path: string,
  start: AnnotationDocument,
  inits: readonly string[],
): Promise<void> {
  if (!existsSync(path)) return
  const lost = lostWork(await readSidecar(path), start)
  if (lost === undefined) return
  if (inits.some((text) => resolve(parseInit(text).path) === resolve(path)))
    throw new UserError(
      `${path} holds a person's work (${lost}) that another --init would replace; leave that one out, or choose another --out.`,
    )
  throw new UserError(
    `${path} holds a person's work (${lost}) that this run does not start from; add --init ${path}, or choose another --out.`,
  )
}

/** The first thing that a person did in one document and that another lacks. */
function lostWork(before: AnnotationDocument, after: AnnotationDocument): string | undefined {
  for (const [id, object] of before.objects) {
    for (const [frame, entry] of before.entries(id)) {
      if (!isPersons(entry)) continue
      const kept = after.entry(id, frame)
      if (kept === undefined || !equalEntries(entry, kept)) return `object ${id}, frame ${frame}`
    }
    const other = after.objects.get(id)
    const sameLabel = equalValues(before.labels.get(object.labelId), after.labels.get(object.labelId))
    if (!equalValues(object, other) || !sameLabel) return `name, label or colour of object ${id}`
  }
  return undefined
}
