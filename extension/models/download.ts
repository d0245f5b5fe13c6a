/** Downloads that go on where they were cut off, and are checked before anybody sees them. Without `vscode`. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { CancelledError, explainSystemError, throwIfCancelled, UserError } from '../../model/errors.ts'
import { move } from '../../model/files.ts'
import { Sentence } from '../sentence.ts'

export interface DownloadOptions {
  readonly url: string
  /** Where the file is, once it is whole and checked; parts lie beside it. */
  readonly target: string
  /** Expected size; the file may be up to {@link TOLERANCE} off, a page of a proxy is far off. */
  readonly bytes?: number | undefined
  readonly sha256?: string | undefined
  readonly md5Starts?: string | undefined
  readonly signal: AbortSignal
  readonly onProgress?: (done: number, total: number | undefined) => void
  /** Milliseconds; for tests. */
  readonly stall?: number
  readonly pause?: number
}

const TOLERANCE = 0.02
const MOST_REDIRECTS = 10
/** Tries without a new byte before it is given up. */
const MOST_TRIES = 5
/** A connection that gives nothing for this long is taken for lost. */
const STALL_MS = 30_000
const PAUSE_MS = 1000

/** A connection that was lost, or a server that is busy: worth another try. */
class Interrupted extends Error {}

/**
 * Downloads a file over https (http only from this machine). A part that is there is continued where the server can.
 * @throws Sentence when the server refuses, the connection stays lost, or the file is another one than expected;
 *         UserError when the disk is full or not writable; CancelledError, the part then stays for the next time
 */
export async function download(options: DownloadOptions): Promise<void> {
  const { target, signal, bytes } = options
  const part = `${target}.part`
  try {
    await mkdir(dirname(target), { recursive: true })
    const release = await takeLock(part)
    try {
      if (bytes !== undefined) await refuseFullDisk(target, bytes - (await sizeOf(part)))
      await fetchWhole(options, part)
      await check(options, part)
      await move(part, target)
      await rm(`${part}.from`, { force: true })
    } finally {
      await release()
    }
  } catch (error) {
    if (signal.aborted) throw new CancelledError()
    throw explainSystemError(error, 'write', target)
  }
}

async function fetchWhole(options: DownloadOptions, part: string): Promise<void> {
  const { signal, pause = PAUSE_MS } = options
  for (let tries = 1; ; tries++) {
    const before = await sizeOf(part)
    try {
      return await fetchRest(options, part, before)
    } catch (error) {
      throwIfCancelled(signal)
      if (!(error instanceof Interrupted)) throw error
      // As long as it goes on, it may be cut off as often as it likes.
      if ((await sizeOf(part)) > before) tries = 0
      if (tries >= MOST_TRIES)
        throw new Sentence(
          'The connection to {0} was lost ({1}); what was downloaded is kept, so try again later.',
          new URL(options.url).host,
          error.message,
        )
      await wait(pause * tries, undefined, { signal })
    }
  }
}

/** One request: from `start` on, or from the beginning where the server cannot, or the file has changed there. */
async function fetchRest(options: DownloadOptions, part: string, start: number): Promise<void> {
  const { signal, stall = STALL_MS } = options
  const validator = start > 0 ? await readFile(`${part}.from`, 'utf8').catch(() => '') : ''
  const alive = new AbortController()
  const timer = setTimeout(() => alive.abort(), stall)
  try {
    const response = await request(
      options.url,
      validator === '' ? {} : { Range: `bytes=${start}-`, 'If-Range': validator },
      AbortSignal.any([signal, alive.signal]),
    )
    const { from, total } = placeOf(response, start, options)
    await rememberValidator(part, response)
    await receive(response, part, from, {
      progress: (done) => {
        timer.refresh()
        options.onProgress?.(done, total)
      },
    })
    const size = await sizeOf(part)
    if (total !== undefined && size < total) throw new Interrupted(`${size} of ${total} bytes came`)
  } catch (error) {
    throw signal.aborted || isOwn(error) ? error : interrupted(error, alive.signal.aborted)
  } finally {
    clearTimeout(timer)
  }
}

/** What a response gives: from which byte on, of how many. @throws Sentence, Interrupted when it gives no file */
function placeOf(
  response: Response,
  start: number,
  { url, bytes }: DownloadOptions,
): { from: number; total: number | undefined } {
  const { status, headers } = response
  const { host } = new URL(url)
  // The part is as long as the file, or longer: what is there is checked, and thrown away where it is wrong.
  if (status === 416) return { from: start, total: undefined }
  if (status === 408 || status === 429 || status >= 500) throw new Interrupted(`${host} answered ${status}`)
  if (status !== 200 && status !== 206)
    throw new Sentence('{0} does not give the file (answer {1}); its address may have changed.', host, status)
  if (/^text\/html/i.test(headers.get('content-type') ?? ''))
    throw new Sentence(
      '{0} answered with a web page instead of the file; a sign-in or a proxy may stand between.',
      host,
    )
  const from = status === 206 ? rangeStart(headers) : 0
  if (from !== 0 && from !== start) throw new Interrupted(`${host} sent another part of the file`)
  const length = Number(headers.get('content-length') ?? Number.NaN)
  const total = Number.isFinite(length) && !headers.has('content-encoding') ? from + length : undefined
  if (total !== undefined && bytes !== undefined && Math.abs(total - bytes) > TOLERANCE * bytes)
    throw wrongSize(host, total, bytes)
  return { from, total: total ?? bytes }
}

