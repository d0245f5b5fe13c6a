import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { AnnotationDocument } from '../annotation/index.ts'
import { messageOf, UserError } from '../errors.ts'
import { writeFileAtomic } from '../files.ts'
import { DamageError, MOST_BYTES, readText } from './checked-json.ts'
import { parseSidecar, readSidecarText, serialiseSidecar } from './sidecar-text.ts'

const WHAT = 'the side-car'

/**
 * Reads a side-car.
 * @throws UserError when it cannot be read, was written by a newer version, or is damaged: with the place, and
 *   whether the backup beside it is good
 */
export async function readSidecar(path: string): Promise<AnnotationDocument> {
  try {
    return readSidecarText(await readText(path, WHAT), path)
  } catch (error) {
    if (error instanceof DamageError)
      throw new UserError(
        `The side-car ${path} is damaged at ${error.sentence}; repair that place, or ${await backupAdvice(path)}.`,
        { cause: error },
      )
    if (isMissing(error) && (await readsWell(backupOf(path))))
      throw new UserError(
        `Cannot read ${WHAT} ${path}: it does not exist, but its backup ${backupOf(path)} is good; copy it to ${basename(path)}.`,
        { cause: error },
      )
    throw error
  }
}

/** What a caller knows of the file that a save replaces. */
export interface SaveOptions {
  /**
   * SHA-256 of content that the caller has read or written here before: where the file still holds exactly that, it is
   * not parsed once more.
   */
  readonly good?: string | undefined
  /** SHA-256 of what the file may hold, null for none: anything else, apart from what is being saved, is not replaced. */
  readonly expected?: string | null | undefined
  /** Bytes that a side-car may have, so that it can be read again. */
  readonly most?: number
}

/** Somebody else has written the file that was to be saved. */
export class SidecarChanged extends UserError {}

/**
 * Saves a document. What was there before, if it read well and was different, becomes the backup `<path>.bak`.
 * Done only after the text was seen to give an equal document and the file to hold that text.
 * @returns the SHA-256 of what the file holds now
 * @throws SidecarChanged when the file holds something that is not expected; it is left as it is
 * @throws UserError when the file there is damaged or newer (it is left as it is), the document cannot be
 *   written, or the disk refuses; the old file and its backup stay good
 */
export async function writeSidecar(
  path: string,
  document: AnnotationDocument,
  { good, expected, most = MOST_BYTES }: SaveOptions = {},
): Promise<string> {
  const text = checkedText(path, document, most)
  const current = await goodContent(path, good)
  const hash = hashOf(text)
  if (current === text) return hash
  const held = current === undefined ? null : hashOf(current)
  if (expected !== undefined && held !== null && held !== expected)
    throw new SidecarChanged(
      `The side-car ${path} was changed by another program meanwhile; it is left as it is.`,
    )
  if (current !== undefined) await writeFileAtomic(backupOf(path), current)
  await writeFileAtomic(path, text)
  if ((await readText(path, WHAT).catch(messageOf)) !== text)
    throw new UserError(
      `The side-car ${path} reads back differently from what was written; check the disk${current === undefined ? '' : `, the state before is in ${backupOf(path)}`}.`,
    )
  return hash
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Where the last good file before the current one is kept. */
function backupOf(path: string): string {
  return `${path}.bak`
}

function checkedText(path: string, document: AnnotationDocument, most: number): string {
  const text = textWithin(path, document, most)
  try {
    if (readSidecarText(text, path).equals(document)) return text
  } catch (error) {
    if (!(error instanceof DamageError)) throw error
    throw new UserError(
      `Cannot save ${WHAT} ${path}: the annotations hold something that cannot be read back (${error.message}); the file is left as it was.`,
      { cause: error },
    )
  }
  throw new UserError(
    `Cannot save ${WHAT} ${path}: the annotations would read back differently; the file is left as it was.`,
  )
}

function textWithin(path: string, document: AnnotationDocument, most: number): string {
  try {
    const text = serialiseSidecar(document)
    if (Buffer.byteLength(text) <= most) return text
  } catch (error) {
    // What the engine says of a string that would be too long.
    if (!(error instanceof RangeError)) throw error
  }
  throw new UserError(
    `Cannot save ${WHAT} ${path}: it would be larger than ${Math.floor(most / 2 ** 20)} MiB and could not be opened again; delete objects or frames that are not needed, or annotate the clip in parts. The file is left as it was.`,
  )
}

/** The text that is there now, undefined when there is none. @throws UserError when it is damaged or newer */
async function goodContent(path: string, good: string | undefined): Promise<string | undefined> {
  try {
    const text = await readText(path, WHAT)
    if (good === undefined || hashOf(text) !== good) readSidecarText(text, path)
    return text
  } catch (error) {
    if (isMissing(error)) return undefined
    if (error instanceof DamageError)
      throw new UserError(
        `The side-car ${path} is damaged at ${error.sentence} and is not overwritten; repair it, move it away, or ${await backupAdvice(path)}.`,
        { cause: error },
      )
    throw error
  }
}

function isMissing(error: unknown): boolean {
  const cause = error instanceof UserError ? error.cause : undefined
  return cause instanceof Error && (cause as NodeJS.ErrnoException).code === 'ENOENT'
}

/** What to do with the backup, as a part of a sentence that goes on after "or". */
async function backupAdvice(path: string): Promise<string> {
  const backup = backupOf(path)
  if (await readsWell(backup)) return `use the backup ${backup}, which is good`
  const there = await stat(backup).then(
    () => true,
    () => false,
  )
  return there
    ? `start again (its backup ${backup} is damaged too)`
    : 'start again in a new file (there is no backup)'
}

async function readsWell(path: string): Promise<boolean> {
  try {
    parseSidecar(await readText(path, WHAT), path)
    return true
  } catch {
    return false
  }
}
