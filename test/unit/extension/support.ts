import {
  type AnnotationDocument,
  createDocument,
  type Entry,
  encodeMask,
  type ModelEntry,
  type Run,
} from '../../../model/annotation/index.ts'

const WIDTH = 8
const HEIGHT = 6

/** A run as a document holds it. */
export function run(id: number, frameCount: number): Run {
  return {
    id,
    model: { name: 'test', file: 'test.safetensors', hash: 'sha256:00', trained: true },
    device: 'cpu',
    preset: 'siammae',
    settings: {},
    direction: 'both',
    range: [0, frameCount - 1],
    date: '2026-01-01T00:00:00.000Z',
    tool: 'test',
  }
}

const mask = encodeMask(
  Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => (i % 5 === 0 ? 1 : 0)),
  WIDTH,
  HEIGHT,
)

/** What the letters of {@link clip} stand for. */
const ENTRIES: Record<string, Entry> = {
  k: { state: 'keyframe', occluded: false, mask },
  /** Erased to the last pixel. */
  e: { state: 'keyframe', occluded: false, mask: encodeMask(new Uint8Array(WIDTH * HEIGHT), WIDTH, HEIGHT) },
  /** Occluded, and nobody knows where. */
  o: { state: 'keyframe', occluded: true },
  a: { state: 'absent', by: 'person' },
  p: { state: 'propagated', run: 1, confidence: 0.8, occluded: false, mask } satisfies ModelEntry,
  l: { state: 'absent', by: 'run', run: 1, confidence: 0.8 } satisfies ModelEntry,
}

/**
 * A document with one object per lane; each letter is a frame: `k` keyframe, `e` keyframe with an emptied mask, `o`
 * occluded keyframe without a shape, `a` absent by a person, `p` propagated, `l` lost by a run, `.` nothing.
 */
export function clip(...lanes: readonly string[]): AnnotationDocument {
  const frameCount = Math.max(...lanes.map((lane) => lane.length))
  const document = createDocument({ path: 'clip.mp4', hash: '', frameCount, width: WIDTH, height: HEIGHT })
  document.apply({ kind: 'putLabel', label: { id: 1, name: 'fish', colour: '#e69f00' } })
  document.apply({ kind: 'putRun', run: run(1, frameCount) })
  lanes.forEach((lane, index) => {
    const objectId = index + 1
    document.apply({ kind: 'putObject', object: { id: objectId, name: `fish ${objectId}`, labelId: 1 } })
    ;[...lane].forEach((letter, frame) => {
      const entry = ENTRIES[letter]
      if (entry !== undefined) document.apply({ kind: 'setEntry', objectId, frame, entry })
    })
  })
  return document
}
