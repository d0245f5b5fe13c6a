/**
 * Ten thousand damaged files through every reader: a sentence or a sound model, never a crash, never much memory,
 * never a file touched. Memory is bounded because a source gives only bytes that the file has, unpacking stops at the
 * size that was checked, and a pickle may run only so many instructions; the test watches the size of the process.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { UserError } from '../../../model/errors.ts'
import {
  encoderConfig,
  encoderLayout,
  initialiseEncoder,
  type Random,
  seededRandom,
} from '../../../model/siammae/index.ts'
import { memorySource } from '../../../model/weights/containers/index.ts'
import { importFrom } from '../../../model/weights/import-encoder.ts'
import { onnxConfigOf, readOnnxFile, scanOnnx, writeOnnxEncoder } from '../../../model/weights/onnx-file.ts'
import {
  concatenated,
  type Nested,
  npz,
  npzEntries,
  safetensors,
  torchEntries,
  torchLegacy,
  torchZip,
  zip,
} from '../../support/checkpoints.ts'
import { convolutionEncoder } from '../../support/onnx-encoders.ts'

const FILES = 10_000
const MAX_GROWTH_BYTES = 768 * 1024 * 1024

let folder: string
const before = process.cwd()
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'siammae-fuzz-'))
  process.chdir(folder)
})
afterAll(async () => {
  process.chdir(before)
  await rm(folder, { recursive: true })
})

/** A tiny sound network in every container, and what makes a damaged file of it. */
function makers(): { sound: Uint8Array; damage: (random: Random) => Uint8Array }[] {
  const config = { ...encoderConfig('Ti', 2), dim: 4, heads: 2, depth: 1, positionGrid: 2 }
  const parameters = initialiseEncoder(config, 3)
  const net: Nested = Object.fromEntries(
    [...encoderLayout(config)].map(([name, shape]) => [name, { shape, values: parameters.get(name)! }]),
  )
  const nested: Nested = { model: net, epoch: 3, args: 'text' }
  const files = [safetensors(net), torchZip(nested), torchLegacy(nested), npz(net), npz(net, true)]
  // Archives that are sound outside: their damage is behind the first checks.
  const archives = [torchEntries(nested), npzEntries(net)]
  return [
    ...files.map((sound) => ({ sound, damage: (random: Random) => mutated(sound, random) })),
    ...archives.map((entries) => ({
      sound: zip(entries),
      damage: (random: Random) => {
        const place = random.uniform() < 0.7 ? 0 : Math.floor(random.uniform() * entries.length)
        const changed = entries.map(
          ([name, bytes], i) => [name, i === place ? mutated(bytes, random) : bytes] as const,
        )
        return zip(changed, random.uniform() < 0.3)
      },
    })),
  ]
}

/** Values that sizes, offsets and counts like to go wrong with. */
const NASTY = [0, 1, 0x7f, 0x80, 0xff]
/** Instructions of pickles that build, call, remember and refer. */
const INSTRUCTIONS = [...'(.02]})tldseauRbcioqQhjpgPNIJKLMXUV'].map((letter) => letter.charCodeAt(0))
const LATER_INSTRUCTIONS = [
  0x80, 0x81, 0x82, 0x85, 0x86, 0x87, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x92, 0x93, 0x94, 0x95, 0x97,
]
const HOSTILE = new TextEncoder().encode("cos\nsystem\n(S'touch PAYLOAD_RAN'\ntR.")

function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  const pick = (count: number): number => Math.floor(random.uniform() * count)
  let result: Uint8Array = bytes.slice()
  for (let i = 1 + pick(6); i > 0 && result.length > 0; i--) {
    // Half of the damage goes where the structure is: the first kilobytes and the last.
    const place = pick(3)
    const near = Math.min(result.length, 3000)
    const at = place === 0 ? pick(near) : place === 1 ? result.length - 1 - pick(near) : pick(result.length)
    switch (pick(9)) {
      case 0:
        result[at] = pick(256)
        break
      case 1:
        result[at] = NASTY[pick(NASTY.length)]!
        break
      case 2:
        result[at]! ^= 1 << pick(8)
        break
      case 3:
        result[at] = [...INSTRUCTIONS, ...LATER_INSTRUCTIONS][
          pick(INSTRUCTIONS.length + LATER_INSTRUCTIONS.length)
        ]!
        break
      case 4:
        result = result.slice(0, Math.max(1, at))
        break
      case 5: {
        const end = Math.min(result.length, at + 1 + pick(64))
        result = concatenated([result.subarray(0, at), result.subarray(end)])
        break
      }
      case 6: {
        const piece = result.slice(at, at + 1 + pick(64))
        const to = pick(result.length)
        result = concatenated([result.subarray(0, to), piece, result.subarray(to)])
        break
      }
      case 7:
        result.set(
          Uint8Array.from({ length: 8 }, () => (pick(2) ? 0xff : pick(256))).subarray(0, result.length - at),
          at,
        )
        break
      case 8:
        result.set(HOSTILE.subarray(0, Math.max(0, result.length - at)), at)
        break
    }
  }
  return result
}

