/** Protects: `siammae eval workspace` finds annotated clips, compares models on them, and says what it left out. */
import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createDocument, encodeLabels } from '../../model/annotation/index.ts'
import { readIndexedPng, writeSidecar } from '../../model/formats/index.ts'
import { root, siammae } from '../support/cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'siammae-eval-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A folder with the sample clip and the true masks of some frames of it as a person's keyframes. */
async function annotate(name: string, frames: readonly number[]): Promise<void> {
  const place = join(folder, name)
  mkdirSync(place, { recursive: true })
  copyFileSync(join(root, 'media', 'sample.mp4'), join(place, 'koi.mp4'))
  const document = createDocument({ path: 'koi.mp4', hash: '', frameCount: 100, width: 640, height: 360 })
  document.apply({ kind: 'putLabel', label: { id: 1, name: 'koi', colour: '#ff00ff' } })
  for (const id of [1, 2])
    document.apply({ kind: 'putObject', object: { id, name: `koi ${id}`, labelId: 1 } })
  for (const frame of frames) {
    const path = join(root, 'media', 'sample', 'masks', `${String(frame).padStart(5, '0')}.png`)
    const { indices } = await readIndexedPng(path)
    for (const objectId of [1, 2])
      document.apply({
        kind: 'setEntry',
        objectId,
        frame,
        entry: { state: 'keyframe', occluded: false, mask: encodeLabels(indices, 640, 360, objectId) },
      })
  }
  await writeSidecar(join(place, 'koi.siam.json'), document)
}

const small = ['--size', '128', '--device', 'cpu']

beforeAll(async () => {
  await annotate('good', [0, 4, 6])
  await annotate('once', [0])
  writeFileSync(join(folder, 'broken.siam.json'), '{"siam": 1, ')
})

it('compares two models on the annotated clips below a folder', async () => {
  const starter = join(root, 'media', 'models', 'starter.safetensors')
  const { code, stdout, stderr } = await siammae([
    ...['eval', 'workspace', folder, '--model', 'starter', '--model', starter, '--json'],
    ...small,
  ])
  expect(stderr).toMatch(/Measuring/)
  expect(code).toBe(0)
  const report = JSON.parse(stdout)
  expect(report).toMatchObject({ device: 'cpu', size: 128, models: ['starter', starter] })
  expect(report.clips).toHaveLength(1)
  const [clip] = report.clips
  // Two objects with two keyframes each after the first.
  expect(clip).toMatchObject({ name: 'good/koi.siam.json', keyframes: 4 })
  // As coarse as this the network follows only the bodies.
  expect(clip.scores[0].jf).toBeGreaterThan(0.3)
  expect(clip.scores[0].jf).toBeLessThan(1)
  // The same file twice is the same model: whatever differs is a mistake.
  expect(clip.scores[1]).toEqual(clip.scores[0])
  expect(report.overall[0].j).toBeCloseTo(clip.scores[0].j, 10)
  expect(report.skipped.map(({ path }: { path: string }) => path.slice(folder.length + 1)).sort()).toEqual([
    'broken.siam.json',
    'once/koi.siam.json',
  ])
})

it('says what is missing where nothing can be compared', async () => {
  const { code, stderr } = await siammae(['eval', 'workspace', join(folder, 'once'), ...small])
  expect(code).toBe(1)
  expect(stderr).toMatch(/has no annotated clip with two keyframes or more/)
})

it('prints a table with the differences', async () => {
  const { code, stdout } = await siammae([
    'eval',
    'workspace',
    join(folder, 'good', 'koi.siam.json'),
    ...small,
  ])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^koi\.siam\.json +4 +J&F +\d+\.\d$/m)
})
