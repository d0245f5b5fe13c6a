import { join } from 'node:path'
import { throwIfCancelled, UserError } from '../errors.ts'
import { type IndexedPng, readIndexedPng } from '../formats/index.ts'
import { findSequences, labelMapNames } from './davis-folders.ts'
import { type ObjectScore, scoreFrame, summariseObjects } from './sequence.ts'
import { meanOfNumbers, type Statistic } from './statistics.ts'

const VOID = 255

export interface DavisOptions {
  /** Folder of predicted label maps; for its layout see {@link findSequences}. */
  predictions: string
  /** Folder of true label maps. */
  groundTruth: string
  /** Sequences to score; all that have a prediction when left out. */
  sequences?: readonly string[]
  onProgress?: (progress: { sequence: string; done: number; total: number }) => void
  signal?: AbortSignal
}

export interface DavisSequenceScore {
  name: string
  /** File names of the frames that count: all but the first and the last. */
  frames: string[]
  objects: ObjectScore[]
}

export interface DavisScore {
  sequences: DavisSequenceScore[]
  /** Means over all objects of all sequences, as the official table prints them. */
  overall: { jf: number; j: Statistic; f: Statistic }
  /** Sequences of the ground truth that were not scored because there is no prediction for them. */
  notPredicted: string[]
}

/**
 * J and F of a set of results under the semi-supervised DAVIS-2017 protocol: the first frame's mask was given, the
 * first and the last frame do not count, and every object of every sequence has the same weight.
 *
 * The objects are those of the ground truth's first frame. Its 255 is void and becomes background; but where 255
 * is the only value of the first frame it is a DAVIS-2016 mask of object 1, and a prediction of nothing but 0 and
 * 255 then means the same. Predicted ids that the ground truth does not have are background.
 *
 * A frame that was not predicted is an error rather than an empty mask, so that half a run never looks like a bad
 * model.
 * @throws UserError naming the file or folder that is missing, unreadable or of another size; CancelledError
 */
export async function scoreDavis(options: DavisOptions): Promise<DavisScore> {
  const truths = await findSequences(options.groundTruth)
  const predictions = pairSingles(await findSequences(options.predictions), truths, options)
  const names = chooseSequences(options, truths, predictions)
  const sequences: DavisSequenceScore[] = []
  for (const name of names) {
    sequences.push(await scoreOne(name, truths.get(name)!, predictions.get(name)!, options))
  }
  return {
    sequences,
    overall: overallOf(sequences.flatMap(({ objects }) => objects)),
    notPredicted: options.sequences ? [] : [...truths.keys()].filter((name) => !predictions.has(name)),
  }
}

/** Two folders that each hold the PNGs of one sequence belong together, whatever they are called. */
function pairSingles(
  predictions: Map<string, string>,
  truths: Map<string, string>,
  { predictions: predicted, groundTruth }: DavisOptions,
): Map<string, string> {
  const [truth] = truths
  const [prediction] = predictions
  if (truth?.[1] !== groundTruth || prediction?.[1] !== predicted) return predictions
  return new Map([[truth[0], predicted]])
}

function chooseSequences(
  options: DavisOptions,
  truths: Map<string, string>,
  predictions: Map<string, string>,
): string[] {
  if (options.sequences) {
    for (const name of options.sequences)
      for (const [folders, root] of [
        [truths, options.groundTruth],
        [predictions, options.predictions],
      ] as const)
        if (!folders.has(name))
          throw new UserError(
            `There is no sequence ${name} in ${root}; it holds ${[...folders.keys()].join(', ')}.`,
          )
    return [...options.sequences]
  }
  const both = [...truths.keys()].filter((name) => predictions.has(name))
  if (both.length === 0)
    throw new UserError(
      `No sequence of ${options.predictions} (${[...predictions.keys()].join(', ')}) has a ground truth of the same name in ${options.groundTruth} (${[...truths.keys()].join(', ')}).`,
    )
  return both
}

async function scoreOne(
  name: string,
  truthFolder: string,
  predictionFolder: string,
  { onProgress, signal }: DavisOptions,
): Promise<DavisSequenceScore> {
  const all = await labelMapNames(truthFolder)
  const frames = all.slice(1, -1)
  if (frames.length === 0)
    throw new UserError(
      `The ground truth ${truthFolder} has ${all.length} frames; at least 3 are needed because the first and the last do not count.`,
    )
  const available = new Set(await labelMapNames(predictionFolder))
  const missing = frames.filter((frame) => !available.has(frame))
  if (missing.length > 0)
    throw new UserError(
      `The prediction ${join(predictionFolder, missing[0]!)} is missing${missing.length > 1 ? ` (and ${missing.length - 1} more)` : ''}; every frame of the ground truth except the first and the last needs one.`,
    )
  const first = await readIndexedPng(join(truthFolder, all[0]!))
  const ids = [...new Set(first.indices)].filter((id) => id !== 0).sort((a, b) => a - b)
  const binary = ids.length === 1 && ids[0] === VOID
  const objects = binary ? [1] : ids.filter((id) => id !== VOID)
  if (objects.length === 0)
    throw new UserError(
      `The ground truth ${join(truthFolder, all[0]!)} marks no object; its first frame must.`,
    )
  const scores: { j: number; f: number }[][] = []
  for (const [index, frame] of frames.entries()) {
    throwIfCancelled(signal)
    const truthPath = join(truthFolder, frame)
    const predictionPath = join(predictionFolder, frame)
    const truth = await readIndexedPng(truthPath)
    const prediction = await readIndexedPng(predictionPath)
    sameSize(first, join(truthFolder, all[0]!), truth, truthPath)
    sameSize(truth, truthPath, prediction, predictionPath)
    if (binary) binaryToObjectOne(truth.indices)
    if (objects.length === 1 && objects[0] === 1 && isBinary(prediction.indices))
      binaryToObjectOne(prediction.indices)
    scores.push(
      scoreFrame(
        { truth: truth.indices, prediction: prediction.indices },
        objects,
        truth.width,
        truth.height,
      ),
    )
    onProgress?.({ sequence: name, done: index + 1, total: frames.length })
  }
  return { name, frames, objects: summariseObjects(objects, scores) }
}

function sameSize(expected: IndexedPng, expectedPath: string, found: IndexedPng, foundPath: string): void {
  if (found.width !== expected.width || found.height !== expected.height)
    throw new UserError(
      `${foundPath} is ${found.width}x${found.height} pixels but ${expectedPath} is ${expected.width}x${expected.height}; masks must have the size of the ground truth.`,
    )
}

function isBinary(labels: Uint8Array): boolean {
  return labels.every((label) => label === 0 || label === VOID)
}

function binaryToObjectOne(labels: Uint8Array): void {
  for (let i = 0; i < labels.length; i++) if (labels[i] === VOID) labels[i] = 1
}

function overallOf(objects: readonly ObjectScore[]): DavisScore['overall'] {
  const mean = (pick: (object: ObjectScore) => number) => meanOfNumbers(objects.map(pick))
  const statistic = (side: 'j' | 'f'): Statistic => ({
    mean: mean((object) => object[side].mean),
    recall: mean((object) => object[side].recall),
    decay: mean((object) => object[side].decay),
  })
  const j = statistic('j')
  const f = statistic('f')
  return { jf: (j.mean + f.mean) / 2, j, f }
}
