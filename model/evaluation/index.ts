export { type ClipOptions, findSidecars, openClipOf } from './annotated-clips.ts'
/** Metrics and protocols: DAVIS J and F, VIP mIoU, JHMDB PCK. */
export { boundaryF, boundaryPixels, boundaryRadius, diskHalfWidths } from './boundary.ts'
export { ConfusionMatrix, confusionMatrix, IGNORED_LABEL, meanIou } from './confusion.ts'
export {
  type DavisOptions,
  type DavisScore,
  type DavisSequenceScore,
  scoreDavis,
} from './davis.ts'
export { formatDavisScore } from './davis-table.ts'
export { bodySize, normalisedDistances, type PckClip, type PckScore, type Point, pck } from './pck.ts'
export { jaccard } from './region.ts'
export {
  type LabelledFrame,
  type ObjectScore,
  scoreFrame,
  scoreSequence,
  summariseObjects,
} from './sequence.ts'
export { meanOfNumbers, meanRecallDecay, type Statistic } from './statistics.ts'
export { agreementOf, meanAgreement, planTrial, type Trial, type Truth } from './trial.ts'
export {
  type AgreementScores,
  evaluateWorkspace,
  type WorkspaceClip,
  type WorkspaceEvaluation,
  type WorkspaceModel,
  type WorkspaceOptions,
} from './workspace.ts'
export { formatWorkspaceEvaluation } from './workspace-table.ts'
