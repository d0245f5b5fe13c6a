import {
  type AnnotationDocument,
  createDocument,
  type Edit,
  type Entry,
  encodeMask,
  type Label,
  type Rle,
  type Run,
} from '../../../model/annotation/index.ts'

export const video = { path: 'clip.mp4', hash: 'sha256:1', frameCount: 30, width: 12, height: 8 }

/** Label 1 has no skeleton, label 2 one of three joints. */
export const labels: readonly Label[] = [
  { id: 1, name: 'ball', colour: '#ff0000' },
  {
    id: 2,
    name: 'fish',
    colour: '#00FF7f',
    skeleton: {
      keypoints: ['head', 'fin', 'tail'],
      edges: [
        [0, 1],
        [1, 2],
      ],
    },
  },
]

export function sampleRun(id: number): Run {
  return {
    id,
    model: { name: 'ViT-S/8', file: 'vit-s8.safetensors', hash: `sha256:${id}`, trained: true },
    device: 'cpu',
    preset: 'siammae',
    settings: { topK: 7, radius: [20, 20], blend: { on: true } },
    direction: 'forward',
    range: [0, 29],
    date: '2026-01-02T03:04:05Z',
    tool: 'siammae 0.1.0',
  }
}

/** A box of `side` pixels at `x`, `y`. */
export function boxMask(x: number, y: number, side: number): Rle {
  const pixels = new Uint8Array(video.width * video.height)
  for (let row = y; row < Math.min(y + side, video.height); row++)
    pixels.fill(1, row * video.width + x, row * video.width + Math.min(x + side, video.width))
  return encodeMask(pixels, video.width, video.height)
}

export const pose = [
  { x: 1.5, y: 2, visibility: 'visible' },
  { x: 3, y: 4.25, visibility: 'occluded' },
  { x: 0, y: 0, visibility: 'absent' },
] as const

export const keyframe: Entry = { state: 'keyframe', occluded: false, mask: boxMask(2, 1, 3) }
export const absent: Entry = { state: 'absent', by: 'person' }

export function propagated(run = 1, confidence = 0.5): Entry & { state: 'propagated' } {
  return { state: 'propagated', run, confidence, occluded: false, mask: boxMask(4, 2, 3) }
}

export function setEntry(objectId: number, frame: number, entry: Entry | undefined): Edit {
  return { kind: 'setEntry', objectId, frame, entry }
}

/** Two labels, object 1 (ball), object 2 (fish), run 1, no marks. */
export function sampleDocument(): AnnotationDocument {
  const document = createDocument(video)
  for (const label of labels) document.apply({ kind: 'putLabel', label })
  document.apply({ kind: 'putObject', object: { id: 1, name: 'ball', labelId: 1 } })
  document.apply({ kind: 'putObject', object: { id: 2, name: 'fish', labelId: 2, colour: '#123456' } })
  document.apply({ kind: 'putRun', run: sampleRun(1) })
  return document
}

/** Everything in a document as plain values by key, to compare deeply and independently of `equals`. */
export function contentOf(document: AnnotationDocument) {
  const byId = <T>(map: ReadonlyMap<number, T>) => [...map].sort(([a], [b]) => a - b)
  return {
    video: document.video,
    labels: byId(document.labels),
    objects: byId(document.objects),
    runs: byId(document.runs),
    entries: byId(document.objects).map(([id]) => [id, [...document.entries(id)]]),
    frames: document.framesWithEntries(),
  }
}
