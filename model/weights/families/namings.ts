/** The same networks under the names of other code: small tables from those names to the ones of the families. */
import { type FileTensor, gather } from '../containers/index.ts'
import { NORMALISATIONS, type Normalisation } from '../normalisation.ts'
import { DTYPE_BYTES } from '../safetensors.ts'

/** How some code names and stores the tensors of a vision transformer. */
export interface Naming {
  /** For notes: whose names they are; undefined for those of the families' own code. */
  readonly whose: string | undefined
  /** The name of the patch embedding's weight, which every network has, and only once. */
  readonly landmark: string
  /** Name in the file (without the network's prefix) to the families' name, one replacement after the other. */
  readonly names: readonly (readonly [RegExp, string])[]
  /** A tensor as the families store it, by its name there; as it is where left out. */
  readonly stored?: (name: string, tensor: FileTensor) => FileTensor
  /** The epsilon of its layer norms, where that is not 1e-6. */
  readonly layerNormEpsilon?: number
  /** What was done to pixels in training, where the family does not say. */
  readonly normalisation?: Normalisation
  readonly notes?: readonly string[]
}

/** DINO, MAE, timm and what was made from their code. */
const FAMILIES_OWN: Naming = {
  whose: undefined,
  landmark: 'patch_embed.proj.weight',
  // DINOv2 trains with its blocks in chunks: blocks.<chunk>.<block>.
  names: [[/^blocks\.\d+\.(\d+)\./, 'blocks.$1.']],
}

/** ViTModel, ViTMAEModel, Dinov2Model (with registers), VideoMAEModel of Hugging Face's transformers. */
const HUGGING_FACE: Naming = {
  whose: "Hugging Face's transformers",
  landmark: 'embeddings.patch_embeddings.projection.weight',
  names: [
    [/^embeddings\.patch_embeddings\.projection\./, 'patch_embed.proj.'],
    [/^embeddings\.position_embeddings$/, 'pos_embed'],
    [/^embeddings\.(cls_token|mask_token|register_tokens)$/, '$1'],
    [/^encoder\.layer\.(\d+)\./, 'blocks.$1.'],
    [/^(blocks\.\d+)\.attention\.attention\.(query|key|value)\./, '$1.attn.$2.'],
    [/^(blocks\.\d+)\.attention\.attention\.([qv]_bias)$/, '$1.attn.$2'],
    [/^(blocks\.\d+\.attn\.[qkv])(uery|ey|alue)\./, '$1.'],
    [/^(blocks\.\d+)\.attention\.output\.dense\./, '$1.attn.proj.'],
    [/^(blocks\.\d+)\.intermediate\.dense\./, '$1.mlp.fc1.'],
    [/^(blocks\.\d+)\.output\.dense\./, '$1.mlp.fc2.'],
    [/^(blocks\.\d+)\.layernorm_before\./, '$1.norm1.'],
    [/^(blocks\.\d+)\.layernorm_after\./, '$1.norm2.'],
    [/^(blocks\.\d+)\.layer_scale([12])\.lambda1$/, '$1.ls$2.gamma'],
    [/^layernorm\./, 'norm.'],
    [/^pooler\./, 'head.pooler.'],
  ],
  layerNormEpsilon: 1e-12,
  notes: [
    "The file does not tell how pixels were normalised: ImageNet's mean and deviation are taken. Models whose preprocessor_config.json says 0.5 need the normalisation called half.",
  ],
}

/** Google's vision_transformer (augreg and the like): kernels are stored inputs first. */
const JAX: Naming = {
  whose: "Google's vision_transformer",
  landmark: 'embedding/kernel',
  names: [
    [/^embedding\/kernel$/, 'patch_embed.proj.weight'],
    [/^embedding\/bias$/, 'patch_embed.proj.bias'],
    [/^cls$/, 'cls_token'],
    [/^Transformer\/posembed_input\/pos_embedding$/, 'pos_embed'],
    [/^Transformer\/encoderblock_(\d+)\//, 'blocks.$1.'],
    [/^(blocks\.\d+)\.LayerNorm_0\//, '$1.norm1.'],
    [/^(blocks\.\d+)\.LayerNorm_2\//, '$1.norm2.'],
    [/^(blocks\.\d+)\.MultiHeadDotProductAttention_1\/([qkv])(?:uery|ey|alue)\//, '$1.attn.$2.'],
    [/^(blocks\.\d+)\.MultiHeadDotProductAttention_1\/out\//, '$1.attn.proj.'],
    [/^(blocks\.\d+)\.MlpBlock_3\/Dense_0\//, '$1.mlp.fc1.'],
    [/^(blocks\.\d+)\.MlpBlock_3\/Dense_1\//, '$1.mlp.fc2.'],
    [/^Transformer\/encoder_norm\//, 'norm.'],
    [/^(head|pre_logits)\//, 'head.$1.'],
    [/^(.*\.)(?:kernel|scale)$/, '$1weight'],
  ],
  stored: outputsFirst,
  normalisation: NORMALISATIONS.half,
}

export const NAMINGS: readonly Naming[] = [FAMILIES_OWN, HUGGING_FACE, JAX]

/** What the families call a tensor. @param name in the file, without the network's prefix */
export function familyName({ names }: Naming, name: string): string {
  return names.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), name)
}

/** Kernels [rows, columns, in, out], [in, out], [in, heads, channels] and [heads, channels, out] as PyTorch has them. */
function outputsFirst(name: string, tensor: FileTensor): FileTensor {
  const { shape } = tensor
  if (/\.attn\.[qkv]\.bias$/.test(name)) return seenAs(tensor, [product(shape)], [0])
  if (/\.attn\.[qkv]\.weight$/.test(name) && shape.length === 3)
    return transposed(tensor, shape[0]!, shape[1]! * shape[2]!)
  if (/\.attn\.proj\.weight$/.test(name) && shape.length === 3)
    return transposed(tensor, shape[0]! * shape[1]!, shape[2]!)
  if (/\.weight$/.test(name) && shape.length === 2) return transposed(tensor, shape[0]!, shape[1]!)
  return shape.length === 4 ? seenAs(tensor, shape, [3, 2, 0, 1]) : tensor
}

function transposed(tensor: FileTensor, rows: number, columns: number): FileTensor {
  return seenAs(tensor, [rows, columns], [1, 0])
}

/** A tensor taken as of `shape`, its axes in another order. */
function seenAs(tensor: FileTensor, shape: readonly number[], order: readonly number[]): FileTensor {
  const strides = shape.map((_, axis) => product(shape.slice(axis + 1)))
  const turned = order.map((axis) => shape[axis]!)
  return {
    dtype: tensor.dtype,
    shape: turned,
    async read() {
      const { dtype, bytes } = await tensor.read()
      const places = order.map((axis) => strides[axis]!)
      return { dtype, shape: turned, bytes: gather(bytes, 0, turned, places, DTYPE_BYTES[dtype]) }
    },
  }
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1)
