import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type AnnotationDocument,
  encodeAllLabels,
  fromCounts,
  paintMask,
  type Rle,
  type VideoReference,
} from '../annotation/index.ts'
import { throwIfCancelled } from '../errors.ts'
import { makeFolder } from '../files.ts'
import type { ExportContext, ReadOptions } from './dataset-format.ts'
import { davisSequences, readLabelMaps } from './davis-read.ts'
import { type BuiltData, datasetFormat, type ExportJob } from './export-dataset.ts'
import { type ExportPlan, ranges, stemOf } from './export-plan.ts'
import { encodeIndexedPng } from './indexed-png.ts'
import { isOf, readProvenance } from './provenance.ts'
import { documentOf } from './restore.ts'
import { chooseSequence } from './sequences.ts'
import { exists } from './staging.ts'

const SET_FILE = join('ImageSets', '2017', 'val.txt')
const mapsOf = (sequence: string) => join('Annotations', '480p', sequence)

/** Indexed PNG label maps with the DAVIS palette, in the layout of the data set itself (Pont-Tuset et al. 2017). */
export const davis = datasetFormat({
  id: 'davis',
  title: 'DAVIS 2017',
  holds: { masks: true, keypoints: false },
  sharedFile: SET_FILE,
  picturesOf: (sequence) => join('JPEGImages', '480p', sequence),
  dataOf: async (folder, sequence) => {
    const path = join(folder, mapsOf(sequence))
    return (await exists(path).catch(() => false)) ? `${path} is there already and` : undefined
  },
  steps: (plan) => plan.frames.length,
  build,
  shapesOf: (document, plan) => {
    const { width, height } = document.video
    const labels = new Uint8Array(width * height)
    return (frame) => {
      paintFrame(document, plan, frame, labels)
      const seen = masksSeen(labels, document.video)
      return (objectId) => ({ mask: seen(objectId) })
    }
  },
  read,
})

async function build({ document, context, plan, stage, nameOf, step }: ExportJob): Promise<BuiltData> {
  const { folder, sequence } = context
  const maps = join(stage.folder, mapsOf(sequence))
  await makeFolder(maps)
  const files = plan.frames.map(({ index }) => `${nameOf(index)}.png`)
  const warnings = await writeMaps(
    document,
    plan,
    context,
    files.map((file) => join(maps, file)),
    step,
  )
  stage.replace(mapsOf(sequence))
  await writeSet(folder, stage.folder, sequence)
  stage.replace(SET_FILE)
  // Loaders pair masks and pictures by name.
  const odd = context.pictures
    ? undefined
    : plan.frames.find(({ index, file }) => file !== undefined && stemOf(file) !== nameOf(index))
  if (odd !== undefined)
    warnings.push(
      `The masks are numbered by frame, the pictures are not: ${nameOf(odd.index)}.png is of ${odd.file}. Export the frames too, or number the pictures.`,
    )
  return { count: files.length + 1, files, warnings }
}

/** One label map per planned frame. @returns warnings */
async function writeMaps(
  document: AnnotationDocument,
  plan: ExportPlan,
  context: ExportContext,
  paths: readonly string[],
  step: () => void,
): Promise<string[]> {
  const { width, height } = document.video
  const labels = new Uint8Array(width * height)
  const overlapping: number[] = []
  let pixels = 0
  for (const [i, { index }] of plan.frames.entries()) {
    throwIfCancelled(context.signal)
    const lost = paintFrame(document, plan, index, labels)
    if (lost > 0) overlapping.push(index)
    pixels += lost
    await writeFile(paths[i]!, encodeIndexedPng({ width, height, indices: labels }))
    step()
  }
  const warnings: string[] = []
  if (pixels > 0)
    warnings.push(
      `Objects overlap on frames ${ranges(overlapping)}: ${pixels} pixels went to the object with the higher number.`,
    )
  if (plan.objects.some(({ id }) => id === 255))
    warnings.push(
      'Object 255 has the number that DAVIS uses for pixels that do not count; give it another number.',
    )
  return warnings
}

/** The label map of a frame; later objects cover earlier ones. @returns how many pixels were covered */
function paintFrame(
  document: AnnotationDocument,
  plan: ExportPlan,
  frame: number,
  labels: Uint8Array,
): number {
  labels.fill(0)
  let covered = 0
  for (const { id } of plan.objects) {
    const entry = document.entry(id, frame)
    if (entry !== undefined && entry.state !== 'absent' && entry.mask !== undefined)
      covered += paintMask(entry.mask, labels, id)
  }
  return covered
}

/** What is seen of each object in a label map; an empty mask for one that is not. */
function masksSeen(labels: Uint8Array, { width, height }: VideoReference): (objectId: number) => Rle {
  const masks = encodeAllLabels(labels, width, height)
  return (objectId) => masks.get(objectId) ?? fromCounts([width * height], width, height)
}

/** The list of sequences with this one in it. */
async function writeSet(folder: string, stageFolder: string, sequence: string): Promise<void> {
  const path = join(folder, SET_FILE)
  const old = (await exists(path)) ? await readFile(path, 'utf8') : ''
  const listed = old.split(/\r?\n/).some((line) => line.trim() === sequence)
  const start = old === '' || old.endsWith('\n') ? old : `${old}\n`
  await makeFolder(join(stageFolder, 'ImageSets', '2017'))
  await writeFile(join(stageFolder, SET_FILE), listed ? old : `${start}${sequence}\n`)
}

async function read(folder: string, options: ReadOptions = {}): Promise<AnnotationDocument> {
  const sequences = await davisSequences(folder)
  const sequence = chooseSequence(folder, [...sequences.keys()], options.sequence)
  const written = (await readProvenance(folder)).find((one) => isOf(one, 'davis', sequence))
  const path = sequences.get(sequence)!
  const { found, record } = await readLabelMaps(path, sequence, written, options.numbering)
  return documentOf(found, record)
}
