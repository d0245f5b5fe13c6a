import { chmodSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { UserError } from '../../../model/errors.ts'
import { startFfmpeg } from '../../../model/video/ffmpeg-process.ts'
import { locateFfmpeg, openVideo } from '../../../model/video/index.ts'
import { installCommand, isAtLeast, passEveryFrame, releaseOf } from '../../../model/video/locate-ffmpeg.ts'
import { temporaryFolder } from './numbered-clips.ts'

const folder = temporaryFolder()
afterAll(folder.remove)
afterEach(() => vi.unstubAllEnvs())

/** A program that says it is this version of ffmpeg. */
function program(name: string, version: string): string {
  const path = join(folder.path, name)
  writeFileSync(path, `#!/bin/sh\necho "ffmpeg version ${version} Copyright (c) the FFmpeg developers"\n`)
  chmodSync(path, 0o755)
  return path
}

describe('starting', () => {
  it.runIf(process.platform === 'linux')(
    'hides the tables of character sets, on which a statically linked ffmpeg crashes',
    async () => {
      const lines: string[] = []
      const shell = startFfmpeg('/bin/sh', ['-c', 'echo "$GCONV_PATH, $HOME" >&2'], {}, (line) =>
        lines.push(line),
      )
      await shell.end
      expect(lines).toEqual([`/nonexistent, ${process.env.HOME ?? ''}`])
    },
  )
})

describe('versions', () => {
  it.each([
    ['5.1.9-0+deb12u1', [5, 1], ['-fps_mode', 'passthrough']],
    ['4.4.2-0ubuntu0.22.04.1', [4, 4], ['-vsync', 'passthrough']],
    ['6.1.1', [6, 1], ['-fps_mode', 'passthrough']],
    ['n7.1-184-gdc07f98934', [7, 1], ['-fps_mode', 'passthrough']],
    ['8.0', [8, 0], ['-fps_mode', 'passthrough']],
    ['N-118193-g5f38c82536', undefined, ['-fps_mode', 'passthrough']],
    ['git-2024-02-29-4a6d8a9', undefined, ['-fps_mode', 'passthrough']],
  ])('%s', (version, release, options) => {
    expect(releaseOf(version)).toEqual(release)
    expect(passEveryFrame(version)).toEqual(options)
  })
  it('compares numbers, not text', () => {
    expect(isAtLeast('10.0', 9, 9)).toBe(true)
    expect(isAtLeast('4.10', 4, 9)).toBe(true)
    expect(isAtLeast('4.2', 4, 3)).toBe(false)
  })
  it('every platform has a command that installs it', () => {
    expect(installCommand('darwin')).toMatch(/^brew /)
    expect(installCommand('win32')).toMatch(/^winget /)
    expect(installCommand('linux')).toMatch(/ffmpeg/)
  })
})

describe.skipIf(process.platform === 'win32')('the order of search', () => {
  it('the setting, then the environment variable, comes first', async () => {
    vi.stubEnv('SIAMMAE_FFMPEG', program('variable', '6.0'))
    const setting = program('setting', '7.0.2-static')
    expect(await locateFfmpeg(setting)).toEqual({ path: setting, version: '7.0.2-static', source: 'setting' })
    expect(await locateFfmpeg()).toMatchObject({ version: '6.0', source: 'setting' })
  })
  it('a setting that does not work is an error, not a reason to take another', async () => {
    const notFfmpeg = join(folder.path, 'other')
    writeFileSync(notFfmpeg, '#!/bin/sh\necho hello\n')
    chmodSync(notFfmpeg, 0o755)
    await expect(locateFfmpeg(notFfmpeg)).rejects.toThrow(/not a working ffmpeg/)
    await expect(locateFfmpeg(join(folder.path, 'nowhere'))).rejects.toThrow(/no such program/)
    await expect(locateFfmpeg(program('old', '3.4.8'))).rejects.toThrow(/too old/)
    // Of this one starting is not refused by an event: it is thrown.
    const below = join(program('file', '6.0'), 'ffmpeg')
    await expect(locateFfmpeg(below)).rejects.toThrow(/not a working ffmpeg/)
  })
  it('the PATH comes last, and its relative entries never', async () => {
    vi.stubEnv('SIAMMAE_FFMPEG', '')
    program('ffmpeg', '5.1.2')
    vi.stubEnv('PATH', `.${delimiter}${folder.path}`)
    const found = await locateFfmpeg()
    // Where the optional package is installed, it is taken before the PATH.
    if (found.source === 'path')
      expect(found).toMatchObject({ path: join(folder.path, 'ffmpeg'), version: '5.1.2' })
    else expect(found.source).toBe('ffmpeg-static')
  })
  it('no ffmpeg anywhere: the command that installs it', async () => {
    vi.stubEnv('SIAMMAE_FFMPEG', '')
    vi.stubEnv('PATH', '')
    const found = await locateFfmpeg().catch((error: unknown) => error)
    if (found instanceof UserError) {
      expect(found.message).toContain(installCommand())
      const video = join(folder.path, 'x.mp4')
      writeFileSync(video, 'x')
      await expect(openVideo(video)).rejects.toThrow(/ffmpeg was not found/)
    } else expect(found).toMatchObject({ source: 'ffmpeg-static' })
  })
})
