/** `npm run bench -- propagate`: how fast and how big propagation is. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { encodeLabels } from '../../model/annotation/index.ts'
import { writeIndexedPng } from '../../model/formats/index.ts'
import type { LabelMap } from '../../model/label-map.ts'
import { Affinity } from '../../model/propagation/affinity.ts'
import { coherentCandidates } from '../../model/propagation/coherence.ts'
import { decodeAlongEdges } from '../../model/propagation/edges.ts'
import { FeatureExtractor, networkSize, PRESETS, propagate } from '../../model/propagation/index.ts'
import { labelsFromMask } from '../../model/propagation/labels.ts'
import { type Device, Engine } from '../../model/runtime/index.ts'
import { type EncoderConfig, encoderConfig, initialiseEncoder } from '../../model/siammae/index.ts'
import { openVideo } from '../../model/video/index.ts'
import { HEIGHT, machine, makeClip, matrixSpeed, median, percent, row, timed, WIDTH } from './support.ts'

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    device: { type: 'string', default: 'cpu' },
    threads: { type: 'string', default: '0' },
    patch: { type: 'string', default: '16,8' },
    /** Frames of the whole-job measurement; 3000 shows the memory of a long clip and takes hours on a CPU. */
    frames: { type: 'string', default: '40' },
    /** Internal: one whole job in a process of its own, for its peak memory. */
    job: { type: 'string' },
    clip: { type: 'string' },
  },
})
const device = options.device as Device
const threads = Number(options.threads)

/** Multiplications and additions of one picture through the encoder: projections, attention, MLP, patches. */
function encoderFlop({ dim, depth, patch, mlpRatio }: EncoderConfig, tokens: number): number {
  const perBlock = (2 * 4 + 4 * mlpRatio) * tokens * dim * dim + 4 * tokens * tokens * dim
  return depth * perBlock + 2 * tokens * 3 * patch * patch * dim
}

/** The mask that everything is measured with. */
function circle(): LabelMap {
  const map = { width: WIDTH, height: HEIGHT, data: new Uint8Array(WIDTH * HEIGHT) }
  for (let y = 0; y < HEIGHT; y++)
    for (let x = 0; x < WIDTH; x++)
      if ((x - 400) ** 2 + (y - 240) ** 2 < 100 ** 2) map.data[y * WIDTH + x] = 1
  return map
}

/** The whole job on a clip: one circle carried from frame 0. */
async function wholeJob(
  clip: string,
  patch: number,
): Promise<{ seconds: number; frames: number; peak: number }> {
  const video = await openVideo(clip)
  const engine = await Engine.start(device, { threads })
  const config = encoderConfig('S', patch)
  const extractor = await FeatureExtractor.create(
    engine,
    { config, parameters: initialiseEncoder(config, 1) },
    networkSize(video.table, 480, patch),
  )
  const map = circle()
  const job = propagate({
    video,
    engine,
    extractor,
    settings: PRESETS.siammae,
    masks: [{ frame: 0, map, objects: [1] }],
    poses: [],
    direction: 'forward',
    range: [0, video.table.frames.length - 1],
  })
  let frames = 0
  const times: number[] = []
  const folder = mkdtempSync(join(tmpdir(), 'siammae-bench-job-'))
  for await (const result of job.results) {
    if (result.kind !== 'masks') throw new Error('The job carries a mask.')
    // What a run writes per frame: the run-length mask of the side-car and the picture of the dataset.
    const { data: indices } = result.layers[0]!.map
    encodeLabels(indices, WIDTH, HEIGHT, 1)
    const picture = { width: WIDTH, height: HEIGHT, indices }
    await writeIndexedPng(join(folder, `${result.frame}.png`), picture)
    times.push(result.seconds)
    // Growth from frame to frame would show here long before it fills the memory.
    if (++frames % 100 === 0)
      console.error(`  frame ${frames}: ${(process.memoryUsage.rss() / 1024 ** 3).toFixed(2)} GB`)
  }
  rmSync(folder, { recursive: true, force: true })
  // The first half fills the context; from there on every frame costs the same.
  const steady = times.slice(Math.min(21, Math.floor(times.length / 2)))
  await engine.close()
  await video.close()
  return { seconds: median(steady), frames, peak: process.resourceUsage().maxRSS * 1024 }
}

