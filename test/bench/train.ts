/** `npm run bench -- train`: how fast and how big a training step is, data path included. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Device, Engine } from '../../model/runtime/index.ts'
import { type EncoderSize, keptTokens, type SiamMaeConfig, siamMaeConfig } from '../../model/siammae/index.ts'
import {
  openFrameCache,
  PairSource,
  PRETRAINING_OPTIMISER,
  startState,
  TrainStep,
} from '../../model/training/index.ts'
import { machine, makeClip, matrixSpeed, percent, row } from './support.ts'

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    device: { type: 'string', default: 'cpu' },
    threads: { type: 'string', default: '0' },
    models: { type: 'string', default: 'Ti/8,S/16,S/8' },
    batch: { type: 'string', default: '8' },
    steps: { type: 'string', default: '6' },
    /** Internal: one model in a process of its own, for its peak memory. */
    job: { type: 'string' },
    folder: { type: 'string' },
  },
})
const device = options.device as Device
const threads = Number(options.threads)
const batch = Number(options.batch)

interface Job {
  /** Seconds from the start of the process to the start of the first step. */
  readonly ready: number
  /** Of each step but the first. */
  readonly seconds: readonly number[]
  readonly waited: number
  readonly peak: number
  readonly matrix: number
}

/** Multiplications and additions of the forward pass for one pair. */
export function pairFlop(config: SiamMaeConfig): number {
  const { encoder, decoder } = config
  const patch = 3 * encoder.patch ** 2
  const tokens = encoder.positionGrid ** 2
  const kept = keptTokens(tokens, config.futureRatio)
  const mixing = (n: number, m: number, dim: number): number => 4 * n * m * dim
  const block = (n: number, dim: number, ratio: number): number => (8 + 4 * ratio) * n * dim * dim
  const encoded = (n: number): number =>
    encoder.depth * (block(n, encoder.dim, encoder.mlpRatio) + mixing(n, n, encoder.dim))
  const n = tokens + 1
  // A cross-self block has the projections of a plain one and those of the cross-attention, half of them on the memory.
  const decoded =
    decoder.depth *
    (block(n, decoder.dim, decoder.mlpRatio) + 8 * n * decoder.dim ** 2 + 2 * mixing(n, n, decoder.dim))
  return (
    encoded(n) +
    encoded(kept + 1) +
    decoded +
    2 * (tokens + kept) * patch * encoder.dim +
    2 * (tokens + kept + 2) * encoder.dim * decoder.dim +
    2 * tokens * decoder.dim * patch
  )
}

function modelOf(name: string): SiamMaeConfig {
  const [size, patch] = name.split('/')
  return siamMaeConfig(size as EncoderSize, Number(patch))
}

async function trainJob(name: string, folder: string): Promise<Job> {
  const model = modelOf(name)
  const cache = await openFrameCache([join(folder, 'clip.mp4')], {
    folder: join(folder, 'cache'),
    shortSide: 256,
    limitBytes: 2e9,
    tableFolder: join(folder, 'cache'),
  })
  const pairs = new PairSource(cache, {
    seed: 1,
    imageSize: model.imageSize,
    batch,
    repeated: 2,
    gap: [4, 48],
    gapFps: 30,
    cropScale: [0.5, 1],
    cropDrift: 0,
    flip: true,
  })
  const engine = await Engine.start(device, { threads })
  const step = await TrainStep.create(
    engine,
    { model, optimiser: PRETRAINING_OPTIMISER, batch, accumulate: 1 },
    startState(model, 1),
  )
  const ready = performance.now() / 1000
  const seconds: number[] = []
  let waited = 0
  for (let i = 0; i < Number(options.steps); i++) {
    const start = performance.now()
    const result = await step.step(() => pairs.batch(i), { seed: 1, learningRate: 1e-4 })
    // The first step waits for the first pictures and touches fresh memory; the others are all alike.
    if (i === 0) continue
    seconds.push((performance.now() - start) / 1000)
    waited += result.waited
  }
  const peak = process.resourceUsage().maxRSS * 1024
  await pairs.close()
  await step.close()
  // In the same process and minute as the steps, so that the share does not depend on the machine's mood.
  const matrix = await matrixSpeed(engine, batch * (model.encoder.positionGrid ** 2 + 1), model.encoder.dim)
  await engine.close()
  await cache.close()
  return { ready, seconds, waited, peak, matrix }
}

/** Runs the benchmark, or one model where it was started for that. */
export async function benchTraining(): Promise<void> {
  if (options.job !== undefined) {
    process.stdout.write(JSON.stringify(await trainJob(options.job, options.folder!)))
    return
  }
  console.log(`${machine(device)}; 224 x 224, batch ${batch}`)
  const folder = mkdtempSync(join(tmpdir(), 'siammae-bench-'))
  try {
    await makeClip(join(folder, 'clip.mp4'), 120)
    const cache = await openFrameCache([join(folder, 'clip.mp4')], {
      folder: join(folder, 'cache'),
      shortSide: 256,
      limitBytes: 2e9,
      tableFolder: join(folder, 'cache'),
    })
    await cache.close()
    for (const name of options.models.split(',')) {
      const args = [process.argv[1]!, 'train', '--job', name, '--folder', folder, '--device', device]
      const more = ['--threads', String(threads), '--batch', String(batch), '--steps', options.steps]
      const child = spawnSync(process.execPath, [...args, ...more], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      if (child.status !== 0) throw new Error(`Training ${name} failed with code ${child.status}.`)
      report(name, JSON.parse(child.stdout) as Job)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function report(name: string, { ready, seconds, waited, peak, matrix }: Job): void {
  const total = seconds.reduce((a, b) => a + b, 0)
  const step = total / seconds.length
  const flop = 3 * batch * pairFlop(modelOf(name))
  console.log(`\nViT-${name} with a decoder, ${(flop / batch / 1e9).toFixed(1)} GFLOP per pair`)
  row('matrix speed (fp32)', `${(matrix / 1e9).toFixed(0)} GFLOP/s`)
  row('step', `${step.toFixed(3)} s, ${(batch / step).toFixed(2)} pairs per second`)
  row('share of the matrix speed', percent(flop / step / matrix))
  row('first step starts after', `${ready.toFixed(1)} s`)
  row('waiting for data', `${((100 * waited) / total).toFixed(1)} %`)
  row('peak memory', `${(peak / 1024 ** 3).toFixed(2)} GB`)
}
