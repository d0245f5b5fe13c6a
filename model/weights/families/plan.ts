/** From a network of a known family to the parameters of an encoder of ours: what is read, made of what, left out why. */
import * as v from 'valibot'
import { UserError } from '../../errors.ts'
import { type EncoderConfig, encoderConfigSchema, encoderLayout } from '../../siammae/index.ts'
import { ImportQuestion } from '../import-question.ts'
import { NORMALISATIONS, type NormalisationName } from '../normalisation.ts'
import { FAMILIES, type Family, IGNORED, OWN, REGISTER_NAMES, type Shapes } from './families.ts'
import type { Network } from './network.ts'
import { rowsOf, type Step } from './recipes.ts'

/** Heads of the published widths: ViT-Ti, S, B, L, H, g. Shapes do not tell. */
const HEADS: Readonly<Record<number, number>> = { 192: 3, 384: 6, 768: 12, 1024: 16, 1280: 16, 1536: 24 }

export interface PlanOptions {
  /** Identifier of a family, where the names alone would say another one. */
  readonly family?: string | undefined
  readonly heads?: number | undefined
  /** What was done to pixels in training; as the family does when left out. */
  readonly normalise?: NormalisationName | undefined
}

export interface Plan {
  readonly family: Family
  readonly config: EncoderConfig
  /** By parameter of ours, in the order of the layout. */
  readonly steps: ReadonlyMap<string, Step>
  /** Tensors of the network that are of no use, with the reason. */
  readonly ignored: ReadonlyMap<string, string>
}

/**
 * Decides everything before a value is read.
 * @param own the architecture that a file of ours states
 * @throws UserError naming the file and the tensor: missing, of another shape, or one that is not understood
 */
export function planImport(file: string, network: Network, options: PlanOptions, own?: EncoderConfig): Plan {
  const shapeOf: Shapes = (name) => network.tensors.get(name)?.shape
  const family = own ? OWN : chooseFamily(shapeOf, options.family)
  const config = own ?? architecture(file, family, network, shapeOf, options)
  const steps = new Map<string, Step>()
  const used = new Set<string>()
  for (const [name, target] of encoderLayout(config)) {
    const block = /^blocks\.(\d+)\./.exec(name)?.[1] ?? ''
    const step = family.table[name.replace(/^blocks\.\d+\./, 'blocks.*.')]!({
      config,
      target,
      block,
      shapeOf,
    })
    for (const source of step.sources) {
      const shape = shapeOf(source.name)
      if (!shape && source.missing === undefined)
        throw new UserError(
          `${file} has no tensor ${network.prefix}${source.name}, which ${family.title} needs. Use another checkpoint.`,
        )
      if (shape && squeezed(shape) !== squeezed(source.shape))
        throw new UserError(
          `${file}: tensor ${network.fileNames.get(source.name)} has the shape [${shape}] where [${source.shape}] is needed. Use another checkpoint.`,
        )
      used.add(source.name)
    }
    steps.set(name, step)
  }
  return { family, config, steps, ignored: leftOut(file, family, network, used) }
}

const squeezed = (shape: readonly number[]): string => shape.filter((size) => size !== 1).join()

function chooseFamily(shapeOf: Shapes, id: string | undefined): Family {
  return FAMILIES.find((family) => (id === undefined ? family.recognises(shapeOf) : family.id === id))!
}

function architecture(
  file: string,
  family: Family,
  { tensors, naming }: Network,
  shapeOf: Shapes,
  options: PlanOptions,
): EncoderConfig {
  const refuse = (what: string): never => {
    throw new UserError(`${file} looks like ${family.title}, but ${what}. Use another checkpoint.`)
  }
  const embedding = shapeOf('patch_embed.proj.weight')!
  const [dim = 0, channels] = embedding
  const [patch = 0, patchWidth] = embedding.slice(-2)
  if (
    embedding.length < 4 ||
    embedding.length > 5 ||
    channels !== 3 ||
    patch !== patchWidth ||
    dim < 1 ||
    patch < 1
  )
    refuse(`its patch embedding has the shape [${embedding}]`)
  let depth = 0
  while (tensors.has(`blocks.${depth}.norm1.weight`)) depth++
  const grid = family.positionGrid(shapeOf, patch)
  if (grid === undefined) return refuse('its position table is of no square of patches')
  if (tensors.has('blocks.0.mlp.w12.weight')) refuse('its gated MLP (SwiGLU) is not known here')
  const heads = options.heads ?? HEADS[dim]
  if (heads === undefined)
    throw new ImportQuestion(
      `${file}: how many attention heads a network of ${dim} channels has cannot be seen from its tensors. Say how many.`,
      'heads',
      likelyHeads(dim),
    )
  const registers = REGISTER_NAMES.map((name) => rowsOf(shapeOf(name))).find((count) => count > 0)
  const usual = family.normalisation ?? naming.normalisation ?? NORMALISATIONS.imagenet
  const parsed = v.safeParse(encoderConfigSchema, {
    patch,
    dim,
    depth,
    heads,
    mlpRatio: (shapeOf('blocks.0.mlp.fc1.weight')?.[0] ?? 0) / dim,
    layerNormEpsilon: family.layerNormEpsilon ?? naming.layerNormEpsilon ?? 1e-6,
    positionGrid: grid,
    ...(options.normalise === undefined ? usual : NORMALISATIONS[options.normalise]),
    ...(tensors.has('cls_token') ? {} : { classToken: false }),
    ...(registers === undefined ? {} : { registers, positionResize: 'antialiased' }),
  })
  if (parsed.success) return parsed.output
  const issue = parsed.issues[0]
  return refuse(`its ${v.getDotPath(issue) ?? 'architecture'} is not sound (${issue.message})`)
}

/** Numbers of heads that divide the channels, the usual 64 channels per head first. */
function likelyHeads(dim: number): number[] {
  const whole = Array.from({ length: 64 }, (_, i) => i + 1).filter((heads) => dim % heads === 0)
  return whole.sort((a, b) => Math.abs(dim / a - 64) - Math.abs(dim / b - 64))
}

/**
 * Tensors that are not used, with the reason.
 * @throws UserError for one that may change the features: better no import than a wrong one
 */
function leftOut(
  file: string,
  family: Family,
  network: Network,
  used: ReadonlySet<string>,
): Map<string, string> {
  const ignored = new Map<string, string>()
  const strange: string[] = []
  for (const [name, { shape }] of network.tensors) {
    if (used.has(name)) continue
    const why = IGNORED.find(([pattern]) => pattern.test(name))?.[1]
    if (why !== undefined) ignored.set(name, why)
    else if (squeezed(shape) === '') ignored.set(name, 'a single number')
    else strange.push(network.fileNames.get(name)!)
  }
  if (strange.length > 0)
    throw new UserError(
      `${file} looks like ${family.title}, but it has tensors that would change the features and are not known here: ${strange.slice(0, 4).join(', ')}${strange.length > 4 ? ` and ${strange.length - 4} more` : ''}. Use another checkpoint.`,
    )
  return ignored
}
