import type { EncoderConfig } from './config.ts'
import type { Parameters } from './parameters.ts'

/** Mean and deviation of each channel of the patch tokens over many pictures, [dim] each. */
export interface FeatureStatistics {
  readonly mean: Float32Array
  readonly deviation: Float32Array
}

/** A channel that hardly varies is not blown up beyond this. */
const LEAST_DEVIATION = 1e-3

/**
 * The same network with features of mean 0 and deviation 1 in every channel. A masked autoencoder leaves a large
 * vector common to all tokens and a few loud channels in its features, as its decoder does not mind; but a cosine
 * does. The last norm's scale and shift take the change, z' = (z - mean) / deviation, and where there is a decoder
 * its embedding takes it back, W' = W deviation and b' = b + W mean, so that every prediction stays as it was.
 * @param statistics of the tokens that these very parameters give
 */
export function standardiseFeatures(
  { dim }: EncoderConfig,
  parameters: Parameters,
  { mean, deviation }: FeatureStatistics,
): Parameters {
  const result = new Map(parameters)
  const scale = Float64Array.from(deviation, (value) => 1 / Math.max(value, LEAST_DEVIATION))
  const weight = parameters.get('norm.weight')!
  const bias = parameters.get('norm.bias')!
  result.set(
    'norm.weight',
    weight.map((value, channel) => value * scale[channel]!),
  )
  result.set(
    'norm.bias',
    bias.map((value, channel) => (value - mean[channel]!) * scale[channel]!),
  )
  const embedding = parameters.get('decoder_embed.weight')
  if (!embedding) return result
  result.set(
    'decoder_embed.weight',
    embedding.map((value, i) => value / scale[i % dim]!),
  )
  result.set(
    'decoder_embed.bias',
    parameters.get('decoder_embed.bias')!.map((value, row) => {
      let shift = 0
      for (let channel = 0; channel < dim; channel++)
        shift += embedding[row * dim + channel]! * mean[channel]!
      return value + shift
    }),
  )
  return result
}
