/** Protects: graphs of others are fed and read as they were made, of one size or of any, and refused with a reason. */
import { mkdtempSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cast, Graph, reshape, toOnnx } from '../../../model/graph/index.ts'
import { type ImportJob, importModel } from '../../../model/importing/index.ts'
import { readModel } from '../../../model/installation/index.ts'
import { extractToHost, FeatureExtractor, modelSize } from '../../../model/propagation/index.ts'
import { Engine } from '../../../model/runtime/index.ts'
import { encoderConfig, encoderGraph, initialiseEncoder, seededRandom } from '../../../model/siammae/index.ts'
import { readEncoder, readOnnxEncoder } from '../../../model/weights/index.ts'
import { convolutionEncoder, type OnnxOptions } from '../../support/onnx-encoders.ts'
import { expectClose } from '../../support/tensors.ts'

const folder = mkdtempSync(join(tmpdir(), 'siammae-onnx-'))
afterAll(() => rm(folder, { recursive: true, force: true }))
const file = (name: string): string => join(folder, name)

const PATCH = 16
const DIM = 24
const random = seededRandom(5)
const weight = Float32Array.from({ length: DIM * 3 * PATCH * PATCH }, () => random.normal() / 16)

let files = 0
async function graphFile(options: Partial<OnnxOptions> = {}): Promise<string> {
  const path = file(`graph-${files++}.onnx`)
  await writeFile(path, convolutionEncoder(weight, { patch: PATCH, dim: DIM, ...options }))
  return path
}

async function imported(path: string, options: Partial<ImportJob> = {}) {
  const out = path.replace(/\.onnx$/, '.imported.onnx')
  const result = await importModel(path, { out, engine: () => Engine.start('cpu'), ...options })
  return { ...result, out }
}

