/** Training: see README.md in this folder. */

export { latestCheckpoint, listCheckpoints, readCheckpoint } from './checkpoint.ts'
export { type Continuation, continueRun } from './continue-run.ts'
export {
  type CachedClip,
  type CacheProgress,
  type FrameCache,
  type FrameCacheOptions,
  openFrameCache,
} from './data-cache.ts'
export type { Crop } from './data-crop.ts'
export { cutOut, type PairBatch, PairSource, type PairSourceOptions } from './data-loader.ts'
export { type PairChoice, type PairClip, type PairOptions, PairSampler } from './data-pairs.ts'
export type { ClipNote } from './data-sources.ts'
export { countPairs, type MeasuredStep, measureStep } from './estimate.ts'
export { inferenceGraph, reconstruct } from './inference.ts'
export { type InitialWeights, readInitialWeights } from './init.ts'
export { type KeptModel, keepModel } from './keep-model.ts'
export { licenceOf, NOT_STATED } from './licences.ts'
export { availableMemory, totalMemory } from './memory.ts'
export {
  adamW,
  decays,
  type OptimiserConfig,
  PRETRAINING_OPTIMISER,
  rateShare,
  trainableLayout,
} from './optimiser.ts'
export { drawPreview } from './preview.ts'
export {
  refuseChanges,
  resolveRunConfig,
  resumeRunConfig,
  type SettingsLayer,
} from './run-config.ts'
export { RunFolder, type StepMetrics } from './run-folder.ts'
export { RunInUseError } from './run-lock.ts'
export { PRESET_NAMES, type PresetName, type RunConfig } from './run-schema.ts'
export { settingsJsonSchema } from './settings-json-schema.ts'
export { firstMoment, secondMoment } from './step-graph.ts'
export { type TrainRunEvents, type TrainRunReport, trainRun } from './train-run.ts'
export {
  type StepResult,
  startState,
  type TrainingState,
  TrainStep,
  type TrainStepConfig,
} from './train-step.ts'
