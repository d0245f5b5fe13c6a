import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import {
  type AnnotationDocument,
  createDocument,
  type Entry,
  encodeMask,
  type Keypoint,
  type Label,
  type Run,
  type VideoReference,
} from '../../../model/annotation/index.ts'
import type { ExportContext } from '../../../model/formats/index.ts'

/** Documents for the tests of this room. */

export const run: Run = {
  id: 3,
  model: { name: 'ViT-Ti/8', file: 'starter.safetensors', hash: 'sha256:00ff', trained: false },
  device: 'cpu',
  preset: 'siammae',
  settings: { topK: 7, context: 20, nested: { b: [1, 2.5], a: null } },
  direction: 'both',
  range: [0, 5],
  date: '2026-01-02T03:04:05.000Z',
  tool: 'siammae 0.1.0',
}

const fish: Label = {
  id: 2,
  name: 'fish "gold"\\',
  colour: '#ff8000',
  skeleton: { keypoints: ['head', 'tail'], edges: [[0, 1]] },
}
const car: Label = { id: 1, name: 'car', colour: '#0080ff' }

export const video: VideoReference = {
  path: '../clips/été.mp4',
  hash: 'sha256:12ab',
  frameCount: 8,
  width: 13,
  height: 9,
}

/** Two labels, objects 1 (car), 2 (car) and 7 (fish, keypoints), one run, no entries. */
export function emptyDocument(reference: VideoReference = video): AnnotationDocument {
  const document = createDocument(reference)
  for (const label of [fish, car]) document.apply({ kind: 'putLabel', label })
  document.apply({ kind: 'putObject', object: { id: 7, name: 'goldie', labelId: 2, colour: '#112233' } })
  document.apply({ kind: 'putObject', object: { id: 1, name: 'red car', labelId: 1 } })
  document.apply({ kind: 'putObject', object: { id: 2, name: 'blue car', labelId: 1 } })
  document.apply({ kind: 'putRun', run })
  return document
}

const mask = fc
  .uint8Array({
    min: 0,
    max: 1,
    minLength: video.width * video.height,
    maxLength: video.width * video.height,
  })
  .map((pixels) => encodeMask(pixels, video.width, video.height))

const coordinate = fc.double({ min: -20, max: 20, noNaN: true })
const confidence = fc.double({ min: 0, max: 1, noNaN: true })
const keypoint = fc.record(
  {
    x: coordinate,
    y: coordinate,
    visibility: fc.constantFrom('visible' as const, 'occluded' as const, 'absent' as const),
    confidence,
  },
  { requiredKeys: ['x', 'y', 'visibility'] },
)
const keypoints = fc.tuple(keypoint, keypoint)

function entry(withKeypoints: boolean): fc.Arbitrary<Entry> {
  const shape = withKeypoints
    ? fc.record({ mask, keypoints }, { requiredKeys: [] })
    : fc.record({ mask }, { requiredKeys: ['mask'] })
  return fc.oneof(
    fc.tuple(fc.boolean(), shape).map(([occluded, s]): Entry => ({ state: 'keyframe', occluded, ...s })),
    fc
      .tuple(fc.boolean(), confidence, shape)
      .map(([occluded, c, s]): Entry => ({ state: 'propagated', run: 3, confidence: c, occluded, ...s })),
    fc.constant<Entry>({ state: 'absent', by: 'person' }),
    confidence.map((c): Entry => ({ state: 'absent', by: 'run', run: 3, confidence: c })),
  )
}

/** Noise masks (so: holes, overlaps, many parts), absent objects, keypoints, gaps, in any order of edits. */
export const documents: fc.Arbitrary<AnnotationDocument> = fc
  .uniqueArray(fc.tuple(fc.constantFrom(1, 2, 7), fc.nat(video.frameCount - 1)), {
    selector: String,
    maxLength: 14,
  })
  .chain((keys) =>
    fc.tuple(
      ...keys.map(([objectId, frame]) =>
        fc.tuple(fc.constant([objectId, frame] as const), entry(objectId === 7)),
      ),
    ),
  )
  .map((entries) => {
    const document = emptyDocument()
    for (const [[objectId, frame], value] of entries)
      document.apply({ kind: 'setEntry', objectId, frame, entry: value })
    return document
  })

