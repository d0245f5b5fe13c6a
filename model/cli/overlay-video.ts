/** The overlay video: the clip with its annotations drawn on every frame. */
import { type AnnotationDocument, paintMask } from '../annotation/index.ts'
import { throwIfCancelled } from '../errors.ts'
import { createVideoWriter, type VideoSource } from '../video/index.ts'
import { drawOverlay, type OverlayKeypoint, type OverlayLayers, overlayColour } from './overlay.ts'

/** What is drawn on one frame. */
export function layersOf(document: AnnotationDocument, frame: number, caption: string): OverlayLayers {
  const { width, height } = document.video
  let labels: Uint8Array | undefined
  const keypoints: OverlayKeypoint[][] = []
  const skeletons: (readonly (readonly [number, number])[])[] = []
  const keypointIds: number[] = []
  const states = new Set<string>()
  for (const object of document.objects.values()) {
    const entry = document.entry(object.id, frame)
    if (!entry) continue
    states.add(entry.state)
    if (entry.state === 'absent') continue
    if (entry.mask) {
      labels ??= new Uint8Array(width * height)
      paintMask(entry.mask, labels, object.id)
    }
    if (entry.keypoints) {
      keypoints.push(entry.keypoints.map(({ x, y, visibility }) => ({ x, y, visibility })))
      skeletons.push(document.labels.get(object.labelId)?.skeleton?.edges ?? [])
      keypointIds.push(object.id)
    }
  }
  const state = states.has('keyframe') ? 'keyframe' : [...states].join(', ') || 'not annotated'
  return {
    labels,
    keypoints,
    skeletons,
    keypointIds,
    colourOf: overlayColour,
    caption: `${caption} · ${state}`,
  }
}

/**
 * Writes frames `first` to `last` with their annotations. The file appears only when it is complete.
 * @throws UserError when it cannot be written; CancelledError when the signal fires
 */
export async function writeOverlayVideo(
  path: string,
  source: VideoSource,
  document: AnnotationDocument,
  options: {
    range: readonly [number, number]
    note: string
    signal: AbortSignal
    onProgress: (done: number, total: number) => void
  },
): Promise<{ notice: string | undefined }> {
  const { width, height, averageFps } = source.table
  const [first, last] = options.range
  const { signal } = options
  const writer = await createVideoWriter(path, { width, height, fps: averageFps, signal })
  try {
    for await (const frame of source.frames({ first, last, signal })) {
      throwIfCancelled(signal)
      await writer.write(
        drawOverlay(frame, layersOf(document, frame.index, `frame ${frame.index}${options.note}`)),
      )
      options.onProgress(frame.index - first + 1, last - first + 1)
    }
    await writer.finish()
    return { notice: writer.notice }
  } finally {
    await writer.abort()
  }
}
