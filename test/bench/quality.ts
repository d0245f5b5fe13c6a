/**
 * `npm run bench -- quality --data <DAVIS folder>`: J and F of propagating each sequence's first mask, for features of
 * three kinds: raw patches (nearest colour), the same network untrained, and the trained network.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { scoreSequence } from '../../model/evaluation/index.ts'
import { readIndexedPng } from '../../model/formats/index.ts'
import {
  FeatureExtractor,
  networkSize,
  PRESETS,
  type PresetName,
  propagate,
} from '../../model/propagation/index.ts'
import { type Device, Engine } from '../../model/runtime/index.ts'
import { initialiseEncoder } from '../../model/siammae/index.ts'
import { openVideo } from '../../model/video/index.ts'
import { readEncoder } from '../../model/weights/index.ts'
import { machine } from './support.ts'

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    /** A folder with JPEGImages/480p and Annotations/480p. */
    data: { type: 'string' },
    model: { type: 'string', default: 'media/models/starter.safetensors' },
    features: { type: 'string', default: 'patches,untrained,trained' },
    sequences: { type: 'string' },
    size: { type: 'string', default: '480' },
    device: { type: 'string', default: 'cpu' },
    preset: { type: 'string', default: 'annotator' },
    /** Softmax temperature instead of the preset's. */
    temperature: { type: 'string' },
  },
})

/** The untrained network's seed; any will do, this one is written down. */
const SEED = 20231

interface Truth {
  readonly maps: readonly Uint8Array[]
  readonly objects: readonly number[]
  readonly width: number
  readonly height: number
}

/** True label maps; 255 alone is the single object of DAVIS 2016, beside others it is void. */
async function readTruth(folder: string): Promise<Truth> {
  const maps: Uint8Array[] = []
  let width = 0
  let height = 0
  for (const name of readdirSync(folder)
    .filter((file) => file.endsWith('.png'))
    .sort()) {
    const png = await readIndexedPng(join(folder, name))
    ;({ width, height } = png)
    maps.push(png.indices)
  }
  const ids = new Set(maps[0])
  const only = [...ids].filter((id) => id !== 0).length === 1 && ids.has(255)
  const cleaned = maps.map((map) => map.map((id) => (id === 255 ? Number(only) : id)))
  const objects = [...new Set(cleaned[0])].filter((id) => id !== 0).sort((a, b) => a - b)
  return { maps: cleaned, objects, width, height }
}

async function score(engine: Engine, features: string, frames: string, truth: Truth) {
  const model = await readEncoder(options.model)
  const video = await openVideo(frames)
  const { config } = model
  const size = networkSize(video.table, Number(options.size), config.patch)
  const extractor =
    features === 'patches'
      ? await FeatureExtractor.ofRawPatches(engine, config.patch, size)
      : await FeatureExtractor.create(
          engine,
          features === 'trained' ? model : { config, parameters: initialiseEncoder(config, SEED) },
          size,
        )
  const { width, height } = truth
  const preset = PRESETS[options.preset as PresetName]
  const job = propagate({
    video,
    engine,
    extractor,
    settings: options.temperature ? { ...preset, temperature: Number(options.temperature) } : preset,
    masks: [{ frame: 0, map: { width, height, data: truth.maps[0]! }, objects: truth.objects }],
    poses: [],
    direction: 'forward',
    range: [0, video.table.frames.length - 1],
  })
  const predictions: Uint8Array[] = [truth.maps[0]!]
  for await (const result of job.results)
    if (result.kind === 'masks') predictions[result.frame] = result.layers[0]!.map.data
  await extractor.close()
  await video.close()
  const pairs = truth.maps.map((map, i) => ({ truth: map, prediction: predictions[i]! }))
  return scoreSequence(pairs, truth.objects, width, height)
}

const cell = (value: number): string => (100 * value).toFixed(1).padStart(7)

/** Prints a row per sequence and kind of features, and the mean over sequences of each kind. */
export async function benchQuality(): Promise<void> {
  if (!options.data)
    throw new Error('Name a folder with JPEGImages/480p and Annotations/480p: --data <folder>')
  if (!(options.preset in PRESETS)) throw new Error(`Presets are ${Object.keys(PRESETS).join(', ')}.`)
  const model = await readEncoder(options.model)
  console.log(
    `${machine(options.device)}\n${model.name} ${model.file} ${model.hash.slice(0, 19)}, short side ${options.size}, preset ${options.preset}`,
  )
  const annotations = join(options.data, 'Annotations', '480p')
  const names = options.sequences?.split(',') ?? readdirSync(annotations).sort()
  const engine = await Engine.start(options.device as Device)
  console.log(`${'features'.padEnd(12)}${'sequence'.padEnd(18)}      J      F    J&F`)
  for (const features of options.features.split(',')) {
    const rows: { j: number; f: number }[] = []
    for (const name of names) {
      const truth = await readTruth(join(annotations, name))
      const objects = await score(engine, features, join(options.data, 'JPEGImages', '480p', name), truth)
      const j = objects.reduce((sum, o) => sum + o.j.mean, 0) / objects.length
      const f = objects.reduce((sum, o) => sum + o.f.mean, 0) / objects.length
      rows.push({ j, f })
      console.log(`${features.padEnd(12)}${name.padEnd(18)}${cell(j)}${cell(f)}${cell((j + f) / 2)}`)
    }
    const mean = (of: (row: { j: number; f: number }) => number): number =>
      rows.reduce((sum, r) => sum + of(r), 0) / rows.length
    const [j, f] = [mean((r) => r.j), mean((r) => r.f)]
    console.log(`${features.padEnd(12)}${'mean'.padEnd(18)}${cell(j)}${cell(f)}${cell((j + f) / 2)}`)
  }
  await engine.close()
}
