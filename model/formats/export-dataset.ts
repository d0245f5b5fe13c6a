/** The steps of every export: check, build aside, record where each shape comes from, read back, move into place. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { AnnotationDocument, Label, Shape } from '../annotation/index.ts'
import { throwIfCancelled, UserError } from '../errors.ts'
import { refuseChangedPictures, refuseChangedWork } from './changed.ts'
import type {
  DatasetFormat,
  ExportContext,
  ExportTarget,
  ReadOptions,
  WriteReport,
} from './dataset-format.ts'
import { exportPictures } from './export-pictures.ts'
import { checkSequence, type ExportPlan, frameNames, planExport, ranges } from './export-plan.ts'
import { type Holdings, isHeld } from './held.ts'
import {
  isOf,
  isOfVideo,
  PROVENANCE_FILE,
  type Provenance,
  provenanceText,
  readProvenance,
  recordExport,
  type ShapeDigests,
  shapeDigests,
  withRecord,
} from './provenance.ts'
import { buildAside, type Stage, tidyStages } from './staging.ts'
import { inTurn, watchFiles } from './turns.ts'
import { demandEqual } from './verify.ts'

/** What one export is about, for a layout that builds it. */
export interface ExportJob {
  readonly document: AnnotationDocument
  readonly context: ExportContext
  readonly plan: ExportPlan
  readonly stage: Stage
  /** The record of the export that this one replaces. */
  readonly earlier: Provenance | undefined
  /** File name of the picture of a planned frame, without its folder and extension. */
  readonly nameOf: (frame: number) => string
  /** Called after each of the layout's steps. */
  readonly step: () => void
}

/** What a layout has built. */
export interface BuiltData {
  /** How many files. */
  readonly count: number
  /** Name in the dataset of each planned frame, in their order. */
  readonly files: readonly string[]
  /** What the layout could not hold, beside what the plan says. */
  readonly warnings: readonly string[]
  /** Id of each planned object in the file, where the layout has such. */
  readonly annotations?: readonly number[]
}

/** What a dataset layout adds to the common steps. */
export interface ExportLayout {
  readonly id: DatasetFormat['id']
  readonly title: string
  readonly holds: Holdings
  /** The file that all sequences of a dataset share, beside {@link PROVENANCE_FILE}. */
  readonly sharedFile: string
  /** Folder of a sequence's pictures in the dataset. */
  picturesOf(sequence: string): string
  /** The beginning of a sentence about the data that the dataset has of this sequence; undefined where it has none. */
  dataOf(folder: string, sequence: string): Promise<string | undefined>
  /**
   * For a layout whose sequences share their kinds of things.
   * @throws UserError when one of the labels does not fit those that the folder has
   */
  checkLabels?(folder: string, sequence: string, labels: readonly Label[]): Promise<void>
  /** How often {@link build} calls `step`. */
  steps(plan: ExportPlan): number
  build(job: ExportJob): Promise<BuiltData>
  /** What the layout holds of each object on a frame, worked out from the document: nothing written is trusted. */
  shapesOf(document: AnnotationDocument, plan: ExportPlan): (frame: number) => (objectId: number) => Shape
  read(folder: string, options?: ReadOptions): Promise<AnnotationDocument>
}

/** The dataset format of a layout. */
export function datasetFormat(layout: ExportLayout): DatasetFormat {
  const { id, title } = layout
  return {
    id,
    title,
    checkFolder: async (target) => {
      await tidyStages(target.folder)
      await checkTarget(layout, target)
    },
    write: (document, context) => write(layout, document, context),
    read: (folder, options) => layout.read(folder, options),
  }
}

/**
 * What earlier exports left in the folder.
 * @throws UserError when it holds data of this name that no export made, that is of another video, or that was changed by
 *   another program since
 */
