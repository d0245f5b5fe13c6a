import { spawn } from 'node:child_process'
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { messageOf, UserError } from '../errors.ts'

/** An ffmpeg program that was started once and said its version. */
export interface Ffmpeg {
  readonly path: string
  /** As the program says it: `5.1.9-0+deb12u1`, `7.0.2-static`, `N-112233-gabcdef`. */
  readonly version: string
  readonly source: 'setting' | 'ffmpeg-static' | 'path'
}

/** Oldest release that has every option used here. */
const OLDEST: readonly [number, number] = [4, 3]

/**
 * Finds ffmpeg: the setting or the environment variable SIAMMAE_FFMPEG, then the optional package `ffmpeg-static`,
 * then the PATH. A setting that does not work is an error, not a reason to look elsewhere.
 * @throws UserError with the one command that installs ffmpeg on this platform
 */
export async function locateFfmpeg(setting?: string): Promise<Ffmpeg> {
  const wanted = setting || process.env.SIAMMAE_FFMPEG
  if (wanted) {
    const name = setting ? 'the ffmpeg setting' : 'the environment variable SIAMMAE_FFMPEG'
    const path = /[\\/]/.test(wanted) ? wanted : (findOnPath(wanted) ?? wanted)
    const answer = await askVersion(path)
    if ('problem' in answer) {
      throw new UserError(
        `${wanted}, named by ${name}, is not a working ffmpeg: ${answer.problem}; correct or clear it.`,
      )
    }
    return requireSupported({ path, version: answer.version, source: 'setting' })
  }
  const bundled = await staticPackagePath()
  if (bundled !== undefined) {
    const answer = await askVersion(bundled)
    if ('version' in answer) return { path: bundled, version: answer.version, source: 'ffmpeg-static' }
  }
  const found = findOnPath('ffmpeg')
  const answer = found === undefined ? undefined : await askVersion(found)
  if (found !== undefined && answer !== undefined && 'version' in answer) {
    return requireSupported({ path: found, version: answer.version, source: 'path' })
  }
  throw new UserError(`ffmpeg was not found, and videos need it; install it with: ${installCommand()}`)
}

/** Package managers of Linux distributions, told by their program. */
const LINUX_COMMANDS: readonly [string, string][] = [
  ['apt-get', 'sudo apt-get install -y ffmpeg'],
  ['dnf', 'sudo dnf install ffmpeg-free'],
  ['pacman', 'sudo pacman -S ffmpeg'],
  ['zypper', 'sudo zypper install ffmpeg'],
  ['apk', 'sudo apk add ffmpeg'],
]

/** The command that installs ffmpeg on `platform`. */
export function installCommand(platform: NodeJS.Platform = process.platform): string {
  if (platform === 'darwin') return 'brew install ffmpeg'
  if (platform === 'win32') return 'winget install ffmpeg'
  const known = LINUX_COMMANDS.find(([program]) =>
    ['/usr/bin', '/sbin', '/bin'].some((folder) => existsSync(join(folder, program))),
  )
  return known?.[1] ?? 'sudo apt-get install -y ffmpeg'
}

/**
 * A program on the PATH, by its absolute path. Looked up here because starting a bare name searches the current
 * folder first on Windows, and the current folder may be somebody else's project.
 */
function findOnPath(name: string): string | undefined {
  const file = process.platform === 'win32' && !/\.exe$/i.test(name) ? `${name}.exe` : name
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (!isAbsolute(folder)) continue
    const path = join(folder, file)
    try {
      accessSync(path, constants.X_OK)
      if (statSync(path).isFile()) return path
    } catch {
      // Not here.
    }
  }
  return undefined
}

/**
 * Major and minor number of a release, or undefined for builds between releases (`N-...`, `git-...`), which are
 * taken for the newest.
 */
export function releaseOf(version: string): [number, number] | undefined {
  const match = /^n?(\d{1,3})\.(\d{1,3})/.exec(version)
  return match === null ? undefined : [Number(match[1]), Number(match[2])]
}

/** Whether `version` is at least the release `major.minor`. */
export function isAtLeast(version: string, major: number, minor: number): boolean {
  const release = releaseOf(version)
  if (release === undefined) return true
  return release[0] > major || (release[0] === major && release[1] >= minor)
}

/** Output options that pass every decoded picture on, none doubled and none dropped. */
export function passEveryFrame(version: string): string[] {
  // -fps_mode came with 5.1; -vsync is gone from newer releases.
  return isAtLeast(version, 5, 1) ? ['-fps_mode', 'passthrough'] : ['-vsync', 'passthrough']
}

function requireSupported(ffmpeg: Ffmpeg): Ffmpeg {
  if (isAtLeast(ffmpeg.version, ...OLDEST)) return ffmpeg
  throw new UserError(
    `${ffmpeg.path} is ffmpeg ${ffmpeg.version}, which is too old; ${OLDEST.join('.')} or newer is needed ` +
      `(${installCommand()}).`,
  )
}

async function staticPackagePath(): Promise<string | undefined> {
  // A name in a variable, because the package is optional and need not be there for types or bundling.
  const name: string = 'ffmpeg-static'
  try {
    const loaded: { default?: unknown } = await import(name)
    return typeof loaded.default === 'string' ? loaded.default : undefined
  } catch {
    return undefined
  }
}

type Answer = { readonly version: string } | { readonly problem: string }

/** Programs that answered once are not asked again. */
const answers = new Map<string, Answer>()

async function askVersion(path: string): Promise<Answer> {
  const known = answers.get(path)
  if (known !== undefined) return known
  const answer = await runVersion(path)
  if ('version' in answer) answers.set(path, answer)
  return answer
}

/** Most failures to start are told by an event; that a file is no program of this system is thrown. */
function startVersion(path: string) {
  try {
    return spawn(path, ['-hide_banner', '-version'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      windowsHide: true,
    })
  } catch (error) {
    return { problem: messageOf(error) }
  }
}

function runVersion(path: string): Promise<Answer> {
  return new Promise((resolve) => {
    const child = startVersion(path)
    if ('problem' in child) return resolve(child)
    let output = ''
    // A program that is no ffmpeg may wait for something that never comes.
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
    child.stdout.setEncoding('utf8')
    child.stdout.on('data', (text: string) => {
      if (output.length < 4096) output += text
    })
    child.on('error', (error) => {
      clearTimeout(timer)
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
      resolve({ problem: missing ? 'there is no such program' : messageOf(error) })
    })
    child.on('close', () => {
      clearTimeout(timer)
      const match = /^ffmpeg version (\S+)/m.exec(output)
      const version = match?.[1]
      resolve(version === undefined ? { problem: 'it does not say an ffmpeg version' } : { version })
    })
  })
}
