import { dirname, join, relative, resolve } from 'node:path'
import { Command, Option } from 'commander'
import type { Label, Run } from '../../annotation/index.ts'
import { CancelledError, messageOf, UsageError } from '../../errors.ts'
import { writeFileAtomic } from '../../files.ts'
import { type DatasetFormat, formats, sequenceNameOf, writeSidecar } from '../../formats/index.ts'
import { modelLabel, starterModelPath, toolVersion } from '../../installation/index.ts'
import { runRecord } from '../../marks/index.ts'
import {
  CHANGEABLE,
  changedSettings,
  FEWEST_CELLS,
  FeatureExtractor,
  modelSize,
  overlappingObjects,
  PRESETS,
  type PresetName,
  type PropagationSettings,
  propagate,
  type SmallObjects,
} from '../../propagation/index.ts'
import type { FrameSize, VideoSource } from '../../video/index.ts'
import { parseInit, readInit } from '../inits.ts'
import { collectMarks, type Marks } from '../marks.ts'
import { writeOverlayVideo } from '../overlay-video.ts'
import { createProgress, say } from '../progress.ts'
import { protectSidecar } from '../protect-sidecar.ts'
import { type Outcome, propagationReport, summaryLine } from '../report.ts'
import { describe, RunResults } from '../results.ts'
import {
  loadModel,
  numberOption,
  openClip,
  prepareOutput,
  printJson,
  refuseOverwrite,
  startEngine,
} from '../shared.ts'

interface PropagateOptions {
  init: string[]
  out: string
  model?: string
  device: string
  threads?: string
  preset: PresetName
  topK?: string
  context?: string
  marks?: string
  radius?: string
  temperature?: string
  size: string
  direction: 'forward' | 'backward' | 'both'
  range?: string
  format?: DatasetFormat['id']
  overlay?: string
  verbose?: boolean
  json?: boolean
}

const sidecarPath = ({ out }: Pick<PropagateOptions, 'out'>): string => join(out, 'annotations.siam.json')

/** The side-car is saved this often while a run goes on, so that even a power cut costs little. */
const SAVE_EVERY_MS = 30_000

/** `siammae propagate`: the main job. */
export function propagateCommand(signal: AbortSignal): Command {
  return new Command('propagate')
    .description('carry marked masks or keypoints through a clip')
    .argument('<video>', 'video file or folder of images')
    .requiredOption(
      '--init <mark[@frame]>',
      'mask PNG, keypoints JSON or side-car, and the frame it is of (default 0); repeatable',
      collect,
      [],
    )
    .requiredOption('--out <dir>', 'folder for annotations.siam.json, report.json and the dataset')
    .option('--model <file>', 'encoder checkpoint (default: the starter model)')
    .option('--device <device>', 'auto, cpu, webgpu, cuda, dml, coreml', 'auto')
    .option('--threads <n>', 'processor threads (default: one per core)')
    .addOption(
      new Option('--preset <name>', 'our own way, or a published protocol')
        .choices(Object.keys(PRESETS))
        .default('annotator'),
    )
    .option('--top-k <n>', 'labelled tokens that vote (default: the preset)')
    .option('--context <n>', 'recent frames kept as context (default: the preset)')
    .option('--marks <n>', 'nearest marked frames kept as context (default: 16)')
    .option('--radius <n>', 'neighbourhood in patches (default: the preset)')
    .option('--temperature <t>', 'softmax temperature (default: the preset)')
    .option('--size <pixels>', 'short side at which the network sees the clip', '480')
    .addOption(
      new Option('--direction <way>', 'where to').choices(['forward', 'backward', 'both']).default('forward'),
    )
    .option('--range <a:b>', 'only frames a to b, both included')
    .addOption(
      new Option(
        '--format <name>',
        'dataset to write (default: davis where there are masks, else coco)',
      ).choices(Object.keys(formats)),
    )
    .option('--overlay <file.mp4>', 'also write the clip with the marks drawn on it')
    .option('--verbose', 'a line for every frame')
    .option('--json', 'print the report as JSON')
    .action((path: string, options: PropagateOptions) => runPropagate(path, options, signal))
}

function collect(value: string, before: string[]): string[] {
  return [...before, value]
}

/** The preset with what the command line changes. @throws UsageError naming the option */
function settingsFrom(
  options: Pick<PropagateOptions, 'preset' | 'topK' | 'context' | 'marks' | 'radius' | 'temperature'>,
): PropagationSettings {
  const changes: Record<string, number> = {}
  for (const key of CHANGEABLE) {
    const text = options[key]
    if (text !== undefined) changes[key] = numberOption(OPTION_OF[key], text, { min: -1e9, max: 1e9 })
  }
  return changedSettings(options.preset, changes, (key) => OPTION_OF[key])
}

