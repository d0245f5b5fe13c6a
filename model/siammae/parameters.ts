import type { EncoderConfig } from './config.ts'
import { sineCosinePositions } from './positions.ts'
import { seededRandom } from './random.ts'

/** Parameter names and shapes, in the order they are stored. Linear weights are [out, in]. */
export type ParameterLayout = ReadonlyMap<string, readonly number[]>

/** Values by name, each in the shape its layout gives. */
export type Parameters = ReadonlyMap<string, Float32Array>

/** The parameters of an encoder, named as in the MAE, DINO and timm code bases. */
export function encoderLayout(config: EncoderConfig): ParameterLayout {
  const { dim, depth, patch, positionGrid } = config
  const hidden = Math.round(dim * config.mlpRatio)
  const layout = new Map<string, readonly number[]>([
    ['cls_token', [1, 1, dim]],
    ['pos_embed', [1, 1 + positionGrid * positionGrid, dim]],
    ['patch_embed.proj.weight', [dim, 3, patch, patch]],
    ['patch_embed.proj.bias', [dim]],
  ])
  const linear = (name: string, out: number, inputs: number): void => {
    layout.set(`${name}.weight`, [out, inputs])
    layout.set(`${name}.bias`, [out])
  }
  const norm = (name: string): void => {
    layout.set(`${name}.weight`, [dim])
    layout.set(`${name}.bias`, [dim])
  }
  for (let i = 0; i < depth; i++) {
    const block = `blocks.${i}`
    norm(`${block}.norm1`)
    linear(`${block}.attn.qkv`, 3 * dim, dim)
    linear(`${block}.attn.proj`, dim, dim)
    norm(`${block}.norm2`)
    linear(`${block}.mlp.fc1`, hidden, dim)
    linear(`${block}.mlp.fc2`, dim, hidden)
  }
  norm('norm')
  return layout
}

/**
 * Start values as MAE draws them: Xavier uniform for linear and patch weights (the patch weight seen as a
 * matrix), zero biases, normal (0.02) [CLS], sine-cosine positions, ones and zeros for the norms.
 * The same seed gives the same values everywhere.
 */
export function initialiseEncoder(config: EncoderConfig, seed: number): Parameters {
  const random = seededRandom(seed)
  const parameters = new Map<string, Float32Array>()
  for (const [name, shape] of encoderLayout(config)) {
    const size = shape.reduce((a, b) => a * b, 1)
    if (name === 'pos_embed')
      parameters.set(name, sineCosinePositions(config.dim, config.positionGrid, config.positionGrid))
    else if (name === 'cls_token')
      parameters.set(
        name,
        Float32Array.from({ length: size }, () => 0.02 * random.normal()),
      )
    else if (name.endsWith('.bias')) parameters.set(name, new Float32Array(size))
    else if (shape.length === 1) parameters.set(name, new Float32Array(size).fill(1))
    else {
      const fanOut = shape[0]!
      const bound = Math.sqrt(6 / (fanOut + size / fanOut))
      parameters.set(
        name,
        Float32Array.from({ length: size }, () => (2 * random.uniform() - 1) * bound),
      )
    }
  }
  return parameters
}
