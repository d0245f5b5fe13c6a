/** Training runs: see README.md in this folder. */
export { latestCheckpoint, readCheckpoint } from './checkpoint.ts'
export { type InitialWeights, readInitialWeights } from './init.ts'
export { drawPreview } from './preview.ts'
export { openFrameCache } from './provisional.ts'
export { reconstruct, reconstructionGraph } from './reconstruction.ts'
export {
  PRESET_NAMES,
  type PresetName,
  type RunConfig,
  refuseChanges,
  resolveRunConfig,
  resumeRunConfig,
  type SettingsLayer,
} from './run-config.ts'
export { RunFolder, type StepMetrics } from './run-folder.ts'
export { type TrainRunEvents, type TrainRunReport, trainRun } from './train-run.ts'
