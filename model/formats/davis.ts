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
import type { DatasetFormat, ExportContext, ReadOptions, WriteReport } from './dataset-format.ts'
import { davisSequences, readLabelMaps } from './davis-read.ts'
import { exportPictures } from './export-pictures.ts'
import { type ExportPlan, frameName, isHeld, planExport, ranges } from './export-plan.ts'
import { encodeIndexedPng } from './indexed-png.ts'
import {
  isOf,
  maskDigest,
  PROVENANCE_FILE,
  type Provenance,
  provenanceText,
  readProvenance,
  recordExport,
  withRecord,
} from './provenance.ts'
import { documentOf } from './restore.ts'
import { chooseSequence, refuseForeign } from './sequences.ts'
import { buildAside, exists } from './staging.ts'
import { demandEqual } from './verify.ts'

const TITLE = 'DAVIS 2017'
const SET_FILE = join('ImageSets', '2017', 'val.txt')
const mapsOf = (sequence: string) => join('Annotations', '480p', sequence)
const picturesOf = (sequence: string) => join('JPEGImages', '480p', sequence)

/** Indexed PNG label maps with the DAVIS palette, in the layout of the data set itself (Pont-Tuset et al. 2017). */
export const davis: DatasetFormat = { id: 'davis', title: TITLE, write, read }

async function write(document: AnnotationDocument, context: ExportContext): Promise<WriteReport> {
  const { folder, sequence } = context
  const plan = planExport(document, context, TITLE)
  const records = await readProvenance(folder)
  const earlier = records.find((record) => isOf(record, 'davis', sequence))
  await refuseForeign(folder, mapsOf(sequence), earlier !== undefined)
  if (context.pictures) await refuseForeign(folder, picturesOf(sequence), earlier?.pictures === true)
  return buildAside(folder, async (stage) => {
    const total = plan.frames.length * (context.pictures ? 2 : 1)
    let done = 0
    const step = () => context.onProgress?.(++done, total)
    const name = ({ index }: { index: number }) => frameName(index, document.video.frameCount)
    const maps = join(stage.folder, mapsOf(sequence))
    await makeFolder(maps)
    const painted = await writeMaps(
      document,
      plan,
      context,
      (frame) => join(maps, `${name(frame)}.png`),
      step,
    )
    stage.replace(mapsOf(sequence))
    const warnings = [...plan.warnings, ...painted.warnings]
    let files = plan.frames.length
    if (context.pictures) {
      const names = new Map(plan.frames.map((frame) => [frame.index, `${name(frame)}.jpg`]))
      await exportPictures(document, context, join(stage.folder, picturesOf(sequence)), names, step)
      stage.replace(picturesOf(sequence))
      files += names.size
    } else if (earlier?.pictures) stage.remove(picturesOf(sequence))
    const record = recordExport(document, context, plan, {
      dataset: 'davis',
      warnings,
      files: plan.frames.map((frame) => `${name(frame)}.png`),
      digestOf: (objectId, frame) => painted.digests.get(frame)!.get(objectId)!,
    })
    await writeFile(join(stage.folder, PROVENANCE_FILE), provenanceText(withRecord(records, record)))
    stage.replace(PROVENANCE_FILE)
    await writeSet(folder, stage.folder, sequence)
    stage.replace(SET_FILE)
    await verify(stage.folder, document, plan, context)
    return { files: files + 2, warnings }
  })
}

/** One label map per planned frame; digests by frame and object of what is seen of each object there. */
async function writeMaps(
  document: AnnotationDocument,
  plan: ExportPlan,
  context: ExportContext,
  pathOf: (frame: { index: number }) => string,
  step: () => void,
): Promise<{ warnings: string[]; digests: Map<number, Map<number, string>> }> {
  const { width, height } = document.video
  const digests = new Map<number, Map<number, string>>()
  const labels = new Uint8Array(width * height)
  const overlapping: number[] = []
  let pixels = 0
  for (const frame of plan.frames) {
    throwIfCancelled(context.signal)
    const lost = paintFrame(document, plan, frame.index, labels)
    if (lost > 0) overlapping.push(frame.index)
    pixels += lost
    digests.set(frame.index, digestsOf(document, plan, frame.index, masksSeen(labels, document.video)))
    await writeFile(pathOf(frame), encodeIndexedPng({ width, height, indices: labels }))
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
  return { warnings, digests }
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

function digestsOf(
  document: AnnotationDocument,
  plan: ExportPlan,
  frame: number,
  maskOf: (objectId: number) => Rle,
): Map<number, string> {
  const digests = new Map<number, string>()
  for (const { id } of plan.objects) {
    const entry = document.entry(id, frame)
    if (isHeld(entry) && entry.state !== 'absent') digests.set(id, maskDigest(maskOf(id)))
  }
  return digests
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

async function verify(
  stageFolder: string,
  document: AnnotationDocument,
  plan: ExportPlan,
  { sequence, signal }: ExportContext,
): Promise<void> {
  throwIfCancelled(signal)
  const { width, height } = document.video
  const back = await read(stageFolder, { sequence })
  const labels = new Uint8Array(width * height)
  // Painted again from the document, so that nothing that was written is trusted.
  const masksOf = (frame: number) => {
    paintFrame(document, plan, frame, labels)
    return masksSeen(labels, document.video)
  }
  await demandEqual(back, document, plan, masksOf, TITLE, signal)
}

async function read(folder: string, options: ReadOptions = {}): Promise<AnnotationDocument> {
  const sequences = await davisSequences(folder)
  const sequence = chooseSequence(folder, [...sequences.keys()], options.sequence)
  const record = (await readProvenance(folder)).find((one) => isOf(one, 'davis', sequence))
  const found = await readLabelMaps(sequences.get(sequence)!, sequence, record)
  return documentOf(found, record !== undefined && fits(record, found) ? record : undefined)
}

/** Whether a record can be about these maps: it may not where someone put others there. */
function fits(
  record: Provenance,
  found: { width: number; height: number; frames: readonly number[] },
): boolean {
  const { width, height, frameCount } = record.video
  return width === found.width && height === found.height && found.frames.every((frame) => frame < frameCount)
}
