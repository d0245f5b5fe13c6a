import { randomBytes } from 'node:crypto'
import { lstat, mkdir, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { explainSystemError } from '../errors.ts'

/**
 * A hidden folder inside the target (so on the same disk) in which an export is built and checked before anything
 * of the target is touched.
 */
export interface Stage {
  /** Build here, with the same relative paths as in the target. */
  readonly folder: string
  /** Moves a file or folder into place at the end, instead of what is there. */
  replace(relative: string): void
  /** Takes a file or folder of the target away at the end. */
  remove(relative: string): void
}

/**
 * Runs `build`, then puts what it named into the target. When anything fails, the target is as it was before.
 * @throws UserError when the target is not writable; whatever `build` throws
 */
export async function buildAside<T>(target: string, build: (stage: Stage) => Promise<T>): Promise<T> {
  const root = resolve(target)
  const folder = join(root, `.export-${randomBytes(6).toString('hex')}.tmp`)
  const replaced: string[] = []
  const removed: string[] = []
  const made: string[] = []
  try {
    await makeNew(join(folder, OLD), made)
    const result = await build({
      folder,
      replace: (relative) => void replaced.push(relative),
      remove: (relative) => void removed.push(relative),
    })
    await commit(root, folder, removed, replaced, made)
    await rm(folder, { recursive: true, force: true }).catch(() => {})
    return result
  } catch (error) {
    await rm(folder, { recursive: true, force: true }).catch(() => {})
    // Only folders of ours that nobody filled in the meantime.
    for (const path of made.reverse()) await rmdir(path).catch(() => {})
    throw explainSystemError(error, 'write to the folder', target)
  }
}

/** Where replaced things wait until the export is complete. */
const OLD = '.old'

async function commit(
  root: string,
  folder: string,
  removed: readonly string[],
  replaced: readonly string[],
  made: string[],
): Promise<void> {
  const undo: (() => Promise<void>)[] = []
  const move = async (from: string, to: string) => {
    await rename(from, to)
    undo.push(() => rename(to, from))
  }
  try {
    for (const [i, relative] of [...removed, ...replaced].entries()) {
      const place = join(root, relative)
      if (await exists(place)) await move(place, join(folder, OLD, String(i)))
      if (i < removed.length) continue
      await makeNew(dirname(place), made)
      await move(join(folder, relative), place)
    }
  } catch (error) {
    for (const step of undo.reverse()) await step()
    throw error
  }
}

/** Creates a folder with its parents and notes every one that was not there. */
async function makeNew(path: string, made: string[]): Promise<void> {
  if (await exists(path)) return
  await makeNew(dirname(path), made)
  await mkdir(path).then(
    () => void made.push(path),
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    },
  )
}

/** Whether there is something at a path, be it a broken link. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
