/**
 * Keeps exports into one folder from erasing each other: the files that its sequences share are read when an export
 * starts and replaced when it ends, so what another export adds to them in between would be lost.
 */
import { lstat, realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { CancelledError, throwIfCancelled, UserError } from '../errors.ts'

/** When the last export that asked for a folder will have ended, well or not. */
const ends = new Map<string, Promise<void>>()

/** Places are looked up one after the other, so that turns are taken in the order in which they were asked for. */
let arrivals: Promise<unknown> = Promise.resolve()

/**
 * Runs some work when all earlier work of this process in the folder has ended.
 * @param folder need not be there yet; links and other ways to write it are the same folder
 * @throws CancelledError at once when the signal comes while the work waits; what the work throws
 */
export async function inTurn<T>(
  folder: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const arrived = arrivals.then(() => placeOf(resolve(folder)))
  arrivals = arrived.catch(() => {})
  const place = await arrived
  throwIfCancelled(signal)
  let waits = true
  const turn = (ends.get(place) ?? Promise.resolve()).then(() => {
    waits = false
    throwIfCancelled(signal)
    return work()
  })
  const leave = () => {
    if (ends.get(place) === end) ends.delete(place)
  }
  const end: Promise<void> = turn.then(leave, leave)
  ends.set(place, end)
  return new Promise<T>((resolve, reject) => {
    // Work that has begun ends by itself on the signal, and is waited for: it still has to tidy up.
    const stop = () => waits && reject(new CancelledError())
    signal?.addEventListener('abort', stop, { once: true })
    void end.then(() => signal?.removeEventListener('abort', stop))
    turn.then(resolve, reject)
  })
}

/** The one name of a place that may not be there yet. */
async function placeOf(path: string): Promise<string> {
  const parent = dirname(path)
  return realpath(path).catch(async () =>
    parent === path ? path : join(await placeOf(parent), basename(path)),
  )
}

/**
 * Notes how files are now, against other processes, for which {@link inTurn} cannot wait.
 * @param paths files, be they there or not
 * @returns throws UserError, when called, if one of them was replaced, changed, made or removed since
 */
export async function watchFiles(paths: readonly string[]): Promise<() => Promise<void>> {
  const before = await Promise.all(paths.map(stateOf))
  return async () => {
    for (const [i, path] of paths.entries())
      if ((await stateOf(path)) !== before[i])
        throw new UserError(
          `${path} was changed by another program during the export, so nothing was exported; export again when that program is done.`,
        )
  }
}

/** Differs between any two contents: every export moves a new file into place. */
async function stateOf(path: string): Promise<string> {
  const stats = await lstat(path, { bigint: true }).catch(() => undefined)
  return stats === undefined ? 'none' : `${stats.ino} ${stats.size} ${stats.mtimeNs}`
}
