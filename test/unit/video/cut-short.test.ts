/**
 * Protects: an ffmpeg that is ended by the machine while frames are counted is not taken for the end of the file. The
 * opening fails with one sentence, and nothing is kept that would count too few frames ever after.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { UserError } from '../../../model/errors.ts'
import { locateFfmpeg, openVideo } from '../../../model/video/index.ts'
import { FFMPEG, makeClip, temporaryFolder } from './numbered-clips.ts'

const FRAMES = 400
const folder = temporaryFolder()
afterAll(folder.remove)
const at = (name: string) => join(folder.path, name)
const cacheFolder = at('tables')
const kept = (): string[] => (existsSync(cacheFolder) ? readdirSync(cacheFolder) : [])
let real: string

beforeAll(async () => {
  real = `"${(await locateFfmpeg(FFMPEG)).path}"`
  await makeClip(at('clip.mp4'), FRAMES, ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'])
})
beforeEach(() => rmSync(cacheFolder, { recursive: true, force: true }))

/** An ffmpeg that does `script` where it is asked to count, and only says its version otherwise. */
function wrapper(name: string, script: string): string {
  writeFileSync(at(name), `#!/bin/sh\ncase "$*" in *-version*) exec ${real} "$@";; esac\n${script}\n`, {
    mode: 0o755,
  })
  return at(name)
}

const open = (ffmpeg: string) => openVideo(at('clip.mp4'), { ffmpeg, cacheFolder })

async function problem(ffmpeg: string): Promise<string> {
  const error = await open(ffmpeg).then(
    ({ table }) => `opened with ${table.frames.length} frames: ${table.warnings.join(' ')}`,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(UserError)
  const { message } = error as UserError
  expect(message).not.toContain('\n')
  return message
}

describe.skipIf(process.platform === 'win32')('an ffmpeg that is ended while frames are counted', () => {
  /** Counts at the speed of the clip, so that there is a middle; `then` is done once six pictures were announced. */
  const interrupted = (then: string) =>
    [
      `${real} -re "$@" 2>"$0.log" &`,
      `until grep -q ' n: *5 ' "$0.log"; do sleep 0.05; done`,
      then,
      'wait $!; code=$?; cat "$0.log" >&2; exit $code',
    ].join('\n')

  it.each([
    ['asked to stop', 'kill -TERM $!', /\(signal 15\) after \d+ frames/],
    ['killed behind a script', 'kill -KILL $!', /\(exit code 137\) after \d+ frames/],
    [
      'killed with its script',
      'kill -KILL $!; cat "$0.log" >&2; kill -KILL $$',
      /\(SIGKILL\) after \d+ frames/,
    ],
    ['ended without a word', 'kill -KILL $!; cat "$0.log" >&2; exit 1', /\(exit code 1\) after \d+ frames/],
  ])('%s', async (name, then, says) => {
    const message = await problem(wrapper(name.replaceAll(' ', '-'), interrupted(then)))
    expect(message).toMatch(/^\S+clip\.mp4: ffmpeg was stopped or crashed .*; open the video again, /)
    expect(message).toMatch(says)
    expect(kept()).toEqual([])
  })

  it('that cannot be loaded', async () => {
    const program = wrapper(
      'no-library',
      'echo "error while loading shared libraries: libx.so" >&2; exit 127',
    )
    expect(await problem(program)).toMatch(
      /crashed \(exit code 127: error while loading .*libx\.so\) after 0/,
    )
    expect(kept()).toEqual([])
  })

  it.each([
    ['is gone', () => {}],
    ['is in a folder that is a file now', () => writeFileSync(at('bin'), '')],
  ])('that cannot be started because it %s', async (_, more) => {
    rmSync(at('bin'), { recursive: true, force: true })
    mkdirSync(at('bin'))
    const program = wrapper('bin/ffmpeg', 'exit 1')
    await locateFfmpeg(program)
    rmSync(at('bin'), { recursive: true })
    more()
    expect(await problem(program)).toMatch(
      /^ffmpeg \(\S+bin\/ffmpeg\) cannot be started: .*; check the ffmpeg/,
    )
    expect(kept()).toEqual([])
  })
})

describe.skipIf(process.platform === 'win32')('memory that does not suffice', () => {
  /** Six pictures, then a complaint, and the end in good order: that is what ffmpeg does where an allocation fails. */
  const short = (complaint: string) =>
    [
      `${real} "$@" 2>&1 | sed '/ n: *6 /,$d' >&2`,
      `echo '${complaint}' >&2`,
      "echo '[info] frame=    6 fps=0.0 q=-0.0 Lsize=N/A' >&2",
    ].join('\n')
  const decoder = '[error] Error while decoding stream #0:0: Cannot allocate memory'

  it('is no damage', async () => {
    expect(await problem(wrapper('short', short(decoder)))).toMatch(
      /clip\.mp4: the memory was used up after 6 frames, .*Cannot allocate memory\); close other programs and /,
    )
    expect(kept()).toEqual([])
  })

  it('for many threads may suffice for one', async () => {
    const few = `case "$*" in *"-threads 1"*) exec ${real} "$@";; esac\n`
    const { table } = await open(wrapper('few', few + short(decoder)))
    expect(table.frames).toHaveLength(FRAMES)
    expect(table.warnings).toEqual([])
    expect(kept()).toHaveLength(1)
  })

  it('for an absurd size in a damaged file is damage', async () => {
    const container = `[error] file:${at('clip.mp4')}: Cannot allocate memory`
    const { table } = await open(wrapper('absurd', short(container)))
    expect(table.frames).toHaveLength(6)
    expect(table.warnings.join(' ')).toMatch(
      /truncated or damaged .*the 6 frames that could be decoded are used/,
    )
  })
})
