import type { DatasetSequence, Numbering } from '../../model/formats/index.ts'
import type { PackedEntries } from './packed-entries.ts'
import type { Catalogue } from './snapshot.ts'

/** The clip that marks are wanted for. */
export interface ClipName {
  readonly path: string
  readonly frameCount: number
}

/** What a job of the document thread is; one thread does one job. */
export type Job =
  /** Reads a side-car; with a log, what the log holds on top of it. */
  | { readonly kind: 'load'; readonly path: string }
  | { readonly kind: 'restore'; readonly log: string; readonly base: string | undefined }
  /**
   * Writes a side-car; the catalogue and the entries follow. `expected` is the hash of what should be there now, null
   * where no file should be; undefined overwrites whatever reads well there. `good` is the hash of content that is known to
   * read well.
   */
  | {
      readonly kind: 'save'
      readonly path: string
      readonly catalogue: Catalogue
      readonly expected: string | null | undefined
      readonly good: string | undefined
    }
  /** The text of a side-car; catalogue and entries as for `save`. */
  | { readonly kind: 'text'; readonly catalogue: Catalogue }
  /** Reads a sequence of a dataset. */
  | {
      readonly kind: 'dataset'
      readonly folder: string
      readonly found: Pick<DatasetSequence, 'format' | 'name'>
      readonly numbering?: Numbering
    }
  /**
   * Reads a picture of the masks of one frame, as the document that it makes of this catalogue. `objectId` is the object
   * that a black and white one is of.
   */
  | {
      readonly kind: 'mask'
      readonly file: string
      readonly frame: number
      readonly catalogue: Catalogue
      readonly objectId: number | undefined
    }
  /** Looks which videos a dataset holds; those called as an export of the clip would be come first. */
  | { readonly kind: 'sequences'; readonly folder: string; readonly clip: ClipName }
  /** Looks for a file with this content hash. */
  | { readonly kind: 'find'; readonly candidates: readonly string[]; readonly hash: string }

/** Where marks can be taken over from. */
export type MarkSource = Extract<Job, { kind: 'load' | 'dataset' | 'mask' }>

/** A file as it was at some moment. */
export interface FileState {
  readonly size: number
  /** Nanoseconds since 1970, as decimal digits. */
  readonly modified: string
  /** SHA-256, hexadecimal. */
  readonly hash: string
}

/** From the thread. */
export type FromWorker =
  | { readonly kind: 'head'; readonly catalogue: Catalogue; readonly count: number }
  /** Entries, with the measures of their shapes (see `packMeasures`); undefined at the end. */
  | { readonly kind: 'piece'; readonly piece: LoadedPiece | undefined }
  /** The thread wants the next piece to be saved. */
  | { readonly kind: 'more' }
  | { readonly kind: 'loaded'; readonly state: FileState | undefined }
  | { readonly kind: 'saved'; readonly state: FileState }
  /** Somebody else has changed the file; nothing was written. */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'found'; readonly path: string | undefined }
  | { readonly kind: 'sequences'; readonly sequences: readonly DatasetSequence[] }
  | { readonly kind: 'failed'; readonly problem: Problem }

/** To the thread: asks for the next piece, or brings one (undefined after the last). */
export type ToWorker =
  | { readonly kind: 'next' }
  | { readonly kind: 'piece'; readonly piece: PackedEntries | undefined }

export interface LoadedPiece {
  readonly entries: PackedEntries
  /** Area, x, y and number of parts per entry; an area of NaN where there is no shape. */
  readonly measures: Float64Array
  /** Whether an entry is not in the base: it comes from the log. */
  readonly changed: Uint8Array
}

/** Why a job failed. */
export interface Problem {
  /** One sentence for the person. */
  readonly message: string
  /** Whether the sentence is one; else it is a bug, and `stack` says where. */
  readonly stack: string | undefined
  readonly missing: boolean
  /** Whether the backup beside the side-car is good. */
  readonly backup: boolean
}