const OPTION_OF = {
  topK: '--top-k',
  context: '--context',
  marks: '--marks',
  radius: '--radius',
  temperature: '--temperature',
} as const

function parseRange(text: string | undefined, count: number): [number, number] {
  if (text === undefined) return [0, count - 1]
  const match = /^(\d+):(\d+)$/.exec(text)
  const [first, last] = [Number(match?.[1]), Number(match?.[2])]
  if (!match || first > last || last >= count)
    throw new UsageError(`--range "${text}" must be a:b with 0 <= a <= b <= ${count - 1}.`)
  return [first, last]
}

async function runPropagate(path: string, options: PropagateOptions, signal: AbortSignal): Promise<void> {
  const settings = settingsFrom(options)
  const short = numberOption('--size', options.size, { min: 16, max: 4096, whole: true })
  const threads =
    options.threads === undefined
      ? undefined
      : numberOption('--threads', options.threads, { min: 1, max: 256, whole: true })
  if (options.init.length === 0)
    throw new UsageError('Give at least one --init: what to carry through the clip.')

  const source = await openClip(path, signal)
  try {
    const { table } = source
    const range = parseRange(options.range, table.frames.length)
    const marks = collectMarks(await readInits(options.init, source), range, {
      path: relative(resolve(options.out), table.path) || '.',
      hash: table.contentHash,
      frameCount: table.frames.length,
      width: table.width,
      height: table.height,
    })
    const overlapping = [...overlappingObjects(marks.masks)].map(([a, b]) => `${a} and ${b}`)
    if (overlapping.length > 0)
      say(
        `Note: the marked masks of objects ${overlapping.join(', ')} overlap; each is carried whole, so their results may overlap too.`,
      )
    const model = await loadModel(options.model)
    const size = modelSize(table, short, model)
    await prepareOutput(options.out)
    const inputs = [
      path,
      options.model ?? starterModelPath(),
      ...options.init.map((text) => parseInit(text).path),
    ]
    if (options.overlay) {
      await refuseOverwrite('--overlay', options.overlay, inputs)
      await prepareOutput(dirname(options.overlay))
    }
    await protectSidecar(sidecarPath(options), marks.document, options.init)
    const format = options.format ?? defaultFormat(marks)
    const sequence = sequenceNameOf(table.path)
    if (format)
      await formats[format].checkFolder({
        folder: options.out,
        sequence,
        video: marks.document.video,
        labels: labelsInUse(marks.document),
      })
    const { engine, choice } = await startEngine(options.device, signal, threads)
    try {
      const run = runRecord({
        id: Math.max(0, ...marks.document.runs.keys()) + 1,
        model,
        device: choice.device,
        preset: options.preset,
        settings,
        size,
        direction: options.direction,
        range,
        tool: toolVersion(),
      })
      say(
        `${table.frames.length} frames of ${table.width}x${table.height}; ${modelLabel(model)} on ${choice.device} at ${size.width}x${size.height}; preset ${options.preset}`,
      )
      const extractor = await FeatureExtractor.create(engine, model, size)
      const job = propagate({
        video: source,
        engine,
        extractor,
        settings,
        masks: marks.masks,
        poses: marks.poses,
        direction: options.direction,
        range,
        signal,
      })
      const { spots, fading } = smallObjectNotes(job.small, marks.document, size)
      for (const sentence of [...spots, ...fading]) say(`Note: ${sentence}`)
      const outcome = await carry(job, marks, run, options)
      // A failure before the first result leaves nothing to keep.
      if (outcome.done === 0 && outcome.ended !== undefined && !(outcome.ended instanceof CancelledError))
        throw outcome.ended
      await writeOutputs({
        source,
        marks,
        run,
        options,
        dataset: format && { format, sequence },
        range,
        outcome,
        warnings: fading,
        model: modelLabel(model),
        signal,
      }).catch((error) => {
        // What went wrong first is the reason; what could not be written is only told.
        if (outcome.ended === undefined) throw error
        say(`What was done could not be kept whole: ${messageOf(error)}`)
      })
      if (outcome.ended !== undefined) throw outcome.ended
    } finally {
      await engine.close()
    }
  } finally {
    await source.close()
  }
}

/** A label map holds no keypoints; undefined where nothing is marked that a dataset could hold. */
function defaultFormat({ masks, poses }: Marks): DatasetFormat['id'] | undefined {
  if (masks.length > 0) return 'davis'
  return poses.some(({ joints }) => joints.some((joint) => joint !== undefined)) ? 'coco' : undefined
}

