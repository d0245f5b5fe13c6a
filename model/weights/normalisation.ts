import { IMAGENET_MEAN, IMAGENET_STD } from '../siammae/index.ts'

/** Per channel of an image in 0..1: subtracted, then divided by. */
export interface Normalisation {
  readonly mean: readonly [number, number, number]
  readonly std: readonly [number, number, number]
}

/**
 * What published networks do to pixels: ImageNet's mean and deviation; from -1 to 1, as Google's vision transformers;
 * nothing but dividing by 255.
 */
export const NORMALISATIONS = {
  imagenet: { mean: IMAGENET_MEAN, std: IMAGENET_STD },
  half: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
  none: { mean: [0, 0, 0], std: [1, 1, 1] },
} as const satisfies Record<string, Normalisation>

export type NormalisationName = keyof typeof NORMALISATIONS
