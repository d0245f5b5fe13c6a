/** Clips are open as long as somebody uses them, whatever is asked meanwhile. */
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Clips } from '../../../model/process/clips.ts'
import type { Host } from '../../../model/process/host.ts'
import { startModelProcess } from '../../support/model-process.ts'
import { temporaryFolder } from '../video/numbered-clips.ts'
import { SAMPLE } from './sample-run.ts'

const folder = temporaryFolder()
const options = { cacheFolder: join(folder.path, 'cache'), ffmpeg: undefined }
let clips: Clips

beforeEach(() => {
  clips = new Clips({ tell: { opening() {} }, room: async () => {} } as unknown as Host, () => false)
})
afterEach(() => clips.closeAll())
afterAll(() => folder.remove())

describe('a clip that is closed while it is being opened', () => {
  it('is not open afterwards, and whoever opened it hears so', async () => {
    const model = startModelProcess()
    const opening = model.calls.openClip(SAMPLE, options)
    const closing = model.calls.closeClip(SAMPLE)
    await expect(opening).rejects.toThrow('Stopped on request.')
    await closing
    await expect(
      model.calls.wantPictures({ clip: SAMPLE, view: 'one', frames: [0], quality: 90 }),
    ).rejects.toThrow(/is not open any more/)
    await model.stop()
  })

  it('is open for who asks for it again at once', async () => {
    const first = clips.open(SAMPLE, options)
    const closed = clips.close(SAMPLE)
    const second = clips.open(SAMPLE, options)
    await expect(first).rejects.toThrow('Stopped on request.')
    await closed
    expect((await second).frameCount).toBe(100)
    expect(clips.isLastUse(SAMPLE)).toBe(true)
  })

  it('stays open for who had it open before', async () => {
    await clips.open(SAMPLE, options)
    const second = clips.open(SAMPLE, options)
    expect(clips.isLastUse(SAMPLE)).toBe(false)
    expect(await clips.close(SAMPLE)).toBeUndefined()
    expect((await second).frameCount).toBe(100)
    expect(await clips.close(SAMPLE)).toMatch(/^sha256:/)
  })
})

it('an opening that fails is not counted', async () => {
  const path = join(folder.path, 'gone.mp4')
  cpSync(SAMPLE, path)
  await clips.open(path, options)
  rmSync(path)
  await expect(clips.open(path, options)).rejects.toThrow(/does not exist/)
  expect(clips.isLastUse(path)).toBe(true)
})

it('a content is done with when the last clip of it is closed', async () => {
  const copy = join(folder.path, 'copy.mp4')
  cpSync(SAMPLE, copy)
  const { contentHash } = await clips.open(SAMPLE, options)
  await clips.open(copy, options)
  expect(await clips.close(copy)).toBeUndefined()
  expect(await clips.close(SAMPLE)).toBe(contentHash)
})
