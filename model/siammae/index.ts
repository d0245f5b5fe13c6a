export {
  ENCODER_SIZES,
  type EncoderConfig,
  type EncoderSize,
  encoderConfig,
  encoderConfigSchema,
  encoderName,
  IMAGENET_MEAN,
  IMAGENET_STD,
} from './config.ts'
export {
  block,
  encoderGraph,
  type ImageSize,
  type ParameterLookup,
  patchGrid,
  unitLength,
} from './encoder.ts'
export { encoderLayout, initialiseEncoder, type ParameterLayout, type Parameters } from './parameters.ts'
export { interpolatePositions, sineCosinePositions } from './positions.ts'
export { type Random, seededRandom, streamSeed } from './random.ts'
