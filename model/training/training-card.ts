/** `training-card.md`: what a model learned from, how, where, and how far it came. */
import { stat } from 'node:fs/promises'
import { arch, cpus, platform, release, totalmem } from 'node:os'
import { dirname } from 'node:path'
import { encoderName } from '../siammae/index.ts'
import type { ClipNote } from './data-sources.ts'
import { licenceOf } from './licences.ts'
import type { ClipRecord, StepMetrics } from './run-folder.ts'
import type { RunConfig } from './run-schema.ts'

export interface CardFacts {
  readonly config: RunConfig
  readonly clips: readonly ClipRecord[]
  readonly skipped: readonly ClipNote[]
  readonly parameters: number
  /** `siammae 0.1.0` */
  readonly tool: string
  /** The device that really ran. */
  readonly device: string
  /** Every step of the run, in order. */
  readonly metrics: readonly StepMetrics[]
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

/** The card as Markdown. */
export async function trainingCard(facts: CardFacts): Promise<string> {
  const { config, tool, device } = facts
  const { encoder, decoder } = config.model
  return `# Training card: SiamMAE ${encoderName(encoder)}

Written by ${tool} on ${new Date().toISOString().slice(0, 10)}.

## Model

${encoderName(encoder)}, ${config.model.encoderMode} encoder (${encoder.depth} blocks, ${encoder.dim} channels, ${encoder.heads} heads), ${config.model.decoderMode} decoder (${decoder.depth} blocks, ${decoder.dim} channels, ${decoder.heads} heads), ${facts.parameters.toLocaleString('en')} parameters, pictures of ${config.model.imageSize} x ${config.model.imageSize} pixels. Removed of the past frame ${percent(config.model.pastRatio)}, of the future frame ${percent(config.model.futureRatio)}.

${config.init ? `Started from ${config.init.path} (${config.init.hash}).` : 'Started from random weights.'} ${licenceSentence(config.init)}

## Data

${await dataSection(facts)}
## Settings

Preset ${config.preset}, seed ${config.seed}; ${config.batch} pairs x ${config.accumulate} per step, base learning rate ${config.optimiser.learningRate} (peak ${((config.optimiser.learningRate * config.batch * config.accumulate) / 256).toPrecision(3)}), ${config.schedule.warmupSteps} of ${config.schedule.steps} steps warm-up. In full:

\`\`\`json
${JSON.stringify(config, null, 2)}
\`\`\`

## Machine

Device ${device}; ${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} logical cores, ${(totalmem() / 1e9).toFixed(0)} GB memory; ${platform()} ${release()} ${arch()}; Node ${process.version}.

## Results

${resultSection(facts)}`
}

function licenceSentence(init: RunConfig['init']): string {
  const start =
    init === null ? '' : `that of the weights that it started from (${init.licence ?? 'unknown'}) and `
  return `Licence: ${start}that of the footage below.`
}

const percent = (share: number): string => `${Number((100 * share).toFixed(2))} %`

async function dataSection({ clips, skipped }: CardFacts): Promise<string> {
  const rows = []
  const licences = new Map<string, Promise<string>>()
  for (const clip of clips) {
    const folder = dirname(clip.path)
    // Videos share what their folder says; a folder of images may hold a file of its own.
    const key = (await isFolder(clip.path)) ? clip.path : folder
    const licence = licences.get(key) ?? licenceOf(clip.path)
    licences.set(key, licence)
    rows.push(
      `| ${cell(clip.name)} | ${cell(folder)} | ${clip.frames} | ${Number(clip.fps.toFixed(2))} | ${cell(await licence)} |`,
    )
  }
  const frames = clips.reduce((sum, clip) => sum + clip.frames, 0)
  const left = skipped.map(({ reason }) => `- ${reason}`).join('\n')
  return `${clips.length} clips, ${frames.toLocaleString('en')} frames. Licences are those that a file beside the clip names.

| clip | folder | frames | fps | licence |
| ---- | ------ | ------ | --- | ------- |
${rows.join('\n')}
${left ? `\nNot used:\n\n${left}\n` : ''}`
}

/** False too for a clip that is gone by now. */
async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false
}

function resultSection({ metrics, config }: CardFacts): string {
  const last = metrics.at(-1)
  if (!last) return 'No step was done yet.\n'
  const pairs = config.batch * config.accumulate
  const seconds = metrics.reduce((sum, { pairsPerSecond }) => sum + pairs / pairsPerSecond, 0)
  const waiting = metrics.reduce((sum, { secondsWaiting }) => sum + secondsWaiting, 0)
  const mean = (part: readonly StepMetrics[]): string =>
    (part.reduce((sum, { loss }) => sum + loss, 0) / part.length).toFixed(4)
  const span = Math.min(50, metrics.length)
  return `${last.step} of ${config.schedule.steps} steps, ${(last.step * pairs).toLocaleString('en')} pairs in ${(seconds / 3600).toFixed(2)} hours of computing (${((metrics.length * pairs) / seconds).toFixed(2)} pairs per second, ${percent(waiting / seconds)} of it waiting for data). Loss ${mean(metrics.slice(0, span))} over the first ${span} steps, ${mean(metrics.slice(-span))} over the last ${span}.
`
}
