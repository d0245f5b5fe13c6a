/** The published families: how each is recognised, and what becomes of its tensors. Names without part prefix. */
import type { EncoderConfig } from '../../siammae/index.ts'
import type { Naming } from './namings.ts'
import {
  type Context,
  classAndGrid,
  copy,
  either,
  firstFrames,
  fixedSines,
  imagePositions,
  plusFirstRow,
  queryAndValue,
  type Recipe,
  registers,
  rowsOf,
  scaledRows,
  stacked,
  summedOverTime,
} from './recipes.ts'

/** The shape of a tensor of the network, undefined where it has none of that name. */
export type Shapes = (name: string) => readonly number[] | undefined

export interface Family {
  readonly id: string
  /** For people. */
  readonly title: string
  /** Whether a vision transformer with these tensors is of this family; asked in order. */
  recognises(shapeOf: Shapes): boolean
  /** Our parameter (`*` is the block's number) and the recipe for it. */
  readonly table: Readonly<Record<string, Recipe>>
  /** Rows and columns of the position table, undefined where it is of no square. */
  positionGrid(shapeOf: Shapes, patch: number): number | undefined
  /** What was subtracted from and divided through pixels in training, where that is not ImageNet's. */
  readonly normalisation?: Pick<EncoderConfig, 'mean' | 'std'>
  /** The epsilon of its layer norms, whatever the code is that names its tensors. */
  readonly layerNormEpsilon?: number
  /** What a user should know of the import. */
  readonly notes?: readonly string[]
}

/** Names of tokens that see everything and have no place. */
export const REGISTER_NAMES = ['register_tokens', 'reg_token', 'dist_token'] as const

/** The usual side of training pictures, where a file does not tell how many patches there were. */
const USUAL_SIDE = 224

const part = (name: string): string[] => ['q', 'k', 'v'].map((which) => `blocks.*.attn.${which}.${name}`)

const hasParts = ({ shapeOf, block }: Context): boolean =>
  shapeOf(`blocks.${block}.attn.q.weight`) !== undefined

/** Queries, keys and values in one tensor, or in three. */
const QKV_WEIGHT: Recipe = (context) =>
  (hasParts(context) ? stacked(part('weight')) : copy('blocks.*.attn.qkv.weight'))(context)
const QKV_BIAS: Recipe = (context) =>
  (hasParts(context) ? stacked(part('bias'), true) : copy('blocks.*.attn.qkv.bias', 0))(context)

const VIT: Record<string, Recipe> = {
  cls_token: copy('cls_token'),
  register_tokens: registers(REGISTER_NAMES, 'pos_embed'),
  pos_embed: imagePositions('pos_embed'),
  'patch_embed.proj.weight': copy('patch_embed.proj.weight'),
  'patch_embed.proj.bias': copy('patch_embed.proj.bias', 0),
  'blocks.*.norm1.weight': copy('blocks.*.norm1.weight'),
  'blocks.*.norm1.bias': copy('blocks.*.norm1.bias'),
  'blocks.*.attn.qkv.weight': QKV_WEIGHT,
  'blocks.*.attn.qkv.bias': QKV_BIAS,
  'blocks.*.attn.proj.weight': copy('blocks.*.attn.proj.weight'),
  'blocks.*.attn.proj.bias': copy('blocks.*.attn.proj.bias', 0),
  'blocks.*.norm2.weight': copy('blocks.*.norm2.weight'),
  'blocks.*.norm2.bias': copy('blocks.*.norm2.bias'),
  'blocks.*.mlp.fc1.weight': copy('blocks.*.mlp.fc1.weight'),
  'blocks.*.mlp.fc1.bias': copy('blocks.*.mlp.fc1.bias', 0),
  'blocks.*.mlp.fc2.weight': copy('blocks.*.mlp.fc2.weight'),
  'blocks.*.mlp.fc2.bias': copy('blocks.*.mlp.fc2.bias', 0),
  'norm.weight': copy('norm.weight'),
  'norm.bias': copy('norm.bias'),
}

/** Factors per channel behind both halves of a block, under the names of timm and DINOv2. */
const WITH_LAYER_SCALE: Record<string, Recipe> = {
  ...VIT,
  'blocks.*.attn.proj.weight': scaledRows('blocks.*.attn.proj.weight', 'blocks.*.ls1.gamma'),
  'blocks.*.attn.proj.bias': scaledRows('blocks.*.attn.proj.bias', 'blocks.*.ls1.gamma'),
  'blocks.*.mlp.fc2.weight': scaledRows('blocks.*.mlp.fc2.weight', 'blocks.*.ls2.gamma'),
  'blocks.*.mlp.fc2.bias': scaledRows('blocks.*.mlp.fc2.bias', 'blocks.*.ls2.gamma'),
}

