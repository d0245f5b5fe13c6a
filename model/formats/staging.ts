import { randomBytes } from 'node:crypto'
import { lstat, mkdir, readdir, readFile, realpath, rm, rmdir, utimes, writeFile } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import * as v from 'valibot'
import { explainSystemError } from '../errors.ts'
import { move } from '../files.ts'

/**
 * A hidden folder inside the target (so on the same disk) in which an export is built and checked before anything
 * of the target is touched.
 */
export interface Stage {
  /** Build here, with the same relative paths as in the target. */
  readonly folder: string
  /** Moves a file or folder into place at the end, instead of what is there. */
  replace(relative: string): void
}

/**
 * Runs `build`, then puts what it named into the target. When anything fails, the target is as it was before.
 * @throws UserError when the target is not writable; whatever `build` throws
 */
export async function buildAside<T>(target: string, build: (stage: Stage) => Promise<T>): Promise<T> {
  const root = resolve(target)
  const folder = join(root, `.export-${randomBytes(6).toString('hex')}.tmp`)
  const replaced: string[] = []
  const made: string[] = []
  // A stage that nobody touches any more is dead; see tidyStages.
  const alive = setInterval(() => void utimes(folder, new Date(), new Date()).catch(() => {}), HEARTBEAT_MS)
  alive.unref()
  try {
    await makeNew(join(folder, OLD), made)
    const result = await build({
      folder,
      replace: (relative) => void replaced.push(relative),
    })
    await commit(root, folder, replaced, made)
    // First what says where old things were: a stage that is half taken away must put nothing back.
    await rm(join(folder, PLACES), { force: true }).catch(() => {})
    await rm(folder, { recursive: true, force: true }).catch(() => {})
    return result
  } catch (error) {
    await discard(folder).catch(() => {})
    // Only folders of ours that nobody filled in the meantime.
    for (const path of made.reverse()) await rmdir(path).catch(() => {})
    throw explainSystemError(error, 'write to the folder', target)
  } finally {
    clearInterval(alive)
  }
}

/** Where replaced things wait until the export is complete. */
const OLD = '.old'
/** Where in the target each of them was, by their names in {@link OLD}. */
const PLACES = '.old.json'
const Places = v.array(v.string())

const STAGE = /^\.export-[0-9a-f]{12}\.tmp$/
const HEARTBEAT_MS = 60_000
/** A stage that was not touched for so long is of an export that was killed. */
const DEAD_MS = 3600_000

/**
 * Takes away what killed exports left in a target. What they had moved aside goes back where nothing has taken its place
 * since; a stage that still holds some of that is left alone. To be called before anything of the target is read.
 * Never fails: what cannot be tidied stays as it is.
 */
export async function tidyStages(target: string): Promise<void> {
  const root = resolve(target)
  const entries = await readdir(root, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    if (!STAGE.test(entry.name) || !entry.isDirectory()) continue
    await tidyStage(root, join(root, entry.name)).catch(() => {})
  }
}

async function tidyStage(root: string, folder: string): Promise<void> {
  if (Date.now() - (await lstat(folder)).mtimeMs < DEAD_MS) return
  const old = join(folder, OLD)
  if ((await exists(old)) && (await lstat(old)).isDirectory() && (await readdir(old)).length > 0) {
    const places = v.parse(Places, JSON.parse(await readFile(join(folder, PLACES), 'utf8')))
    for (const [i, relative] of places.entries())
      await putBack(root, join(old, String(i)), relative).catch(() => {})
  }
  await discard(folder)
}

async function putBack(root: string, from: string, relative: string): Promise<void> {
  const place = join(root, relative)
  // The target may be from anywhere: nothing it says reaches out of it.
  const parent = await realpath(dirname(place))
  if (!`${parent}${sep}`.startsWith(`${await realpath(root)}${sep}`)) return
  if ((await exists(from)) && !(await exists(place))) await move(from, place)
}

/** Takes a stage away, unless things of the target are still in it. */
async function discard(folder: string): Promise<void> {
  const old = join(folder, OLD)
  if ((await exists(old)) && (await readdir(old)).length > 0) return
  await rm(folder, { recursive: true, force: true })
}

async function commit(
  root: string,
  folder: string,
  replaced: readonly string[],
  made: string[],
): Promise<void> {
  const undo: (() => Promise<void>)[] = []
  const step = async (from: string, to: string) => {
    await move(from, to)
    undo.push(() => move(to, from))
  }
  await writeFile(join(folder, PLACES), JSON.stringify(replaced))
  try {
    for (const [i, relative] of replaced.entries()) {
      const place = join(root, relative)
      if (await exists(place)) await step(place, join(folder, OLD, String(i)))
      await makeNew(dirname(place), made)
      await step(join(folder, relative), place)
    }
  } catch (error) {
    // What cannot be moved back stays in the stage, which then stays too.
    for (const step of undo.reverse()) await step().catch(() => {})
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