function rangeStart(headers: Headers): number {
  return Number(/^bytes (\d+)-/.exec(headers.get('content-range') ?? '')?.[1] ?? -1)
}

/** Follows redirects one by one, so that none leads away from https. */
async function request(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
  let address = new URL(url)
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    refuseInsecure(address)
    const response = await fetch(address, {
      headers: { ...headers, 'Accept-Encoding': 'identity' },
      redirect: 'manual',
      signal,
    })
    const location = response.headers.get('location')
    if (response.status < 300 || response.status >= 400 || location === null) return response
    await response.body?.cancel()
    address = new URL(location, address)
  }
  throw new Sentence('{0} sends on from address to address without end.', address.host)
}

function refuseInsecure({ protocol, hostname, host }: URL): void {
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
  if (protocol === 'https:' || (protocol === 'http:' && isLocal)) return
  throw new Sentence('The file would come from {0} without encryption, so it is not downloaded.', host)
}

/** What tells later whether the file on the server is still the same; without it a part is not continued. */
async function rememberValidator(part: string, { headers }: Response): Promise<void> {
  const tag = headers.get('etag')
  const validator = tag !== null && !tag.startsWith('W/') ? tag : (headers.get('last-modified') ?? '')
  await writeFile(`${part}.from`, validator)
}

async function receive(
  { status, body }: Response,
  part: string,
  from: number,
  { progress }: { progress: (done: number) => void },
): Promise<void> {
  if (status === 416) return body?.cancel()
  const handle = await open(part, from === 0 ? 'w' : 'r+')
  try {
    let at = from
    for await (const piece of body ?? []) {
      await writeAll(handle, piece as Uint8Array, at)
      at += (piece as Uint8Array).length
      progress(at)
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function writeAll(handle: FileHandle, piece: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < piece.length; )
    done += (await handle.write(piece, done, piece.length - done, at + done)).bytesWritten
}

/** @throws Sentence when the file is another one than expected; it is gone then */
async function check({ url, bytes, sha256, md5Starts }: DownloadOptions, part: string): Promise<void> {
  const { host } = new URL(url)
  try {
    const size = await sizeOf(part)
    if (bytes !== undefined && Math.abs(size - bytes) > TOLERANCE * bytes) throw wrongSize(host, size, bytes)
    const sums = [createHash('sha256'), createHash('md5')] as const
    for await (const piece of createReadStream(part)) for (const sum of sums) sum.update(piece as Uint8Array)
    const [whole, start] = sums.map((sum) => sum.digest('hex'))
    if ((sha256 !== undefined && whole !== sha256) || !start!.startsWith(md5Starts ?? ''))
      throw new Sentence(
        'The file from {0} has another checksum than its publisher names, so it was deleted; try again later.',
        host,
      )
  } catch (error) {
    if (error instanceof Sentence) await forget(part)
    throw error
  }
}

function wrongSize(host: string, size: number, expected: number): Sentence {
  return new Sentence(
    'The file from {0} has {1} bytes instead of about {2}, so it is not used; its address may have changed.',
    host,
    size,
    expected,
  )
}

async function forget(part: string): Promise<void> {
  await rm(part, { force: true })
  await rm(`${part}.from`, { force: true })
}

async function refuseFullDisk(target: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(target))
  if (needed > bavail * bsize)
    throw new Sentence(
      'The disk has {0} MB left, and the file needs {1} MB; free some space and try again.',
      Math.floor((bavail * bsize) / 1e6),
      Math.ceil(needed / 1e6),
    )
}

/** Only one window writes a part. @returns gives it back. @throws Sentence when another one that lives does */
async function takeLock(part: string): Promise<() => Promise<void>> {
  const lock = `${part}.lock`
  for (let tries = 0; ; tries++)
    try {
      await writeFile(lock, String(process.pid), { flag: 'wx' })
      return () => rm(lock, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const pid = Number(await readFile(lock, 'utf8').catch(() => Number.NaN))
      if (isAlive(pid) || tries > 3) throw new Sentence('This model is being downloaded already.')
      await rm(lock, { force: true })
    }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0
}

/** Errors that say what they are: ours, and the disk's. */
function isOwn(error: unknown): boolean {
  return (
    error instanceof UserError ||
    error instanceof Interrupted ||
    explainSystemError(error, '', '') instanceof UserError
  )
}

/** What `fetch` and its streams throw; their own message is no more than `fetch failed` or `terminated`. */
function interrupted(error: unknown, isStalled: boolean): Interrupted {
  if (isStalled) return new Interrupted('nothing came any more')
  const cause = error instanceof Error ? error.cause : undefined
  const code = (cause as NodeJS.ErrnoException | undefined)?.code
  return new Interrupted(code ?? (error instanceof Error ? error.message : String(error)))
}