/** A fine-tuned network that averages patches has its last norm behind the average. */
const POOLED: Record<string, Recipe> = {
  'norm.weight': either('norm.weight', 'fc_norm.weight'),
  'norm.bias': either('norm.bias', 'fc_norm.bias'),
}

const VIDEO_MAE: Record<string, Recipe> = {
  ...VIT,
  ...POOLED,
  pos_embed: (context) => (context.shapeOf('pos_embed') ? firstFrames('pos_embed') : fixedSines)(context),
  'patch_embed.proj.weight': summedOverTime('patch_embed.proj.weight'),
  'blocks.*.attn.qkv.bias': queryAndValue('blocks.*.attn.q_bias', 'blocks.*.attn.v_bias'),
  'blocks.*.attn.proj.weight': scaledRows('blocks.*.attn.proj.weight', 'blocks.*.gamma_1'),
  'blocks.*.attn.proj.bias': scaledRows('blocks.*.attn.proj.bias', 'blocks.*.gamma_1'),
  'blocks.*.mlp.fc2.weight': scaledRows('blocks.*.mlp.fc2.weight', 'blocks.*.gamma_2'),
  'blocks.*.mlp.fc2.bias': scaledRows('blocks.*.mlp.fc2.bias', 'blocks.*.gamma_2'),
}

const MAE_ST: Record<string, Recipe> = {
  ...VIT,
  pos_embed: (context) =>
    (context.shapeOf('pos_embed_spatial')
      ? classAndGrid('pos_embed_class', 'pos_embed_spatial')
      : firstFrames('pos_embed'))(context),
  'patch_embed.proj.weight': summedOverTime('patch_embed.proj.weight'),
  'patch_embed.proj.bias': plusFirstRow('patch_embed.proj.bias', 'pos_embed_temporal'),
}

const wholeRoot = (count: number): number | undefined => {
  const side = Math.sqrt(count)
  return Number.isInteger(side) && side > 0 ? side : undefined
}

/** The side of a table with a row for [CLS], with rows for [CLS] and registers, or with neither. */
function imageGrid(shapeOf: Shapes): number | undefined {
  const rows = rowsOf(shapeOf('pos_embed'))
  const tokens = REGISTER_NAMES.map((name) => rowsOf(shapeOf(name))).find((count) => count > 0) ?? 0
  return wholeRoot(rows - 1) ?? (tokens > 0 ? wholeRoot(rows - 1 - tokens) : undefined) ?? wholeRoot(rows)
}

/** Files of clips do not tell how many rows their grid has: that of the usual training pictures. */
const usualGrid = (_shapeOf: Shapes, patch: number): number => Math.floor(USUAL_SIDE / patch)

const isOfClips = (shapeOf: Shapes): boolean => shapeOf('patch_embed.proj.weight')?.length === 5

const STILL = 'The network was trained on clips; here it sees every frame as a clip that stands still.'
const LEFT_OUT_NORM = 'The norm behind the average of a classifier serves as the last norm.'

