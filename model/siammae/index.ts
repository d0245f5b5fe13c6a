export { type BlockOptions, block, type ParameterLookup, type Segment } from './blocks.ts'
export { classAttentionGraph } from './class-attention.ts'
export {
  ENCODER_SIZES,
  type EncoderConfig,
  type EncoderSize,
  encoderConfig,
  encoderConfigSchema,
  encoderName,
  IMAGENET_MEAN,
  IMAGENET_STD,
  prefixTokens,
} from './config.ts'
export {
  encoderGraph,
  type ImageSize,
  patchGrid,
  rawPatchGraph,
  unitLength,
} from './encoder.ts'
export { type BatchMask, drawMask, maskFromKept } from './masking.ts'
export {
  encoderLayout,
  initialiseEncoder,
  initialiseSiamMae,
  type ParameterLayout,
  type Parameters,
  POSITION_TABLES,
  siamMaeLayout,
} from './parameters.ts'
export { interpolatePositions, sineCosinePositions, sinePositions } from './positions.ts'
export {
  type MaskInputs,
  maskedLoss,
  maskFeeds,
  maskInputs,
  normalisedPatches,
  type Pretraining,
  type PretrainingInputs,
  patchesOf,
  pretrainingForward,
} from './pretraining.ts'
export {
  type DecoderConfig,
  keptTokens,
  type SiamMaeConfig,
  siamMaeConfig,
  siamMaeConfigSchema,
} from './pretraining-config.ts'
export { type Random, seededRandom, streamSeed } from './random.ts'
