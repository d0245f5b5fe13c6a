import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { explainSystemError } from './errors.ts'

/**
 * Writes a file so that a reader sees either the old content or the whole new one: temporary file in the same
 * folder, fsync, rename. On failure the temporary file is removed and the old file is untouched. A link stays one and what
 * it leads to is replaced; permissions stay, because folders are shared.
 * @param content pieces are written one after the other, so that a large file needs no copy in memory
 * @throws UserError naming the file when the folder is not writable or the disk is full
 */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array | Iterable<Uint8Array>,
): Promise<void> {
  const target = await realpath(path).catch(() => path)
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`)
  try {
    const before = await stat(target).catch(() => undefined)
    const handle = await open(temporary, 'wx')
    try {
      // File systems without permissions refuse.
      if (before !== undefined) await handle.chmod(before.mode & 0o777).catch(() => {})
      if (typeof content === 'string' || content instanceof Uint8Array) await handle.writeFile(content)
      else for (const piece of content) await writeAll(handle, piece)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await move(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    throw explainSystemError(error, 'write', path)
  }
}

/** What Windows says of a file that another program has open: for a moment a virus scanner has every new file. */
const HELD = ['EPERM', 'EACCES', 'EBUSY']
/** Milliseconds between tries, 1.9 s in all. Elsewhere these errors are no matter of time. */
const WAITS = process.platform === 'win32' ? [10, 20, 40, 80, 150, 300, 500, 800] : []

/**
 * Renames a file or folder, in place of what has the new name already. Where Windows refuses because something has it
 * open, it is tried again.
 * @throws the system's error of the last try
 */
export function move(from: string, to: string): Promise<void> {
  return whileHeld(() => rename(from, to), WAITS)
}

/** Does something again after each of the waits (milliseconds) as long as a file that it needs is held by another program. */
export async function whileHeld<T>(act: () => Promise<T>, waits: readonly number[]): Promise<T> {
  for (const wait of waits) {
    try {
      return await act()
    } catch (error) {
      if (!HELD.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
    await sleep(wait)
  }
  return act()
}

/** One write call may take fewer bytes than it was given, and never more than 2 GB. */
async function writeAll(handle: FileHandle, piece: Uint8Array): Promise<void> {
  for (let offset = 0; offset < piece.length; ) {
    const { bytesWritten } = await handle.write(piece, offset, Math.min(piece.length - offset, 1 << 30))
    offset += bytesWritten
  }
}

/** Creates a folder with its parents. @throws UserError when it cannot be made or written to */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true })
  } catch (error) {
    throw explainSystemError(error, 'create the folder', path)
  }
}

/**
 * Removes files of a cache, those first that were not used for the longest (by their time of change), until its limits
 * are kept or nothing is left that may go. Another process may do the same at the same time; what cannot be removed stays.
 * @param limits bytes and number of files that may stay
 * @param isInUse whether a file must stay, given its path and its time of change in milliseconds since 1970
 */
export async function removeLongestUnused(
  paths: readonly string[],
  limits: { readonly bytes?: number; readonly files?: number },
  isInUse: (path: string, usedAt: number) => boolean,
): Promise<void> {
  const found: { path: string; size: number; usedAt: number }[] = []
  for (const path of paths) {
    const facts = await stat(path).catch(() => undefined)
    if (facts?.isFile()) found.push({ path, size: facts.size, usedAt: facts.mtimeMs })
  }
  const { bytes = Infinity, files = Infinity } = limits
  let total = found.reduce((sum, { size }) => sum + size, 0)
  let count = found.length
  for (const { path, size, usedAt } of found.sort((a, b) => a.usedAt - b.usedAt)) {
    if (total <= bytes && count <= files) return
    if (isInUse(path, usedAt)) continue
    await rm(path, { force: true }).catch(() => {})
    total -= size
    count--
  }
}
