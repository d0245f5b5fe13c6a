/** Does a model help on a person's own work: propagation from the first keyframes, measured on all later ones. */
import type { AnnotationDocument, Entry } from '../annotation/index.ts'
import { throwIfCancelled, UsageError, UserError } from '../errors.ts'
import { readSidecar } from '../formats/index.ts'
import { maskMarks, poseMarks, resultEntries } from '../marks/index.ts'
import {
  FeatureExtractor,
  modelSize,
  PRESETS,
  type PresetName,
  type PropagationSettings,
  propagate,
} from '../propagation/index.ts'
import type { Engine } from '../runtime/index.ts'
import type { VideoSource } from '../video/index.ts'
import type { FeatureModel } from '../weights/index.ts'
import { findSidecars, openClipOf } from './annotated-clips.ts'
import { agreementOf, meanAgreement, type ObjectAgreement, planTrial, type Trial } from './trial.ts'

export interface WorkspaceModel {
  readonly name: string
  /** Read when its turn comes, so that one model is in memory at a time. */
  load(): Promise<FeatureModel>
}

export interface WorkspaceOptions {
  /** Looked through for side-cars, with all folders below. */
  readonly folders: readonly string[]
  readonly models: readonly WorkspaceModel[]
  readonly engine: Engine
  readonly preset: PresetName
  /** Short side at which the network sees the clips. */
  readonly size: number
  /** Where frame tables are kept, as for `openVideo`. */
  readonly cacheFolder?: string
  readonly ffmpeg?: string
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: { clip: string; model: string; done: number; total: number }) => void
}

/** Means of what was measured, 0 to 1; undefined for what the marks do not tell. */
export type AgreementScores = ReturnType<typeof meanAgreement>

export interface WorkspaceClip {
  /** Path of the side-car from the folder that was looked through, with `/`. */
  readonly name: string
  readonly sidecar: string
  /** Keyframes that were compared, over all objects. */
  readonly keyframes: number
  /** In the order of the models. */
  readonly scores: readonly AgreementScores[]
}

export interface WorkspaceEvaluation {
  readonly models: readonly string[]
  readonly clips: readonly WorkspaceClip[]
  /** Means over all objects of all clips, in the order of the models. */
  readonly overall: readonly AgreementScores[]
  readonly skipped: readonly { readonly path: string; readonly reason: string }[]
}

interface Candidate {
  readonly name: string
  readonly sidecar: string
  readonly document: AnnotationDocument
  readonly trial: Trial
  readonly source: VideoSource
}

/**
 * Measures models on every annotated clip of some folders that has an object with two keyframes or more. A clip that one
 * of the models cannot be measured on is left out for all of them, so that their means are of the same clips.
 * @throws UserError when no clip can be used or measured, or a model cannot be read; CancelledError
 */
export async function evaluateWorkspace(options: WorkspaceOptions): Promise<WorkspaceEvaluation> {
  if (options.models.length === 0) throw new UsageError('Name at least one model to measure.')
  const skipped: { path: string; reason: string }[] = []
  const candidates: Candidate[] = []
  try {
    const found = await findSidecars(options.folders)
    for (const { name, path } of found) {
      throwIfCancelled(options.signal)
      try {
        const candidate = await openCandidate(name, path, options)
        if (candidate) candidates.push(candidate)
        else skipped.push({ path, reason: `${name} has no object with a second keyframe to compare with.` })
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        skipped.push({ path, reason: error.message })
      }
    }
    if (candidates.length === 0) throw nothingToCompare(options.folders, skipped)
    return { ...(await measure(candidates, options, skipped)), skipped }
  } finally {
    await Promise.allSettled(candidates.map(({ source }) => source.close()))
  }
}

function nothingToCompare(
  folders: readonly string[],
  skipped: readonly { readonly reason: string }[],
): UserError {
  const why = skipped[0] ? ` ${skipped[0].reason}` : ''
  return new UserError(
    `${folders.join(', ')} has no annotated clip with two keyframes or more of one object; mark an object on a second frame of a clip and save.${why}`,
  )
}

