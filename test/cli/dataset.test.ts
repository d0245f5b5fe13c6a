/** Annotations of the editor as one dataset from a shell: every clip that can be written is, the others are named. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDocument, type Entry, encodeMask, equalEntries } from '../../model/annotation/index.ts'
import { formats, readSidecar, writeSidecar } from '../../model/formats/index.ts'
import { root, siammae } from '../support/cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'siammae-dataset-'))
afterAll(() => rm(folder, { recursive: true, force: true }))
const file = (...parts: string[]): string => join(folder, ...parts)
const [WIDTH, HEIGHT] = [640, 360]
const pixels = new Uint8Array(WIDTH * HEIGHT).fill(1, 5000, 9000)
const marked: Entry = { state: 'keyframe', occluded: false, mask: encodeMask(pixels, WIDTH, HEIGHT) }

async function annotate(clip: string, frame: number, frameCount = 100): Promise<string> {
  const document = createDocument({ path: `${clip}.mp4`, hash: '', frameCount, width: WIDTH, height: HEIGHT })
  document.apply({ kind: 'putLabel', label: { id: 1, name: 'koi', colour: '#ff8800' } })
  document.apply({ kind: 'putObject', object: { id: 1, name: 'the koi', labelId: 1 } })
  document.apply({ kind: 'setEntry', objectId: 1, frame, entry: marked })
  const path = file('clips', `${clip}.siam.json`)
  await writeSidecar(path, document)
  return path
}

beforeAll(async () => {
  mkdirSync(file('clips', 'deep'), { recursive: true })
  for (const clip of ['one', 'deep/two']) {
    copyFileSync(join(root, 'media', 'sample.mp4'), file('clips', `${clip}.mp4`))
  }
  await annotate('one', 3)
  const document = await readSidecar(await annotate('two', 7))
  document.apply({ kind: 'moveVideo', path: 'two.mp4' })
  await writeSidecar(file('clips', 'deep', 'two.siam.json'), document)
  await rm(file('clips', 'two.siam.json'))
})

describe('siammae dataset', () => {
  it('writes every clip below a folder, with its annotated frames', async () => {
    const { code, stdout } = await siammae([
      'dataset',
      file('clips'),
      '--out',
      file('coco'),
      '--pictures',
      '--json',
    ])
    expect(code).toBe(0)
    const { written, failed } = JSON.parse(stdout)
    expect(failed).toEqual([])
    expect(written.map(({ sequence }: { sequence: string }) => sequence)).toEqual(['two', 'one'])
    for (const [sequence, frame] of [
      ['one', 3],
      ['two', 7],
    ] as const) {
      const document = await formats.coco.read(file('coco'), { sequence })
      expect(document.framesWithEntries()).toEqual([frame])
      expect(equalEntries(document.entry(1, frame)!, marked)).toBe(true)
      expect(readdirSync(file('coco', 'images', sequence))).toEqual([`0000${frame}.jpg`])
    }
  })

  it('goes on behind a clip that cannot be written, names it, and says so by its exit code', async () => {
    const gone = await annotate('gone', 0)
    const shorter = await annotate('shorter', 0, 90)
    copyFileSync(join(root, 'media', 'sample.mp4'), file('clips', 'shorter.mp4'))
    const damaged = file('clips', 'damaged.siam.json')
    await writeFile(damaged, '{')
    const { code, stdout, stderr } = await siammae([
      ...['dataset', gone, shorter, damaged, file('clips', 'one.siam.json')],
      ...['--out', file('davis'), '--format', 'davis'],
    ])
    expect(code).toBe(1)
    expect(stdout).toBe(`Wrote 1 of 4 clips to ${file('davis')} as DAVIS 2017, read back and compared.\n`)
    expect(stderr).toMatch(/^Error: gone\.siam\.json: .*gone\.mp4/m)
    expect(stderr).toMatch(/^Error: shorter\.siam\.json: .*belongs to another video/m)
    expect(stderr).toMatch(/^Error: damaged\.siam\.json: /m)
    expect((await formats.davis.read(file('davis'))).framesWithEntries()).toEqual([3])
  })

  it('says what is missing where there is no side-car', async () => {
    mkdirSync(file('empty'))
    const { code, stderr } = await siammae(['dataset', file('empty'), '--out', file('none')])
    expect(code).toBe(1)
    expect(stderr).toMatch(/holds no side-car \(\*\.siam\.json\); annotate a clip and save first\./)
  })
})
