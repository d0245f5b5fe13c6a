import { ChangedFrames } from './changed-frames.ts'
import type { DocumentThreads, LoadListener } from './document-thread.ts'
import { DoubtfulFrames } from './doubtful.ts'
import { ObservedDocument } from './observed-document.ts'
import { inSlices } from './slices.ts'
import type { FileState } from './worker-messages.ts'

/** What an annotation file is made of, and made anew of when it is read again. */
export interface Parts {
  readonly content: ObservedDocument
  readonly doubtful: DoubtfulFrames
  /** The file that was read; undefined where there is none, and for a backup. */
  readonly state: FileState | undefined
}

/** The document of a clip that has no side-car yet. */
export function emptied({ video }: ObservedDocument, doubtBelow: number): Parts {
  const content = new ObservedDocument(video)
  return { content, doubtful: new DoubtfulFrames(content, doubtBelow), state: undefined }
}

/** Reads a side-car. @throws SidecarProblem when it cannot be read, is damaged or newer */
export async function read(
  threads: DocumentThreads,
  path: string,
  doubtBelow: number,
  progress?: (done: number, total: number) => void,
): Promise<Parts> {
  return load(threads, { kind: 'load', path }, doubtBelow, progress === undefined ? {} : { progress })
}

/** What a job of the thread reads, with its frames worth checking. */
export async function load(
  threads: DocumentThreads,
  job: Parameters<DocumentThreads['load']>[0],
  doubtBelow: number,
  listener: LoadListener,
): Promise<Parts> {
  const frames = new ChangedFrames()
  let doubtful: DoubtfulFrames | undefined
  const { content, state } = await threads.load(job, {
    ...listener,
    began: (document) => {
      doubtful = new DoubtfulFrames(document, doubtBelow)
    },
    measured: (objectId, frame, measure) => {
      doubtful?.know(objectId, frame, measure)
      frames.add(objectId, frame)
    },
  })
  doubtful ??= new DoubtfulFrames(content, doubtBelow)
  await inSlices(doubtful.update(frames, true))
  return { content, doubtful, state }
}