/** A ring at a place: a mask with a hole. */
export function ring(x: number, y: number, reference: VideoReference = video) {
  const { width, height } = reference
  const pixels = new Uint8Array(width * height)
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const distance = Math.max(Math.abs(row - y), Math.abs(column - x))
      if (distance === 1 || distance === 2) pixels[row * width + column] = 1
    }
  return encodeMask(pixels, width, height)
}

/** Two overlapping cars, a fish with keypoints, absences of both kinds; nothing on frames 4 and later. */
export function exampleDocument(): AnnotationDocument {
  const document = emptyDocument()
  const set = (objectId: number, frame: number, value: Entry) =>
    document.apply({ kind: 'setEntry', objectId, frame, entry: value })
  set(1, 0, { state: 'keyframe', occluded: false, mask: ring(4, 4) })
  set(2, 0, { state: 'keyframe', occluded: true, mask: ring(6, 4) })
  set(7, 0, {
    state: 'keyframe',
    occluded: false,
    keypoints: [
      { x: 1.5, y: -0, visibility: 'visible' },
      { x: 0.1 + 0.2, y: 7, visibility: 'occluded', confidence: 0.25 },
    ],
  })
  set(1, 1, { state: 'propagated', run: 3, confidence: 0.875, occluded: false, mask: ring(5, 4) })
  set(2, 1, { state: 'absent', by: 'run', run: 3, confidence: 0.5 })
  set(1, 2, { state: 'absent', by: 'person' })
  set(2, 2, { state: 'absent', by: 'person' })
  set(2, 3, { state: 'propagated', run: 3, confidence: 1 / 3, occluded: true, mask: ring(9, 4) })
  return document
}

/** {@link AnnotationDocument.apply} of one entry. */
export const set = (
  document: AnnotationDocument,
  objectId: number,
  frame: number,
  entry: Entry | undefined,
) => document.apply({ kind: 'setEntry', objectId, frame, entry })

export const point = (x: number, y: number, visibility: Keypoint['visibility'] = 'visible'): Keypoint => ({
  x,
  y,
  visibility,
})
/** A person's pose. */
export const pose = (...keypoints: Keypoint[]): Entry => ({ state: 'keyframe', occluded: false, keypoints })

/** A fish of two keypoints on frames 0 and 1, nothing else. */
export function poses(): AnnotationDocument {
  const document = emptyDocument()
  set(document, 7, 0, pose(point(1.5, 2), point(4, 7.25, 'occluded')))
  set(document, 7, 1, {
    state: 'propagated',
    run: 3,
    confidence: 0.75,
    occluded: true,
    keypoints: [{ ...point(2, 2), confidence: 0.5 }, point(0, 0, 'absent')],
  })
  return document
}

export function contextFor(folder: string, changes: Partial<ExportContext> = {}): ExportContext {
  const frames = Array.from({ length: video.frameCount }, (_, index) => ({ index, time: index / 30 }))
  return { folder, sequence: 'clip', frames, tool: 'siammae 0.1.0', ...changes }
}

/** A mask as pycocotools has it. */
interface RleCase {
  readonly name: string
  /** Height and width. */
  readonly size: readonly [number, number]
  readonly compressed: string
  readonly area: number
  readonly bbox_xywh: readonly number[]
  /** Of 0 and 1, for the small ones. */
  readonly rows?: readonly string[]
}

/** The golden masks of the reference. */
export async function rleCases(reference: string): Promise<readonly RleCase[]> {
  return JSON.parse(await readFile(join(reference, 'rle/rle_more.json'), 'utf8')).cases
}