it('reads or refuses ten thousand damaged files', { timeout: 300_000 }, async () => {
  const kinds = makers()
  for (const { sound } of kinds) await importFrom(memorySource('sound', sound), { heads: 2 })
  const random = seededRandom(20_261_126)
  const start = process.memoryUsage().rss
  let largest = 0
  let refused = 0
  let read = 0
  for (let i = 0; i < FILES; i++) {
    const bytes = kinds[i % kinds.length]!.damage(random)
    const source = memorySource(`file-${i}.safetensors`, bytes)
    try {
      const { model } = await importFrom(source, { heads: 2 })
      expect(model.parameters.get('norm.bias')).toBeInstanceOf(Float32Array)
      read++
    } catch (error) {
      if (!(error instanceof UserError)) throw new Error(`File ${i}: ${error}`, { cause: error })
      expect(error.message).toContain(source.name)
      refused++
    }
    if (i % 50 === 0) largest = Math.max(largest, process.memoryUsage().rss - start)
  }
  // Neither may be rare, or the damage is too coarse or too fine to find anything.
  expect(read).toBeGreaterThan(FILES / 50)
  expect(refused).toBeGreaterThan(FILES / 4)
  expect(largest).toBeLessThan(MAX_GROWTH_BYTES)
  expect(await readdir(folder)).toEqual([])
})

it('reads or refuses ten thousand damaged ONNX files', { timeout: 300_000 }, async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), 'siammae-fuzz-onnx-'))
  try {
    const sound = join(elsewhere, 'sound.onnx')
    await writeOnnxEncoder(sound, {
      graph: convolutionEncoder(new Float32Array(4 * 3 * 4 * 4).fill(0.5), { patch: 4, dim: 4 }),
      config: {
        patch: 4,
        dim: 4,
        prefix: 1,
        rank: 3,
        input: { name: 'pixel_values', layout: 'nchw', type: 'float32' },
        output: 'last_hidden_state',
        mean: [0.5, 0.5, 0.5],
        std: [0.5, 0.5, 0.5],
      },
      metadata: { licence: 'MIT', origin: 'a test' },
    })
    // A copy that is no Buffer, whose `slice` shares memory.
    const bytes = new Uint8Array((await readOnnxFile(sound)).bytes)
    const random = seededRandom(20_261_127)
    let read = 0
    let refused = 0
    for (let i = 0; i < FILES; i++) {
      const name = `file-${i}.onnx`
      try {
        const config = onnxConfigOf(name, scanOnnx(name, mutated(bytes, random)))
        if (config) expect(config.patch).toBeGreaterThan(0)
        read++
      } catch (error) {
        if (!(error instanceof UserError)) throw new Error(`File ${i}: ${error}`, { cause: error })
        expect(error.message).toContain(name)
        refused++
      }
    }
    expect(read).toBeGreaterThan(FILES / 50)
    expect(refused).toBeGreaterThan(FILES / 4)
  } finally {
    await rm(elsewhere, { recursive: true })
  }
})

it.each([
  [
    'lists that hold the one before twice',
    [0x5d, ...Array.from({ length: 60 }, () => [0x71, 0, 0x5d, 0x68, 0, 0x61, 0x68, 0, 0x61]).flat(), 0x2e],
    /nested without end/,
  ],
  ['a list that holds itself', [0x5d, 0x71, 0, 0x68, 0, 0x61, 0x2e], /nested without end/],
  [
    'a million dictionaries',
    [...new Array<number>(1_000_000).fill(0x7d), 0x2e],
    /more instructions than any checkpoint/,
  ],
  ['a number of four billion bytes', [0x8b, 0xff, 0xff, 0xff, 0xff, 0x2e], /absurdly long/],
])('refuses a pickle with %s', async (_, instructions, message) => {
  const pickle = Uint8Array.from([0x80, 2, ...instructions])
  const start = process.memoryUsage().rss
  await expect(importFrom(memorySource('large.pth', zip([['archive/data.pkl', pickle]])))).rejects.toThrow(
    message,
  )
  expect(process.memoryUsage().rss - start).toBeLessThan(MAX_GROWTH_BYTES)
})