async function checkTarget(
  layout: ExportLayout,
  { folder, sequence, pictures, video, labels }: ExportTarget,
): Promise<{ records: readonly Provenance[]; earlier: Provenance | undefined }> {
  checkSequence(sequence)
  const records = await readProvenance(folder)
  const earlier = records.find((record) => isOf(record, layout.id, sequence))
  if (earlier !== undefined && !isOfVideo(earlier, video))
    throw new UserError(
      `${folder} holds a sequence ${sequence} of another video (${earlier.video.path}), so it is not replaced; choose another folder, or rename the video.`,
    )
  const data = await layout.dataOf(folder, sequence)
  if (data !== undefined) {
    if (earlier === undefined)
      throw new UserError(
        `${data} was not exported by this tool, so it is not replaced; choose another folder or name.`,
      )
    refuseChangedWork(await layout.read(folder, { sequence }), earlier, folder)
  }
  if (labels) await layout.checkLabels?.(folder, sequence, labels)
  if (pictures) await refuseChangedPictures(join(folder, layout.picturesOf(sequence)), earlier)
  return { records, earlier }
}

async function write(
  layout: ExportLayout,
  document: AnnotationDocument,
  context: ExportContext,
): Promise<WriteReport> {
  const { folder, signal } = context
  const plan = planExport(document, context, layout.title, layout.holds)
  return inTurn(folder, signal, () => writePlanned(layout, document, context, plan))
}

async function writePlanned(
  layout: ExportLayout,
  document: AnnotationDocument,
  context: ExportContext,
  plan: ExportPlan,
): Promise<WriteReport> {
  const { folder, sequence, signal } = context
  await tidyStages(folder)
  const shared = [PROVENANCE_FILE, layout.sharedFile].map((file) => join(folder, file))
  const demandUnchanged = await watchFiles(shared)
  const { records, earlier } = await checkTarget(layout, { ...context, video: document.video })
  return buildAside(folder, async (stage) => {
    const total = layout.steps(plan) + (context.pictures ? plan.frames.length : 0)
    let done = 0
    const step = () => context.onProgress?.(++done, total)
    const nameOf = frameNames(context.frames, document.video.frameCount)
    const built = await layout.build({ document, context, plan, stage, earlier, nameOf, step })
    const names = new Map(
      context.pictures ? plan.frames.map(({ index }) => [index, `${nameOf(index)}.jpg`]) : [],
    )
    const warnings = [...plan.warnings, ...built.warnings]
    let pictures = earlier?.pictures ?? false
    if (context.pictures) {
      const place = layout.picturesOf(sequence)
      pictures = await exportPictures(document, context, join(stage.folder, place), names, step)
      stage.replace(place)
    } else if (typeof pictures !== 'boolean') {
      // Those of an earlier export stay: whoever writes annotations anew has not asked for anything else to go.
      const there = new Set(pictures.map(({ file }) => file))
      const without = plan.frames
        .map(({ index }) => index)
        .filter((index) => !there.has(`${nameOf(index)}.jpg`))
      if (without.length > 0)
        warnings.push(
          `The pictures of an earlier export stay; frames ${ranges(without)} have none among them.`,
        )
    }
    const shapesOf = layout.shapesOf(document, plan)
    const digests = await digestsByFrame(document, plan, shapesOf, signal)
    const record = recordExport(document, context, plan, {
      dataset: layout.id,
      warnings,
      pictures,
      files: built.files,
      annotations: built.annotations,
      digestsOf: (objectId, frame) => digests.get(frame)!.get(objectId)!,
    })
    await writeFile(join(stage.folder, PROVENANCE_FILE), provenanceText(withRecord(records, record)))
    stage.replace(PROVENANCE_FILE)
    throwIfCancelled(signal)
    const back = await layout.read(stage.folder, { sequence })
    await demandEqual(back, document, plan, shapesOf, layout.title, signal)
    await demandUnchanged()
    return { files: built.count + names.size + 1, warnings }
  })
}

/** {@link shapeDigests} by frame and object. */
async function digestsByFrame(
  document: AnnotationDocument,
  plan: ExportPlan,
  shapesOf: ReturnType<ExportLayout['shapesOf']>,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<number, ReadonlyMap<number, ShapeDigests>>> {
  const digests = new Map<number, Map<number, ShapeDigests>>()
  for (const { index } of plan.frames) {
    // Long clips take seconds; other work and a wish to stop must get their turn.
    await setImmediate()
    throwIfCancelled(signal)
    const shapeOf = shapesOf(index)
    const held = plan.objects.filter(({ id }) => {
      const entry = document.entry(id, index)
      return isHeld(entry, plan.holds) && entry.state !== 'absent'
    })
    digests.set(index, new Map(held.map(({ id }) => [id, shapeDigests(shapeOf(id))])))
  }
  return digests
}