async function benchModel(engine: Engine, patch: number, clip: string): Promise<void> {
  const config = encoderConfig('S', patch)
  const size = networkSize({ width: WIDTH, height: HEIGHT }, 480, patch)
  const grid = { rows: size.height / patch, columns: size.width / patch }
  const cells = grid.rows * grid.columns
  console.log(
    `\nViT-S/${patch} at ${size.width}x${size.height}: ${grid.rows} x ${grid.columns} = ${cells} tokens`,
  )

  const speed = await matrixSpeed(engine, cells, config.dim)
  row('matrix speed (fp32)', `${(speed / 1e9).toFixed(0)} GFLOP/s`)

  const extractor = await FeatureExtractor.create(
    engine,
    { config, parameters: initialiseEncoder(config, 1) },
    size,
  )
  const pixels = Uint8Array.from({ length: size.width * size.height * 3 }, (_, i) => (i * 2654435761) >>> 24)
  const encoder = await timed(patch === 8 ? 3 : 7, async () =>
    engine.release(await extractor.extract(pixels)),
  )
  const encoderShare = encoderFlop(config, cells + 1) / encoder / speed
  row('encoder', `${encoder.toFixed(3)} s per frame, ${percent(encoderShare)} of the matrix speed`)

  const { topK: k, neighbourhood, context } = PRESETS.siammae
  const affinity = new Affinity(engine, { grid, dim: config.dim, k })
  const tokens = await extractor.extract(pixels)
  const step = async (): Promise<void> => {
    const work = [affinity.compare(tokens, tokens, undefined)]
    for (let i = 0; i < context; i++) work.push(affinity.compare(tokens, tokens, neighbourhood))
    await Promise.all(work)
  }
  const seconds = await timed(patch === 8 ? 3 : 7, step)
  const executed = affinity.cost(undefined).flop + context * affinity.cost(neighbourhood).flop
  const dense = (context + 1) * 2 * cells * cells * config.dim
  row(
    `affinity step (${context + 1} context frames)`,
    `${seconds.toFixed(3)} s per frame, ${percent(executed / seconds / speed)} of the matrix speed (${percent(executed / dense)} of all pairs computed)`,
  )
  // Another picture of noise: matches lie anywhere, which is the slowest case.
  const other = await extractor.extract(pixels.toReversed())
  const candidates = await affinity.compare(tokens, other, neighbourhood)
  const coherent = await timed(7, async () => {
    for (let i = 0; i <= context; i++) coherentCandidates(candidates, grid, PRESETS.annotator.coherence)
  })
  row(
    'neighbours that move alike',
    `${coherent.toFixed(3)} s per frame (preset annotator, ${context + 1} context frames, one thread)`,
  )
  const soft = labelsFromMask(circle(), grid, 2, patch, 'crw')
  const picture = { width: WIDTH, height: HEIGHT, data: pixels.subarray(0, 3 * WIDTH * HEIGHT) }
  const drawn = await timed(7, async () => decodeAlongEdges(soft, picture, PRESETS.annotator.edges))
  row('masks along edges', `${drawn.toFixed(3)} s per frame (preset annotator, one object, one thread)`)
  await engine.release(other)
  await engine.release(tokens)
  await affinity.close()
  await extractor.close()

  // A process of its own, so that its peak memory is that of the job.
  const args = [
    process.argv[1]!,
    'propagate',
    '--job',
    String(patch),
    '--clip',
    clip,
    '--device',
    device,
    '--threads',
    String(threads),
  ]
  const result = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  if (result.status !== 0) throw new Error(`The whole job failed with code ${result.status}.`)
  const job = JSON.parse(result.stdout) as { seconds: number; frames: number; peak: number }
  row(
    `whole job (${job.frames} frames)`,
    `${job.seconds.toFixed(3)} s per frame once the context is full, ${(1 / job.seconds).toFixed(2)} frames per second, ${(job.seconds / (encoder + seconds)).toFixed(2)} x (encoder + affinity)`,
  )
  row('peak memory of the job', `${(job.peak / 1024 ** 3).toFixed(2)} GB`)
}

/** Runs the benchmark, or one whole job where it was started for that. */
export async function benchPropagation(): Promise<void> {
  if (options.job !== undefined) {
    process.stdout.write(JSON.stringify(await wholeJob(options.clip!, Number(options.job))))
    return
  }
  console.log(machine(device))
  const folder = mkdtempSync(join(tmpdir(), 'siammae-bench-'))
  try {
    const clip = join(folder, 'clip.mp4')
    const frames = Number(options.frames)
    await makeClip(clip, frames)
    const start = performance.now()
    const video = await openVideo(clip)
    row(
      'frame table',
      `${(frames / ((performance.now() - start) / 1000)).toFixed(0)} frames per second (once per clip)`,
    )
    const decode = performance.now()
    let count = 0
    for await (const _ of video.frames({ size: networkSize(video.table, 480, 16) })) count++
    row('decode and scale', `${(count / ((performance.now() - decode) / 1000)).toFixed(0)} frames per second`)
    await video.close()
    const engine = await Engine.start(device, { threads })
    for (const patch of options.patch.split(',').map(Number)) await benchModel(engine, patch, clip)
    await engine.close()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
