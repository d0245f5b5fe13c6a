/** Protects: every clip of the card has the licence that its own files name. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { resolveRunConfig } from '../../../model/training/run-config.ts'
import { trainingCard } from '../../../model/training/training-card.ts'
import { temporaryFolder } from './coded-clips.ts'

const files = temporaryFolder()
afterAll(() => files.remove())

it('names the licence of each folder of images, and one for the videos of a folder', async () => {
  const place = (name: string) => join(files.path, name)
  for (const [name, text] of [
    ['bear', 'MIT License'],
    ['camel', 'Creative Commons Attribution 4.0'],
  ] as const) {
    await mkdir(place(name))
    await writeFile(join(place(name), 'LICENSE'), text)
  }
  await writeFile(place('LICENSE.txt'), 'Apache License')
  const clips = ['bear', 'camel', 'a.mp4', 'b.mp4'].map((name) => ({
    name,
    path: place(name),
    contentHash: `sha256:${name}`,
    width: 64,
    height: 48,
    frames: 5,
    fps: 24,
  }))
  for (const name of ['a.mp4', 'b.mp4']) await writeFile(place(name), '')
  const card = await trainingCard({
    config: resolveRunConfig('pretrain', []),
    clips,
    skipped: [],
    parameters: 1,
    tool: 'siammae test',
    device: 'cpu',
    metrics: [],
  })
  const licences = clips.map(({ name }) => {
    const row = card.split('\n').find((line) => line.startsWith(`| ${name} |`))!
    return row.split('|').at(-2)!.trim()
  })
  expect(licences).toEqual([
    'MIT (LICENSE)',
    'CC BY (LICENSE)',
    'Apache-2.0 (LICENSE.txt)',
    'Apache-2.0 (LICENSE.txt)',
  ])
})
