/** The models that a person has at hand, as the extension lists them. */

/** Where a model comes from: with the extension, from a checkpoint of others, from a training here. */
export type ModelOrigin = 'starter' | 'imported' | 'trained'

/** A model at hand. */
export interface ModelEntry {
  /** `starter`, or unique in the registry. */
  readonly id: string
  /** What the person calls it; unique in the registry. */
  readonly name: string
  /** `SiamMAE`, `DINO`, `ONNX encoder`, ... */
  readonly family: string
  /** The architecture in short: `ViT-S/16`. */
  readonly size: string
  readonly origin: ModelOrigin
  /** Path or URL that it was made from, or the run that trained it. */
  readonly source: string
  /** `unknown` where nobody knows; `MIT + its footage` of a trained one. Shown by `licence.ts`. */
  readonly licence: string
  /** Absolute path of the file that runs. */
  readonly file: string
  /** `sha256:` and the hash of `file`. */
  readonly sha256: string
  readonly bytes: number
  /** When it came into the registry, ISO 8601. */
  readonly added: string
  /** `sha256:` and the hash of the checkpoint that it was made from, where there was one. */
  readonly sourceSha256?: string
}

/** What has to be told about a model that comes into the registry; the rest is found out. */
export interface NewModel {
  /** Made unique where another model has it. */
  readonly name: string
  readonly family: string
  readonly size: string
  readonly origin: 'imported' | 'trained'
  readonly source: string
  /** `unknown` when left out. */
  readonly licence?: string | undefined
  /**
   * Absolute path. A file that stands where {@link ModelRegistry.fileFor} said belongs to the registry and goes with
   * its entry; any other is the person's and is never removed.
   */
  readonly file: string
  readonly sourceSha256?: string | undefined
}
