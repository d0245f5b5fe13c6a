import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { explainSystemError } from '../../model/errors.ts'
import type { FileState } from './worker-messages.ts'

/** Of a file of which only the hash is known: what a backup tells of the side-car that it lies on. */
export const SIZE_UNKNOWN = -1

/** What tells one state of a file from another. @throws UserError when it cannot be read */
export async function fileState(path: string): Promise<FileState> {
  try {
    const { size, mtimeNs } = await stat(path, { bigint: true })
    return { size: Number(size), modified: String(mtimeNs), hash: await hashOf(path) }
  } catch (error) {
    throw explainSystemError(error, 'read', path)
  }
}

/** SHA-256 of a file, hexadecimal. */
export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 18 }))
    hash.update(piece as Uint8Array)
  return hash.digest('hex')
}

/** Null where there is no file. */
export async function hashOrNull(path: string): Promise<string | null> {
  try {
    return await hashOf(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw explainSystemError(error, 'read', path)
  }
}

/** Whether a file is still the one that is known; reads it only where its time differs, or nothing but its hash is known. */
export async function isUnchanged(path: string, known: FileState): Promise<boolean> {
  try {
    const { size, mtimeNs } = await stat(path, { bigint: true })
    if (known.size !== SIZE_UNKNOWN && Number(size) !== known.size) return false
    return String(mtimeNs) === known.modified || (await hashOf(path)) === known.hash
  } catch {
    return false
  }
}

export async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  )
}