function labelsInUse({ labels, objects }: Marks['document']): Label[] {
  const used = new Set([...objects.values()].map(({ labelId }) => labelId))
  return [...labels.values()].filter(({ id }) => used.has(id))
}

async function readInits(texts: readonly string[], source: VideoSource) {
  const inits = []
  for (const text of texts) inits.push(await readInit(text, source.table))
  return inits
}

/** A sentence for each object that is small for the network. */
function smallObjectNotes(
  { spots, fading }: SmallObjects,
  { objects }: Marks['document'],
  { width, height }: FrameSize,
): { spots: string[]; fading: string[] } {
  const name = (id: number) => objects.get(id)?.name ?? id
  const network = `the network at ${width}x${height}`
  return {
    spots: spots.map(
      (id) =>
        `object ${name(id)} is small for ${network}: it travels as a point and keeps the shape that was drawn; give a larger --size where its shape changes.`,
    ),
    fading: fading.map(
      (id) =>
        `object ${name(id)} covers fewer than ${FEWEST_CELLS} patches of ${network} and is likely lost within a few frames; give a larger --size, or mark it by a keypoint.`,
    ),
  }
}

/** Runs the job into the document; what was done stays, whatever ends it. */
async function carry(
  job: ReturnType<typeof propagate>,
  { document }: Marks,
  run: Run,
  options: PropagateOptions,
): Promise<Outcome> {
  const progress = createProgress('Propagating')
  const results = new RunResults(document, run)
  let done = 0
  const start = performance.now()
  let lastSave = start
  let ended: unknown
  try {
    for await (const result of job.results) {
      const report = results.add(result)
      done++
      if (options.verbose) progress.line(describe(report))
      const elapsed = (performance.now() - start) / 1000
      progress.update(done, job.total, `steps, ${(done / elapsed).toFixed(2)} per second`)
      if (performance.now() - lastSave > SAVE_EVERY_MS) {
        await writeSidecar(sidecarPath(options), document)
        lastSave = performance.now()
      }
    }
  } catch (error) {
    ended = error
  } finally {
    progress.end()
  }
  const seconds = (performance.now() - start) / 1000
  return { frames: results.frames, done, planned: job.total, seconds, ended }
}

interface Outputs {
  readonly source: VideoSource
  readonly marks: Marks
  readonly run: Run
  readonly options: PropagateOptions
  readonly dataset: { readonly format: keyof typeof formats; readonly sequence: string } | undefined
  readonly range: readonly [number, number]
  readonly outcome: Outcome
  /** Told already. */
  readonly warnings: readonly string[]
  readonly model: string
  readonly signal: AbortSignal
}

async function writeOutputs({
  source,
  marks,
  run,
  options,
  dataset,
  range,
  outcome,
  warnings: told,
  model,
  signal,
}: Outputs): Promise<void> {
  const { document } = marks
  const { table } = source
  const sidecar = sidecarPath(options)
  await writeSidecar(sidecar, document)
  const wrote = [sidecar]
  const warnings: string[] = []

  if (dataset) {
    const report = await formats[dataset.format].write(document, {
      folder: options.out,
      sequence: dataset.sequence,
      frames: table.frames.map(({ index, time, file }) => ({ index, time, file })),
      tool: toolVersion(),
    })
    wrote.push(`${report.files} files of the ${dataset.format} dataset`)
    warnings.push(...report.warnings)
  }

  const report = propagationReport({
    outcome,
    run,
    video: { ...document.video, path: table.path },
    range,
    warnings: [...told, ...warnings],
  })
  const reportPath = join(options.out, 'report.json')
  await writeFileAtomic(reportPath, `${JSON.stringify(report, null, 2)}\n`)
  wrote.push(reportPath)

  const untrained = run.model.trained ? '' : ' · untrained model'
  if (options.overlay && outcome.ended === undefined) {
    const progress = createProgress('Drawing the overlay')
    try {
      const { notice } = await writeOverlayVideo(options.overlay, source, document, {
        range,
        note: untrained,
        signal,
        onProgress: (done, total) => progress.update(done, total),
      })
      if (notice) say(`Note: ${notice}`)
      wrote.push(options.overlay)
    } finally {
      progress.end()
    }
  }

  for (const warning of warnings) say(`Warning: ${warning}`)
  if (options.json) printJson(report)
  else {
    console.log(summaryLine(report, model))
    for (const path of wrote) console.log(`  ${path}`)
  }
}
