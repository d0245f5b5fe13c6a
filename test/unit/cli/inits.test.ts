/** Protects: keypoints from a file are measured as in the editor, from the picture's edge up to its whole size. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { readInit } from '../../../model/cli/inits.ts'
import type { FrameTable } from '../../../model/video/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'siammae-inits-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

const table = { width: 854, height: 480, frames: [{}] } as unknown as FrameTable

function poseAt(x: number, y: number) {
  const path = join(folder, 'pose.json')
  writeFileSync(path, JSON.stringify({ keypoints: [{ name: 'tail', x, y }] }))
  return readInit(path, table)
}

it('takes keypoints at the right and the bottom edge, and none beyond', async () => {
  expect(await poseAt(853.7, 480)).toMatchObject({ joints: [{ x: 853.7, y: 480, visibility: 'visible' }] })
  expect(await poseAt(854, 0)).toMatchObject({ joints: [{ x: 854, y: 0 }] })
  await expect(poseAt(854.01, 0)).rejects.toThrow(/keypoint tail is at \(854\.01, 0\), outside the video/)
  await expect(poseAt(0, -0.01)).rejects.toThrow(/outside the video/)
})
