import { basename } from 'node:path'
import { Command } from 'commander'
import sharp from 'sharp'
import { throwIfCancelled, UsageError, UserError } from '../../errors.ts'
import { writeFileAtomic } from '../../files.ts'
import { clippedScaleOf, scaleOf } from '../../heat-map.ts'
import { bestMatches, ClassAttention, Correspondence, middleOf, patchAt } from '../../inspection/index.ts'
import { modelLabel, starterModelPath } from '../../installation/index.ts'
import { FeatureExtractor, modelSize } from '../../propagation/index.ts'
import type { Engine } from '../../runtime/index.ts'
import type { FrameSize, VideoSource } from '../../video/index.ts'
import type { FeatureModel } from '../../weights/index.ts'
import { drawHeatPicture, type HeatLayout, type HeatTile } from '../heat-picture.ts'
import { loadModel, numberOption, openClip, printJson, refuseOverwrite, startEngine } from '../shared.ts'

interface InspectOptions {
  from: string
  point?: string
  to?: string
  attention?: boolean
  model?: string
  size: string
  device: string
  topK: string
  opacity: string
  out: string
  json?: boolean
}

const SHORTEST = 16
const LONGEST = 4096

/** `siammae inspect`: what a model sees. */
export function inspectCommand(signal: AbortSignal): Command {
  return new Command('inspect')
    .description(
      'draw where a model finds a patch of one frame in another frame, or what its [CLS] token looks at',
    )
    .argument('<video>', 'video file or folder of images')
    .requiredOption('--from <frame>', 'the frame that the patch is in, or whose attention is drawn')
    .option(
      '--point <x,y>',
      'a point in the patch, in pixels of the video; 0,0 is the centre of the first one',
    )
    .option('--to <frame>', 'the frame to look in')
    .option('--attention', 'draw the attention of [CLS] in the last block instead: its mean and every head')
    .requiredOption('--out <file.png>', 'picture to write')
    .option('--model <file>', 'encoder checkpoint (default: the starter model)')
    .option('--size <pixels>', 'short side at which the network sees the clip', '480')
    .option('--top-k <k>', 'how many matches are marked', '7')
    .option('--opacity <percent>', 'how much the colours cover the frame', '60')
    .option('--device <device>', 'auto, cpu, webgpu, ...', 'auto')
    .option('--json', 'print what was found as JSON')
    .action(async (path: string, options: InspectOptions) => {
      const opacity = numberOption('--opacity', options.opacity, { min: 0, max: 100 }) / 100
      const short = numberOption('--size', options.size, { min: SHORTEST, max: LONGEST, whole: true })
      checkKind(options)
      await refuseOverwrite('--out', options.out, [path, options.model ?? starterModelPath()])
      const model = await loadModel(options.model)
      const source = await openClip(path, signal)
      try {
        const size = modelSize(source.table, short, model)
        const { engine, choice } = await startEngine(options.device, signal)
        try {
          const clip: Clip = { path, source, size, opacity, signal }
          const { facts, lines, picture } = options.attention
            ? await attentionOf(clip, engine, model, options)
            : await correspondenceOf(clip, engine, model, options)
          throwIfCancelled(signal)
          await writePicture(options.out, picture)
          const network = `${modelLabel(model)} at ${size.width}x${size.height} on ${choice.device}`
          if (options.json)
            printJson({
              ...facts,
              model: modelLabel(model),
              modelHash: model.hash,
              size,
              device: choice.device,
            })
          else console.log([...lines, `Wrote ${options.out} (${network})`].join('\n'))
        } finally {
          await engine.close()
        }
      } finally {
        await source.close()
      }
    })
}

interface Clip {
  readonly path: string
  readonly source: VideoSource
  /** At which the network sees it. */
  readonly size: FrameSize
  readonly opacity: number
  readonly signal: AbortSignal
}

interface Found {
  /** For --json. */
  readonly facts: Record<string, unknown>
  /** For people. */
  readonly lines: readonly string[]
  readonly picture: ReturnType<typeof drawHeatPicture>
}

/** @throws UsageError when the options ask for both things, or for half of one */
function checkKind({ attention, point, to }: InspectOptions): void {
  if (attention && (point !== undefined || to !== undefined))
    throw new UsageError('--attention is of one frame; leave --point and --to out, or leave --attention out.')
  if (!attention && (point === undefined || to === undefined))
    throw new UsageError(
      'Say what to look for and where: --point x,y for a patch of the frame --from, and --to for the other frame; or --attention.',
    )
}

