/** Only one process writes a run: a small file says which, and one of a dead process is taken over. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { link, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { explainSystemError, UserError } from '../errors.ts'

const NAME = 'run.lock'
/** How long a lock may take from its file to its content. */
const UNREADABLE_MS = 5000

/** Another process writes the run. */
export class RunInUseError extends UserError {
  override readonly name = 'RunInUseError'
}

const ownerSchema = v.object({
  pid: v.number(),
  host: v.string(),
  started: v.optional(v.string()),
  /** Tells two locks of one process apart, and of two processes with one number where no start is known. */
  key: v.optional(v.string()),
})
type Owner = v.InferOutput<typeof ownerSchema>

/**
 * Takes the lock of a folder.
 * @returns gives it back
 * @throws UserError when another process that still runs holds it, or the folder is not writable
 */
export async function lockRun(folder: string): Promise<() => Promise<void>> {
  try {
    return await take(join(folder, NAME), folder)
  } catch (error) {
    throw explainSystemError(error, 'lock', folder)
  }
}

async function take(path: string, folder: string): Promise<() => Promise<void>> {
  const key = randomBytes(6).toString('hex')
  const temporary = `${path}.${key}.tmp`
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), started: startOf(process.pid), key })
  try {
    await writeFile(temporary, mine, { flag: 'wx' })
    for (let attempt = 0; ; attempt++)
      try {
        await placeLock(temporary, path, mine)
        break
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt === 3) throw error
        await removeStale(path, folder)
      }
  } finally {
    await rm(temporary, { force: true }).catch(() => {})
  }
  return async () => {
    if ((await readFile(path, 'utf8').catch(() => '')) === mine) await rm(path, { force: true })
  }
}

/** A link appears whole or not at all, and never over another one. */
async function placeLock(temporary: string, path: string, content: string): Promise<void> {
  try {
    await link(temporary, path)
  } catch (error) {
    // Memory sticks and some network drives have no links, each system with its own word for that.
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw error
    await writeFile(path, content, { flag: 'wx' })
  }
}

/** @throws UserError when the lock's process lives */
async function removeStale(path: string, folder: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) return
  const owner = parseOwner(text)
  // Without links a lock is there before its content is; one that stays unreadable was cut short or damaged.
  if (!owner && (await ageOf(path)) < UNREADABLE_MS)
    throw new RunInUseError(`${folder} is being taken by another process. Try again in a moment.`)
  if (owner && owner.host !== hostname())
    throw new RunInUseError(
      `${folder} is in use by process ${owner.pid} on ${owner.host}. If that process is gone, delete ${path} and try again.`,
    )
  if (owner && isAlive(owner))
    throw new RunInUseError(
      `${folder} is in use by process ${owner.pid}. Wait for its end, or stop it first.`,
    )
  // Several may find the same dead owner, and the slow ones would delete the lock of the quick one:
  // one at a time, then, and only what is still the dead owner's. The guard is a lock like any other,
  // so one whose process died here is taken over in the same way.
  const release = await take(`${path}.takeover`, folder)
  try {
    if ((await readFile(path, 'utf8').catch(() => undefined)) === text) await rm(path, { force: true })
  } finally {
    await release()
  }
}

function parseOwner(text: string): Owner | undefined {
  try {
    return v.parse(ownerSchema, JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Milliseconds since a file was written; Infinity when it is gone. */
async function ageOf(path: string): Promise<number> {
  const stats = await stat(path).catch(() => undefined)
  return stats ? Date.now() - stats.mtimeMs : Number.POSITIVE_INFINITY
}

function isAlive({ pid, started }: Owner): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // Another user's may not be asked, but it is there.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const now = startOf(pid)
  if (now === 'ended') return false
  // The number may have gone to another process since, which in a container it often does.
  return started === undefined || now === undefined || started === now
}

/**
 * When a process started, as far as the system tells: the boot and the ticks since then; `ended` for one that only its
 * parent has not noticed yet. Linux only.
 */
function startOf(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in brackets may hold spaces; behind it come the state and, 19 fields later, the start time.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : `${boot} ${fields[19]}`
  } catch {
    return undefined
  }
}
