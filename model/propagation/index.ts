export { Affinity, type AffinityCost, type Candidates } from './affinity.ts'
export { channelConfidence } from './confidence.ts'
export { decodeLabels, decodeNetwork } from './decode.ts'
export { extractToHost, FeatureCache, FeatureExtractor, type TokenSource } from './features.ts'
export { FrameReader } from './frame-reader.ts'
export { type Grid, type PackedLabels, packLabels, type SoftLabels, unpackLabels } from './grid.ts'
export type { MaskMark, PoseMark } from './groups.ts'
export { decodeJoint, type GridPoint, labelsFromJoints, stampJoint } from './keypoints.ts'
export { labelsFromMask } from './labels.ts'
export { type EncoderNetwork, loadNetwork, type Network } from './network.ts'
export { MAX_TOKENS, modelSize, networkSize } from './network-size.ts'
export { inspectOnnx, type OnnxFindings } from './onnx-inspection.ts'
export { overlappingObjects } from './overlap.ts'
export { type Direction, type Leg, planLegs, plannedResults } from './plan.ts'
export {
  type FrameResult,
  type MaskLayerResult,
  type MaskResult,
  type PoseResult,
  type Propagation,
  type PropagationJob,
  propagate,
} from './propagate.ts'
export type { EarlierResults, WalkedStep } from './resume.ts'
export { faultOf, type SelfCheck, selfCheck, selfCheckSize } from './self-check.ts'
export {
  CHANGEABLE,
  changedSettings,
  type Neighbourhood,
  neighbourhoodAt,
  PRESETS,
  type PresetName,
  type PropagationSettings,
  type SettingsChanges,
  settingsSchema,
} from './settings.ts'
export { FEWEST_CELLS, type SmallObjects, smallObjects } from './small-marks.ts'
export { castVotes } from './vote.ts'
export { walk } from './walk.ts'
