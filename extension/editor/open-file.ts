import { AnnotationFile } from '../document/annotation-file.ts'
import type { DocumentThreads } from '../document/document-thread.ts'
import type { VideoLink } from './video-link.ts'

/** What a document is opened from. */
export interface OpenOptions {
  readonly sidecarPath: string
  /** The video that was opened where there is no side-car yet. */
  readonly videoPath?: string
  readonly backupId?: string | undefined
  /** VS Code takes the document for unsaved, also where its backup is gone. */
  readonly fromBackup: boolean
  /** A backup too, of another document of the same files, which VS Code does not know. */
  readonly handedOn?: Promise<string | undefined> | undefined
}

/**
 * The annotations of a document: out of a backup where there is one, new for a video without a side-car, else as they are
 * on disk.
 * @throws Error with a sentence
 */
export async function openFile(
  { sidecarPath, videoPath, backupId, handedOn }: OpenOptions,
  threads: DocumentThreads,
  video: VideoLink,
  { doubtBelow, progress }: { doubtBelow: number; progress: (done: number, total: number) => void },
): Promise<AnnotationFile> {
  const backup = backupId ?? (await handedOn)
  if (backup !== undefined) return AnnotationFile.restore(threads, backup, sidecarPath, doubtBelow, progress)
  if (videoPath === undefined) return AnnotationFile.open(threads, sidecarPath, doubtBelow, progress)
  return AnnotationFile.create(threads, sidecarPath, doubtBelow, await video.openKnown())
}