async function correspondenceOf(
  { path, source, size, opacity, signal }: Clip,
  engine: Engine,
  model: FeatureModel,
  options: InspectOptions,
): Promise<Found> {
  const { table } = source
  if (table.frames.length < 2)
    throw new UserError(`${path} has one frame only, so there is no other frame to look in.`)
  const from = frameOption('--from', options.from, source)
  const to = frameOption('--to', options.to!, source)
  const point = pointOption(options.point!, table)
  const extractor = await FeatureExtractor.create(engine, model, size)
  const { grid } = extractor
  const k = numberOption('--top-k', options.topK, { min: 1, max: grid.rows * grid.columns, whole: true })
  const read = async (frame: number) => (await source.frame(frame, { size, signal })).data
  const reference = await extractor.extract(await read(from))
  const other = to === from ? reference : await extractor.extract(await read(to))
  throwIfCancelled(signal)
  const comparison = await Correspondence.create(engine, grid, model.config.dim)
  // Patches are counted from the picture's corner, people count from the middle of its first pixel.
  const patch = patchAt(point.x + 0.5, point.y + 0.5, table, grid)
  const similarity = await comparison.compare(reference, patch, other)
  const matches = bestMatches(similarity, grid, k)
  const scale = scaleOf(similarity)
  const placed = matches.map((match) => {
    const { x, y } = middleOf(match, table, grid)
    return { ...match, x: x - 0.5, y: y - 0.5 }
  })
  const layout: HeatLayout = {
    width: table.width,
    height: table.height,
    grid,
    opacity,
    perLine: 2,
    scaleText: `similarity ${scale.low.toFixed(2)} to ${scale.high.toFixed(2)}`,
  }
  const tiles: HeatTile[] = [
    {
      data: (await source.frame(from, { signal })).data,
      caption: `frame ${from}`,
      patch,
    },
    {
      data: (await source.frame(to, { signal })).data,
      caption: `frame ${to}`,
      heat: { values: similarity, scale },
      matches,
    },
  ]
  const where = ({ row, column }: { row: number; column: number }) => `row ${row}, column ${column}`
  return {
    facts: { from, to, point, patch, grid, matches: placed, scale },
    lines: [
      `Patch of ${basename(path)}, frame ${from}: ${where(patch)} of ${grid.rows} x ${grid.columns}`,
      ...placed.map(
        (match, i) =>
          `${i + 1}. frame ${to} at ${match.x.toFixed(1)}, ${match.y.toFixed(1)} (${where(match)}): similarity ${match.similarity.toFixed(3)}`,
      ),
    ],
    picture: drawHeatPicture(tiles, layout),
  }
}

async function attentionOf(
  { path, source, size, opacity, signal }: Clip,
  engine: Engine,
  model: FeatureModel,
  options: InspectOptions,
): Promise<Found> {
  const { table } = source
  const frame = frameOption('--from', options.from, source)
  const network = await ClassAttention.create(engine, model, size)
  const { grid } = network
  const { heads, maps, mean, onPatches } = await network.look(
    (await source.frame(frame, { size, signal })).data,
  )
  throwIfCancelled(signal)
  const count = grid.rows * grid.columns
  const { data } = await source.frame(frame, { signal })
  const tile = (values: Float32Array, caption: string): HeatTile => ({
    data,
    caption,
    heat: { values, scale: clippedScaleOf(values) },
  })
  const tiles = [
    { data, caption: `frame ${frame}` },
    tile(mean, 'mean of the heads'),
    ...Array.from({ length: heads }, (_, head) =>
      tile(maps.subarray(head * count, (head + 1) * count), `head ${head + 1}`),
    ),
  ]
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`
  return {
    facts: { frame, heads, grid, onPatches: [...onPatches], mean: [...mean] },
    lines: [
      `Attention of [CLS] in the last block of ${basename(path)}, frame ${frame}, over ${grid.rows} x ${grid.columns} patches`,
      ...[...onPatches].map((share, head) => `Head ${head + 1}: ${percent(share)} on patches`),
    ],
    picture: drawHeatPicture(tiles, {
      width: table.width,
      height: table.height,
      grid,
      opacity,
      perLine: Math.min(4, Math.ceil(Math.sqrt(tiles.length))),
      scaleText: 'attention of each map, from 0 to what 99 % of its patches stay below',
    }),
  }
}

function frameOption(name: string, text: string, { table }: VideoSource): number {
  return numberOption(name, text, { min: 0, max: table.frames.length - 1, whole: true })
}

/** @throws UsageError unless it lies in the picture */
function pointOption(text: string, { width, height }: FrameSize): { x: number; y: number } {
  const parts = text.split(',')
  if (parts.length !== 2)
    throw new UsageError(`--point "${text}" must be x,y in pixels of the video, such as 320,180.`)
  const [x, y] = [width, height].map((size, i) =>
    numberOption('--point', parts[i]!, { min: -0.5, max: size - 0.5 }),
  ) as [number, number]
  return { x, y }
}

async function writePicture(path: string, { width, height, data }: Found['picture']): Promise<void> {
  await writeFileAtomic(
    path,
    await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
  )
}
