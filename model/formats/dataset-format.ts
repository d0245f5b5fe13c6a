import type { AnnotationDocument, Label, VideoReference } from '../annotation/index.ts'

/** One frame of the video, from its frame table. */
export interface ExportFrame {
  /** 0-based position in the video. */
  readonly index: number
  /** Presentation time in seconds. */
  readonly time: number
  /** File name of the frame where the video is a folder of images. */
  readonly file?: string
}

/** A decoded frame. */
export interface ExportPicture {
  readonly index: number
  readonly width: number
  readonly height: number
  /** height x width x 3, red, green, blue, row-major. */
  readonly data: Uint8Array
}

/** What a writer needs beside the document. */
export interface ExportContext {
  /** Where the dataset is, or is to be. Other sequences in it are kept. */
  readonly folder: string
  /** Name of this video in the dataset, usable as a folder name on every system. */
  readonly sequence: string
  /** The frame table: at least every frame with an entry. */
  readonly frames: readonly ExportFrame[]
  /** Name and version of the tool, for the provenance file. */
  readonly tool: string
  /** When given, the exported frames are written as JPEG too. May give more frames than needed, in any order. */
  readonly pictures?: () => AsyncIterable<ExportPicture>
  readonly signal?: AbortSignal
  /** Label maps (or the one file) and pictures written so far, and in all. */
  readonly onProgress?: (done: number, total: number) => void
}

/** Where an export is to go, and which video it is of. */
export interface ExportTarget extends Pick<ExportContext, 'folder' | 'sequence' | 'pictures'> {
  readonly video: VideoReference
  /** Labels of the objects, as far as they are known beforehand. */
  readonly labels?: readonly Label[]
}

export interface WriteReport {
  /** Files written, the shared ones (lists, provenance) included. */
  files: number
  /** What the format could not hold, one sentence each; also in the provenance file. */
  warnings: string[]
}

/**
 * What frame 0 is called: the numbers at the end of the names count from 0 or from 1; or the files are the first frames in
 * the order in which the dataset has them.
 */
export type Numbering = 0 | 1 | 'order'

export interface ReadOptions {
  /** Needed where the dataset holds several. */
  sequence?: string
  /** Which frames the files are, where neither a record of an export nor the data say it: by DAVIS 0, by others 'order'. */
  numbering?: Numbering
}

/** A dataset layout on disk. */
export interface DatasetFormat {
  readonly id: 'davis' | 'youtube-vis' | 'coco'
  readonly title: string
  /**
   * Tells beforehand what {@link write} would refuse about the folder.
   * @throws UserError when it holds a sequence of this name that no export made or that is of another video, a label
   *   does not fit the kinds of things in it, or its record is damaged
   */
  checkFolder(target: ExportTarget): Promise<void>
  /**
   * Writes one video. Built aside, read back, compared with the document, then moved into place. Waits while this
   * process writes another video to the folder.
   * @throws UserError when there is nothing to write that the format can hold, the folder refuses, it holds a sequence of this name that no
   *   export made or that is of another video, or another process wrote to it meanwhile; CancelledError on the signal.
   *   The folder is then as it was before.
   */
  write(document: AnnotationDocument, context: ExportContext): Promise<WriteReport>
  /**
   * Reads one video. Entries get the states that the provenance file names, as far as their masks and keypoints are
   * still those that were written; all others count as a person's keyframes.
   * @throws UserError naming the file that is missing or damaged
   */
  read(folder: string, options?: ReadOptions): Promise<AnnotationDocument>
}