async function measure(
  candidates: readonly Candidate[],
  options: WorkspaceOptions,
  skipped: { path: string; reason: string }[],
): Promise<Omit<WorkspaceEvaluation, 'skipped'>> {
  const { engine, models, signal } = options
  const frames = candidates.reduce((sum, { trial }) => sum + trial.range[1] - trial.range[0], 0)
  const total = frames * models.length
  let done = 0
  /** Of each clip that can be measured: [model][object] */
  const measured = new Map<Candidate, ObjectAgreement[][]>(candidates.map((candidate) => [candidate, []]))
  for (const { name, load } of models) {
    throwIfCancelled(signal)
    const model = await load()
    for (const candidate of candidates) {
      const start = done
      const length = candidate.trial.range[1] - candidate.trial.range[0]
      if (!measured.has(candidate)) {
        done += length
        continue
      }
      try {
        const agreement = await judge(candidate, model, engine, options, (frame) => {
          done = Math.max(done, start + frame - candidate.trial.range[0])
          options.onProgress?.({ clip: candidate.name, model: name, done, total })
        })
        measured.get(candidate)!.push(agreement)
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        const reason = `${candidate.name}: ${error.message}`
        skipped.push({ path: candidate.sidecar, reason })
        measured.delete(candidate)
        if (measured.size === 0) throw nothingMeasured(candidates.length, reason, error)
      }
      done = start + length
      options.onProgress?.({ clip: candidate.name, model: name, done, total })
    }
  }
  const clips = [...measured]
  return {
    models: models.map(({ name }) => name),
    clips: clips.map(([{ name, sidecar, trial }, agreements]) => ({
      name,
      sidecar,
      keyframes: trial.keyframes,
      scores: agreements.map(meanAgreement),
    })),
    overall: models.map((_, model) => meanAgreement(clips.flatMap(([, agreements]) => agreements[model]!))),
  }
}

/** What stopped the last clip: as a mistake in the settings it would stop all of them. */
function nothingMeasured(clips: number, reason: string, cause: UserError): UserError {
  const { exitCode, flags } = cause
  const message = clips === 1 ? reason : `None of the ${clips} clips can be measured. ${reason}`
  return new UserError(message, { cause, exitCode, flags })
}

async function judge(
  { trial, source }: Candidate,
  model: FeatureModel,
  engine: Engine,
  { preset, size: short, signal }: WorkspaceOptions,
  onFrame: (frame: number) => void,
): Promise<ObjectAgreement[]> {
  const { table } = source
  const settings: PropagationSettings = PRESETS[preset]
  const size = modelSize(table, short, model)
  const extractor = await FeatureExtractor.create(engine, model, size)
  try {
    const wanted = new Set(trial.truths.flatMap(({ frames }) => [...frames.keys()]))
    const said = new Map<string, Entry>()
    const keyOf = (kind: string, objectId: number, frame: number): string => `${kind} ${objectId} ${frame}`
    const { results } = propagate({
      video: source,
      engine,
      extractor,
      settings,
      masks: maskMarks(trial.marks, table),
      poses: poseMarks(trial.marks),
      direction: 'forward',
      range: trial.range,
      ...(signal && { signal }),
    })
    for await (const result of results) {
      onFrame(result.frame)
      if (!wanted.has(result.frame)) continue
      const kind = result.kind === 'pose' ? 'keypoints' : 'masks'
      for (const { objectId, frame, entry } of resultEntries(result, 1))
        said.set(keyOf(kind, objectId, frame), entry)
    }
    return trial.truths.map((truth) =>
      agreementOf(truth, (objectId, frame) => said.get(keyOf(truth.kind, objectId, frame)), table),
    )
  } finally {
    await extractor.close()
  }
}

async function openCandidate(
  name: string,
  sidecar: string,
  options: WorkspaceOptions,
): Promise<Candidate | undefined> {
  const document = await readSidecar(sidecar)
  const trial = planTrial(document)
  return trial && { name, sidecar, document, trial, source: await openClipOf(document, sidecar, options) }
}