describe('ONNX encoders', () => {
  let engine: Engine
  beforeAll(async () => {
    engine = await Engine.start('cpu')
  })
  afterAll(() => engine.close())

  /** The convolution as written down. */
  function tokensOf(pixels: Uint8Array, width: number, height: number, mean: number, std: number): number[] {
    const columns = width / PATCH
    const tokens: number[] = []
    for (let token = 0; token < columns * (height / PATCH); token++)
      for (let out = 0; out < DIM; out++) {
        let sum = 0
        for (let channel = 0; channel < 3; channel++)
          for (let row = 0; row < PATCH; row++)
            for (let column = 0; column < PATCH; column++) {
              const y = Math.floor(token / columns) * PATCH + row
              const x = (token % columns) * PATCH + column
              const pixel = pixels[(y * width + x) * 3 + channel]! / 255
              sum += weight[((out * 3 + channel) * PATCH + row) * PATCH + column]! * ((pixel - mean) / std)
            }
        tokens.push(sum)
      }
    return tokens
  }
  const picture = (width: number, height: number): Uint8Array =>
    Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 29 + (i * i) / 13) & 255)

  it.each([true, false])('take any size, with [CLS] or without (%s)', async (classToken) => {
    const { model, report, check, out } = await imported(await graphFile({ classToken }), {
      normalise: 'half',
    })
    expect(model.config).toMatchObject({ patch: PATCH, dim: DIM, prefix: classToken ? 1 : 0, rank: 3 })
    expect(model.config).not.toHaveProperty('size')
    expect(check).toMatchObject({ finite: true, found: 1 })
    expect(report).toMatchObject({ arch: 'onnx', architecture: 'ONNX 24/16', format: 'ONNX graph' })
    const size = { width: 3 * PATCH, height: 2 * PATCH }
    const pixels = picture(size.width, size.height)
    const read = await readOnnxEncoder(out)
    const { tokens } = await extractToHost(engine, read, size, pixels)
    expectClose(tokens, tokensOf(pixels, size.width, size.height, 0.5, 0.5), 1e-4)
    expect(read.metadata).toMatchObject({ 'import.sha256': report.sha256, licence: 'unknown' })
  })

  it('of one size only see every frame at that size', async () => {
    const size = { width: 96, height: 64 }
    const { model, report, out } = await imported(await graphFile({ size }), { normalise: 'imagenet' })
    expect(model.config).toMatchObject({ patch: PATCH, prefix: 1, size })
    expect(report.notes.join()).toMatch(/pictures of 96x64 only/)
    const read = await readModel(out)
    expect(modelSize({ width: 640, height: 360 }, 480, read)).toEqual(size)
    const extractor = await FeatureExtractor.create(engine, read, size)
    expect(extractor.grid).toEqual({ rows: 4, columns: 6 })
    await engine.release(await extractor.extract(picture(96, 64)))
    await extractor.close()
  })

  it('that this program has exported give the same features as its own network', async () => {
    const config = { ...encoderConfig('Ti', 16), depth: 1, positionGrid: 4 }
    const parameters = initialiseEncoder(config, 3)
    const size = { width: 64, height: 64 }
    const path = file('own.onnx')
    await writeFile(path, toOnnx(encoderGraph(config, parameters, size), 'portable'))
    const { model } = await imported(path)
    expect(model.config).toMatchObject({ patch: 16, dim: 192, prefix: 0, rank: 2, size, output: 'tokens' })
    const pixels = picture(64, 64)
    const own = await extractToHost(engine, { config, parameters }, size, pixels)
    const other = await extractToHost(engine, model, size, pixels)
    expectClose(other.unit, own.unit, 1e-4)
  })

  it('ask how pixels are normalised, unless a configuration beside them tells', async () => {
    const path = await graphFile()
    await expect(imported(path)).rejects.toMatchObject({
      name: 'ImportQuestion',
      about: 'normalise',
      suggestions: ['imagenet', 'half', 'none'],
    })
    await mkdir(file('hub'))
    const inHub = file('hub/model.onnx')
    await writeFile(inHub, await readFile(path))
    await writeFile(
      file('hub/preprocessor_config.json'),
      JSON.stringify({ image_mean: [0.4, 0.5, 0.6], image_std: [0.1, 0.2, 0.3], size: 224 }),
    )
    const { model, out } = await imported(inHub)
    expect(model.config).toMatchObject({ mean: [0.4, 0.5, 0.6], std: [0.1, 0.2, 0.3] })
    // What was imported once tells by itself.
    await writeFile(file('again.onnx'), await readFile(out))
    expect((await imported(file('again.onnx'))).model.config).toEqual(model.config)
  })

  it('are kept byte for byte, with what is known about them behind', async () => {
    const path = await graphFile()
    const { out } = await imported(path, {
      normalise: 'none',
      licence: 'MIT',
      source: 'https://example.org/x',
    })
    const before = await readFile(path)
    const after = await readFile(out)
    expect(after.subarray(0, before.length).equals(before)).toBe(true)
    expect((await readOnnxEncoder(out)).metadata).toMatchObject({
      licence: 'MIT',
      'import.source': 'https://example.org/x',
    })
  })

  it('are refused with a reason', async () => {
    await expect(imported(await graphFile({ external: true }), { normalise: 'none' })).rejects.toThrow(
      /keeps its weights in another file/,
    )
    await expect(imported(await graphFile({ type: 'float16' }), { normalise: 'none' })).rejects.toThrow(
      /cannot be run here|type that is not known here/,
    )
    const cut = file('cut.onnx')
    await writeFile(cut, (await readFile(await graphFile())).subarray(0, 900))
    await expect(imported(cut, { normalise: 'none' })).rejects.toThrow(/no ONNX file, or cut short/)
    await writeFile(file('text.onnx'), 'no graph at all')
    await expect(imported(file('text.onnx'), { normalise: 'none' })).rejects.toThrow(/damaged/)
    const raw = await graphFile()
    await expect(readModel(raw)).rejects.toThrow(/was not imported yet. Import it first/)
    await expect(readEncoder(raw)).rejects.toThrow(/can be used as it is, but not trained/)
    const odd = file('odd.onnx')
    await writeFile(odd, toOnnx(oddGraph(), 'portable'))
    await expect(imported(odd)).rejects.toThrow(/which are no patches of a picture of 64x64/)
  })

  it('give features of unit length to a propagation', async () => {
    const { out } = await imported(await graphFile(), { normalise: 'imagenet' })
    const read = await readModel(out)
    const size = { width: 64, height: 48 }
    const extractor = await FeatureExtractor.create(engine, read, size)
    const resident = await extractor.extract(picture(64, 48))
    expect(extractor.bytesPerFrame).toBe(4 * 12 * DIM)
    await engine.release(resident)
    await extractor.close()
    const { unit } = await extractToHost(engine, read, size, picture(64, 48))
    expect(Math.hypot(...unit.subarray(0, DIM))).toBeCloseTo(1, 5)
  })

  it('whose size could never be tried are refused before that', async () => {
    const path = await graphFile({ size: { width: 65_536, height: 64 } })
    await expect(imported(path)).rejects.toThrow(/larger than any/)
  })

  it.each([
    ['a graph', [7]],
    ['a graph within', [7, 1, 5, 6]],
    ['a list of graphs within', [7, 1, 5, 11]],
    ['a function', [25]],
  ])('with a loop in %s are refused: it could turn for ever', async (_, way) => {
    const writer = new BinaryWriter()
    for (const field of way) writer.tag(field, WireType.LengthDelimited).fork()
    writer.tag(way.length === 1 && way[0] === 25 ? 7 : 1, WireType.LengthDelimited).fork()
    writer.tag(4, WireType.LengthDelimited).string('Loop').join()
    for (const _ of way) writer.join()
    if (way[0] === 25) writer.tag(7, WireType.LengthDelimited).bytes(new Uint8Array(0))
    const path = file(`loop-${files++}.onnx`)
    await writeFile(path, writer.finish())
    await expect(imported(path)).rejects.toThrow(/holds a loop/)
  })
})

/** Takes a picture and gives numbers that are no patches. */
function oddGraph(): Graph {
  const graph = new Graph()
  const image = graph.input('image', 'uint8', [64, 64, 3])
  graph.output('rows', cast(reshape(image, [96, 128]), 'float32'))
  return graph
}
