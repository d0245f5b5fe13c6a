/** The inspector from a shell, on the sample clip, whose exact masks tell whether a match is right. */
import { mkdtempSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, describe, expect, it } from 'vitest'
import { readIndexedPng } from '../../model/formats/index.ts'
import { encoderConfig, initialiseEncoder } from '../../model/siammae/index.ts'
import { writeEncoder } from '../../model/weights/index.ts'
import { root, siammae } from '../support/cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'siammae-inspect-'))
afterAll(() => rm(folder, { recursive: true, force: true }))
const SAMPLE = join(root, 'media', 'sample.mp4')
const picture = join(folder, 'heat.png')
const inspect = (...args: readonly string[]) =>
  siammae(['inspect', ...args, '--device', 'cpu', '--out', picture])

async function pixelsOf(path: string) {
  const { data, info } = await sharp(path).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height }
}

describe('siammae inspect', () => {
  it('finds the head of the koi five frames later on the koi', async () => {
    // Between its eyes on frame 0.
    const args = [SAMPLE, '--from', '0', '--point', '199,214.7', '--to', '5', '--json']
    const { code, stdout } = await inspect(...args)
    expect(code).toBe(0)
    const { matches, patch, grid, size } = JSON.parse(stdout)
    expect(size).toEqual({ width: 856, height: 480 })
    expect(grid).toEqual({ rows: 60, columns: 107 })
    expect(patch).toEqual({ row: 35, column: 33 })
    expect(matches).toHaveLength(7)
    const mask = await readIndexedPng(join(root, 'media', 'sample', 'masks', '00005.png'))
    const [{ x, y, similarity }] = matches
    expect(mask.indices[Math.round(y) * mask.width + Math.round(x)]).toBe(1)
    expect(similarity).toBeGreaterThan(0.5)
    expect(similarity).toBeLessThanOrEqual(1.0001)

    // Both frames side by side; the second is coloured, the first is not.
    const { data, width, height } = await pixelsOf(picture)
    expect(width).toBe(2 * 640 + 3 * 8)
    expect(height).toBeGreaterThan(360 + 16)
    const frame = join(folder, 'frames')
    expect(await siammae(['frames', SAMPLE, '--index', '0', '--out', frame])).toMatchObject({ code: 0 })
    const plain = await pixelsOf(join(frame, '00000.png'))
    const at = (x: number, y: number) => [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)]
    expect(at(8 + 500, 8 + 300)).toEqual([
      ...plain.data.subarray((300 * 640 + 500) * 3, (300 * 640 + 500) * 3 + 3),
    ])
  })

  it('finds a patch of a frame in the same frame where it is', async () => {
    const { code, stdout } = await inspect(
      ...[
        SAMPLE,
        '--from',
        '3',
        '--point',
        '300,100',
        '--to',
        '3',
        '--size',
        '128',
        '--top-k',
        '2',
        '--json',
      ],
    )
    expect(code).toBe(0)
    const { matches, patch } = JSON.parse(stdout)
    expect(matches[0]).toMatchObject(patch)
    expect(matches[0].similarity).toBeCloseTo(1, 4)
    expect(matches).toHaveLength(2)
  })

  it('draws the attention of every head and tells how much of it lies on patches', async () => {
    const { code, stdout } = await inspect(SAMPLE, '--from', '0', '--attention', '--size', '128')
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^Attention of \[CLS\] in the last block of sample\.mp4, frame 0, over 16 x 28 patches$/m,
    )
    expect(stdout.match(/^Head \d+: [\d.]+ % on patches$/gm)!.length).toBeGreaterThanOrEqual(3)
    expect((await pixelsOf(picture)).width).toBeGreaterThan(3 * 640)
  })

  it('says in one sentence what it cannot do', async () => {
    const model = join(folder, 'no-cls.safetensors')
    const config = encoderConfig('Ti', 16, {
      dim: 24,
      depth: 1,
      heads: 2,
      positionGrid: 4,
      classToken: false,
    })
    await writeEncoder(model, { config, parameters: initialiseEncoder(config, 1), trained: true })
    const one = join(folder, 'one')
    await mkdir(one)
    await sharp({ create: { width: 64, height: 48, channels: 3, background: '#446688' } })
      .png()
      .toFile(join(one, 'only.png'))
    const between = ['--from', '0', '--point', '10,10', '--to', '1']
    for (const [args, code, sentence] of [
      [[SAMPLE, '--from', '0', '--attention', '--model', model, '--size', '64'], 1, /has no \[CLS\] token/],
      [[one, ...between], 1, /has one frame only, so there is no other frame to look in\./],
      [[SAMPLE, '--from', '0', '--to', '5'], 2, /Say what to look for and where: --point/],
      [[SAMPLE, ...between, '--attention'], 2, /--attention is of one frame/],
      [[SAMPLE, '--from', '0', '--point', '700,10', '--to', '5'], 2, /--point "700" must be a number/],
      [[SAMPLE, '--from', '100', '--point', '7,10', '--to', '5'], 2, /--from "100" must be a whole number/],
      [[SAMPLE, ...between, '--model', join(folder, 'missing.safetensors')], 1, /missing\.safetensors/],
    ] as const) {
      const result = await inspect(...args)
      expect(result, args.join(' ')).toMatchObject({ code })
      expect(result.stderr).toMatch(sentence)
      expect(result.stderr).not.toContain('mistake of the program')
    }
  })
})
