import { basename } from 'node:path'
import * as vscode from 'vscode'
import { AnnotationFile } from '../document/annotation-file.ts'
import type { DocumentThreads } from '../document/document-thread.ts'
import { inPercent } from '../progress.ts'
import type { EditorServices } from './types.ts'
import { VideoLink } from './video-link.ts'

/**
 * Reads a clip that no editor can open, a folder of images, and writes its side-car. All of its images are read, with
 * progress and a button that stops that.
 * @throws Error with a sentence when the clip cannot be read or the side-car not be written; CancellationError when it was
 *   stopped, and then nothing is written
 */
export async function makeSidecar(
  services: EditorServices,
  threads: DocumentThreads,
  sidecarPath: string,
  videoPath: string,
): Promise<void> {
  const { client, settings } = services
  const link = new VideoLink(sidecarPath, services, threads, videoPath)
  await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      cancellable: true,
      title: vscode.l10n.t('Reading {0}', basename(videoPath)),
    },
    async (progress, token) => {
      const tell = inPercent(progress)
      const listening = client.onOpening(({ clip, done, total }) => {
        if (clip !== videoPath || !total) return
        tell((100 * done) / total, `${done} / ${total}`)
      })
      const cancelling = token.onCancellationRequested(() => link.cancel())
      try {
        const clip = await link.openKnown()
        const file = AnnotationFile.create(threads, sidecarPath, settings.display().doubtBelow, clip)
        try {
          await file.save()
        } finally {
          file.dispose()
        }
      } catch (error) {
        throw token.isCancellationRequested ? new vscode.CancellationError() : error
      } finally {
        cancelling.dispose()
        listening.dispose()
        link.close()
      }
    },
  )
}
