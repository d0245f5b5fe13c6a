import type { EncoderConfig } from './config.ts'
import { sineCosinePositions } from './positions.ts'
import type { SiamMaeConfig } from './pretraining-config.ts'
import { type Random, seededRandom } from './random.ts'

/** Parameter names and shapes, in the order they are stored. Linear weights are [out, in]. */
export type ParameterLayout = ReadonlyMap<string, readonly number[]>

/** Values by name, each in the shape its layout gives. */
export type Parameters = ReadonlyMap<string, Float32Array>

/** Position tables are part of a checkpoint and are never trained. */
export const POSITION_TABLES: ReadonlySet<string> = new Set(['pos_embed', 'decoder_pos_embed'])

/** Collects names and shapes of the layers that occur over and over. */
class LayoutBuilder {
  readonly layout = new Map<string, readonly number[]>()

  linear(name: string, out: number, inputs: number): void {
    this.layout.set(`${name}.weight`, [out, inputs])
    this.layout.set(`${name}.bias`, [out])
  }

  norm(name: string, dim: number): void {
    this.layout.set(`${name}.weight`, [dim])
    this.layout.set(`${name}.bias`, [dim])
  }

  attention(name: string, dim: number): void {
    this.linear(`${name}.qkv`, 3 * dim, dim)
    this.linear(`${name}.proj`, dim, dim)
  }

  mlp(name: string, dim: number, ratio: number): void {
    const hidden = Math.round(dim * ratio)
    this.linear(`${name}.fc1`, hidden, dim)
    this.linear(`${name}.fc2`, dim, hidden)
  }

  /** A plain pre-norm block. */
  block(name: string, dim: number, ratio: number): void {
    this.norm(`${name}.norm1`, dim)
    this.attention(`${name}.attn`, dim)
    this.norm(`${name}.norm2`, dim)
    this.mlp(`${name}.mlp`, dim, ratio)
  }

  /** A decoder block that looks at the past, and within the future where `self`. */
  crossBlock(name: string, dim: number, ratio: number, self: boolean): void {
    this.norm(`${name}.norm1`, dim)
    this.norm(`${name}.norm_kv`, dim)
    this.linear(`${name}.cross_attn.q`, dim, dim)
    this.linear(`${name}.cross_attn.kv`, 2 * dim, dim)
    this.linear(`${name}.cross_attn.proj`, dim, dim)
    if (self) {
      this.norm(`${name}.norm2`, dim)
      this.attention(`${name}.attn`, dim)
    }
    this.norm(`${name}.norm3`, dim)
    this.mlp(`${name}.mlp`, dim, ratio)
  }
}

/** The parameters of an encoder, named as in the MAE, DINO and timm code bases. */
export function encoderLayout(config: EncoderConfig): ParameterLayout {
  const { dim, depth, patch, positionGrid, mlpRatio, classToken, registers } = config
  const builder = new LayoutBuilder()
  if (classToken !== false) builder.layout.set('cls_token', [1, 1, dim])
  if (registers) builder.layout.set('register_tokens', [1, registers, dim])
  builder.layout.set('pos_embed', [1, 1 + positionGrid * positionGrid, dim])
  builder.layout.set('patch_embed.proj.weight', [dim, 3, patch, patch])
  builder.layout.set('patch_embed.proj.bias', [dim])
  for (let i = 0; i < depth; i++) builder.block(`blocks.${i}`, dim, mlpRatio)
  builder.norm('norm', dim)
  return builder.layout
}

/** The parameters of a whole SiamMAE: the encoder's, then the decoder's under MAE's and RSP's names. */
export function siamMaeLayout({ encoder, decoder, decoderMode }: SiamMaeConfig): ParameterLayout {
  const { dim, depth, mlpRatio } = decoder
  const builder = new LayoutBuilder()
  builder.linear('decoder_embed', dim, encoder.dim)
  builder.layout.set('mask_token', [1, 1, dim])
  builder.layout.set('decoder_pos_embed', [1, 1 + encoder.positionGrid ** 2, dim])
  for (let i = 0; i < depth; i++) {
    const name = `decoder_blocks.${i}`
    if (decoderMode === 'joint') builder.block(name, dim, mlpRatio)
    else builder.crossBlock(name, dim, mlpRatio, decoderMode === 'cross-self')
  }
  builder.norm('decoder_norm', dim)
  builder.linear('decoder_pred', 3 * encoder.patch ** 2, dim)
  return new Map([...encoderLayout(encoder), ...builder.layout])
}

/**
 * Start values as MAE draws them: Xavier uniform for linear and patch weights (the patch weight seen as a
 * matrix), zero biases, normal (0.02) tokens, ones and zeros for the norms, and the tables as given.
 */
function initialise(
  layout: ParameterLayout,
  tables: ReadonlyMap<string, Float32Array>,
  random: Random,
): Parameters {
  const parameters = new Map<string, Float32Array>()
  for (const [name, shape] of layout) {
    const size = shape.reduce((a, b) => a * b, 1)
    // A plain loop: `Float32Array.from` takes seconds for the 26 million numbers of a ViT-S with its decoder.
    const drawn = (draw: () => number): Float32Array => {
      const values = new Float32Array(size)
      for (let i = 0; i < size; i++) values[i] = draw()
      return values
    }
    const table = tables.get(name)
    if (table) parameters.set(name, table)
    else if (/_tokens?$/.test(name))
      parameters.set(
        name,
        drawn(() => 0.02 * random.normal()),
      )
    else if (name.endsWith('.bias')) parameters.set(name, new Float32Array(size))
    else if (shape.length === 1) parameters.set(name, new Float32Array(size).fill(1))
    else {
      const fanOut = shape[0]!
      const bound = Math.sqrt(6 / (fanOut + size / fanOut))
      parameters.set(
        name,
        drawn(() => (2 * random.uniform() - 1) * bound),
      )
    }
  }
  return parameters
}

const squareTable = (dim: number, side: number): Float32Array => sineCosinePositions(dim, side, side)

/** Start values of an encoder. The same seed gives the same values everywhere. */
export function initialiseEncoder(config: EncoderConfig, seed: number): Parameters {
  const tables = new Map([['pos_embed', squareTable(config.dim, config.positionGrid)]])
  return initialise(encoderLayout(config), tables, seededRandom(seed))
}

/** Start values of a whole SiamMAE; its encoder gets the same values as {@link initialiseEncoder} gives. */
export function initialiseSiamMae(config: SiamMaeConfig, seed: number): Parameters {
  const { encoder, decoder } = config
  const tables = new Map([
    ['pos_embed', squareTable(encoder.dim, encoder.positionGrid)],
    ['decoder_pos_embed', squareTable(decoder.dim, encoder.positionGrid)],
  ])
  return initialise(siamMaeLayout(config), tables, seededRandom(seed))
}
