import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { messageOf, UserError } from '../errors.ts'

/** How an ffmpeg process ended. */
export interface FfmpegEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** What it said last, at level error or above where there was such a line; for messages. */
  readonly lastLine: string
}

/** A running ffmpeg whose log is read line by line. */
export interface FfmpegProcess {
  readonly stdin: Writable | undefined
  readonly stdout: Readable | undefined
  /** Settles once, after the process has ended and its log was read. @throws UserError when it cannot be started */
  readonly end: Promise<FfmpegEnd>
  /** Ends the process at once; resolves when it is gone. Safe to call at any time, any number of times. */
  kill(): Promise<void>
}

/** A longer line of the log is cut: a stream can carry side data that is printed as one line of megabytes. */
const LONGEST_LINE = 8192

/**
 * A statically linked ffmpeg (that of `ffmpeg-static` for Linux is one) loads the system's tables of character sets for
 * the names in an mpeg-ts file, with a C library that is not the system's, and crashes. This has it find none: names are
 * not used here.
 */
const NO_CHARACTER_SETS = process.platform === 'linux' ? { GCONV_PATH: '/nonexistent' } : {}

const running = new Set<ChildProcess>()
let watching = false

/** A decoder must not outlive the program that asked for it. */
function watchOurEnd(): void {
  if (watching) return
  watching = true
  process.once('exit', () => {
    for (const child of running) child.kill('SIGKILL')
  })
}

/** Options of every run: nothing read from the keyboard, a log whose lines carry their level and never collapse. */
export function quietOptions(level: 'info' | 'warning'): string[] {
  return ['-hide_banner', '-nostdin', '-nostats', '-loglevel', `repeat+level+${level}`]
}

/**
 * Starts ffmpeg.
 * @param program path of ffmpeg
 * @param pipes   which of stdin and stdout are wanted; the others are closed
 * @param onLine  gets each line of the log without its line end
 * @throws UserError where the system refuses at once, as for want of memory
 */
export function startFfmpeg(
  program: string,
  args: readonly string[],
  pipes: { stdin?: boolean; stdout?: boolean },
  onLine: (line: string) => void = () => {},
): FfmpegProcess {
  watchOurEnd()
  let child: ChildProcess
  try {
    child = spawn(program, args, {
      stdio: [pipes.stdin ? 'pipe' : 'ignore', pipes.stdout ? 'pipe' : 'ignore', 'pipe'],
      env: { ...process.env, ...NO_CHARACTER_SETS },
      windowsHide: true,
    })
  } catch (error) {
    throw cannotStart(program, error)
  }
  running.add(child)
  let lastLine = ''
  let lastError = ''
  const lines = new LineSplitter((line) => {
    if (line.trim() !== '') {
      lastLine = line
      if (isError(line)) lastError = line
    }
    onLine(line)
  })
  child.stderr?.setEncoding('utf8')
  child.stderr?.on('data', (text: string) => lines.push(text))
  const end = new Promise<FfmpegEnd>((resolve, reject) => {
    child.once('error', (error) => {
      // The process may be alive when only a signal could not be sent; `close` settles that case.
      if (child.pid !== undefined) return
      running.delete(child)
      reject(cannotStart(program, error))
    })
    child.once('close', (code, signal) => {
      running.delete(child)
      lines.end()
      resolve({ code, signal, lastLine: plainLine(lastError || lastLine) })
    })
  })
  // Whoever awaits `end` gets the rejection; nobody awaiting it must not end the program.
  end.catch(() => {})
  return {
    stdin: child.stdin ?? undefined,
    stdout: child.stdout ?? undefined,
    end,
    async kill() {
      child.kill('SIGKILL')
      // `close` waits for the pipes, and an unread stdout would keep its pipe open for ever.
      child.stdin?.destroy()
      child.stdout?.destroy()
      await end.catch(() => {})
    },
  }
}

function cannotStart(program: string, error: unknown): UserError {
  const message = `ffmpeg (${program}) cannot be started: ${messageOf(error)}; check the ffmpeg setting.`
  return new UserError(message, { cause: error })
}

/** Whether a line of the log is of level error or above. */
export function isError(line: string): boolean {
  return /^(\[[^\]]* @ [^\]]*\] )*\[(error|fatal|panic)\]/.test(line)
}

/** A line of the log without the tags `[h264 @ 0x...] [error]`. */
export function plainLine(line: string): string {
  return line.replace(/^(\s*\[[^\]]*\])+\s*/, '').trim()
}

/** Cuts a stream of text into lines, with a bound on the length of one. */
class LineSplitter {
  readonly #onLine: (line: string) => void
  #rest = ''

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  push(text: string): void {
    const parts = text.split(/\r\n|\n|\r/)
    for (const [i, part] of parts.entries()) {
      if (i > 0) {
        this.#onLine(this.#rest)
        this.#rest = ''
      }
      if (this.#rest.length < LONGEST_LINE) this.#rest += part.slice(0, LONGEST_LINE - this.#rest.length)
    }
  }

  end(): void {
    if (this.#rest !== '') this.#onLine(this.#rest)
    this.#rest = ''
  }
}