/** Asked from the first on; the last takes every plain vision transformer. */
export const FAMILIES: readonly Family[] = [
  {
    id: 'mae-st',
    title: 'MAE-ST (masked autoencoder of clips, Feichtenhofer et al. 2022)',
    recognises: (shapeOf) =>
      isOfClips(shapeOf) &&
      (shapeOf('blocks.0.attn.q.weight') !== undefined || shapeOf('pos_embed_spatial') !== undefined) &&
      shapeOf('blocks.0.attn.q_bias') === undefined,
    table: MAE_ST,
    positionGrid: (shapeOf, patch) =>
      shapeOf('pos_embed_spatial')
        ? wholeRoot(rowsOf(shapeOf('pos_embed_spatial')))
        : usualGrid(shapeOf, patch),
    normalisation: { mean: [0.45, 0.45, 0.45], std: [0.225, 0.225, 0.225] },
    notes: [STILL],
  },
  {
    id: 'videomae',
    title: 'VideoMAE (Tong et al. 2022)',
    recognises: isOfClips,
    table: VIDEO_MAE,
    positionGrid: usualGrid,
    notes: [STILL, 'Its positions run along one line and were made for pictures of 224 x 224 pixels.'],
  },
  {
    id: 'catmae',
    title: 'CatMAE (concatenated masked autoencoder, Jiang et al. 2023)',
    recognises: (shapeOf) => shapeOf('decoder_frame_info') !== undefined,
    table: VIT,
    positionGrid: imageGrid,
  },
  {
    id: 'rsp',
    title: 'RSP (Jang et al. 2024)',
    recognises: (shapeOf) =>
      shapeOf('to_posterior.0.weight') !== undefined ||
      shapeOf('decoder_embed_deter.weight') !== undefined ||
      shapeOf('decoder_blocks.0.cattn.q.weight') !== undefined,
    table: VIT,
    positionGrid: imageGrid,
  },
  {
    id: 'cropmae',
    title: "SiamMAE or CropMAE of CropMAE's code (Eymaël et al. 2024)",
    recognises: (shapeOf) => shapeOf('decoder_blocks.0.multihead_attn.in_proj_weight') !== undefined,
    table: VIT,
    positionGrid: imageGrid,
  },
  {
    id: 'mae',
    title: 'MAE (He et al. 2022)',
    recognises: (shapeOf) => shapeOf('decoder_embed.weight') !== undefined,
    table: VIT,
    positionGrid: imageGrid,
  },
  {
    id: 'dinov2',
    title: 'DINOv2 (Oquab et al. 2023)',
    recognises: (shapeOf) =>
      shapeOf('register_tokens') !== undefined ||
      (shapeOf('blocks.0.ls1.gamma') !== undefined && shapeOf('mask_token') !== undefined),
    table: WITH_LAYER_SCALE,
    positionGrid: imageGrid,
    layerNormEpsilon: 1e-6,
  },
  {
    id: 'timm',
    title: "a vision transformer of timm's code",
    recognises: (shapeOf) =>
      ['head.weight', 'fc_norm.weight', 'reg_token', 'dist_token', 'blocks.0.ls1.gamma'].some(
        (name) => shapeOf(name) !== undefined,
      ),
    table: { ...WITH_LAYER_SCALE, ...POOLED },
    positionGrid: imageGrid,
    notes: [
      "Files of timm do not tell how pixels were normalised: ImageNet's mean and deviation are taken. Models of Google's training (augreg, in21k) need the normalisation called half.",
    ],
  },
  {
    id: 'dino',
    title: 'DINO (Caron et al. 2021), or another plain vision transformer under the same names',
    recognises: () => true,
    table: VIT,
    positionGrid: imageGrid,
  },
]

/** What this program writes; told by the metadata of the file. */
export const OWN: Family = {
  id: 'siammae',
  title: 'SiamMAE of this program',
  recognises: () => false,
  table: VIT,
  positionGrid: imageGrid,
}

/** Notes of a family and of whose names it came under, for this very file. */
export function notesOf(family: Family, naming: Naming, shapeOf: Shapes): string[] {
  const pooled = !shapeOf('norm.weight') && shapeOf('fc_norm.weight') !== undefined
  const named = naming.whose === undefined ? [] : [`Its tensors have the names of ${naming.whose}.`]
  // What the one says of pixels the other need not say again; where the names decide, the family's word is void.
  const notes = naming.notes ?? (naming.normalisation ? [] : (family.notes ?? []))
  return [
    ...named,
    ...(isOfClips(shapeOf) ? (family.notes ?? []) : notes),
    ...(pooled ? [LEFT_OUT_NORM] : []),
  ]
}

/** Tensors that are of no use for features, and why; names without part prefix. */
export const IGNORED: readonly (readonly [RegExp, string])[] = [
  [/^decoder[_.]/, 'decoder of the pretraining'],
  [/^mask_token$/, 'mask token of the pretraining'],
  [/^encoder_to_decoder\./, 'decoder of the pretraining'],
  [/^to_(posterior|prior)\./, 'prediction of the future in the pretraining'],
  [
    /^(head|heads|fc|pre_logits|head_dist|projector|predictor|\w+_head|last_layer)(\.|$)/,
    'head for another task',
  ],
  [/^fc_norm\./, 'norm of a classifier'],
  [/^optimi[sz]er/, 'state of the optimiser'],
  [/^(scaler|scheduler|lr_scheduler|loss|dino_loss|criterion|center|queue)(\.|$)/, 'state of the training'],
]
