/** What a view and the host say to each other about a look into the model. */

/** What a view wants to see. */
export type InspectionWish =
  /** Where a patch of one frame is found in another. */
  | {
      readonly kind: 'correspondence'
      /** The frame with the patch. */
      readonly reference: number
      /** A point in the patch, in pixels of the video; 0, 0 is the picture's upper left corner. */
      readonly x: number
      readonly y: number
      /** The frame to look in. */
      readonly frame: number
      /** How many matches are marked, 1 to {@link MOST_MATCHES}. */
      readonly topK: number
    }
  /** What the [CLS] token looks at in its last block. */
  | { readonly kind: 'attention'; readonly frame: number }

export const MOST_MATCHES = 50

/** A patch by its place in the network's grid. */
export interface PatchPlace {
  readonly row: number
  readonly column: number
}

/** The network that was looked into. */
export interface NetworkView {
  /** File name of the model, and its architecture. */
  readonly model: string
  readonly architecture: string
  readonly device: string
  /** Pixels at which it sees the clip, and its patches. */
  readonly width: number
  readonly height: number
  readonly rows: number
  readonly columns: number
}

export interface CorrespondenceView {
  readonly kind: 'correspondence'
  readonly network: NetworkView
  readonly patch: PatchPlace
  /** Cosines with every patch of the other frame, row by row, -1 to 1. */
  readonly similarity: Float32Array
  /** Best first. */
  readonly matches: readonly (PatchPlace & { readonly similarity: number })[]
}

export interface AttentionView {
  readonly kind: 'attention'
  readonly network: NetworkView
  readonly heads: number
  /** [heads, rows * columns], 0 to 1. */
  readonly maps: Float32Array
  readonly mean: Float32Array
  /** Per head the part of its attention that lies on patches. */
  readonly onPatches: Float32Array
}

/** The answer to a wish. */
export type InspectionAnswer =
  | CorrespondenceView
  | AttentionView
  /** One sentence for the person. */
  | { readonly kind: 'refused'; readonly message: string }
  /** A newer wish of the view has taken its place. */
  | { readonly kind: 'overtaken' }
