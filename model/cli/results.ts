/** From propagation results to entries of the document. */
import {
  type AnnotationDocument,
  type Entry,
  encodeAllLabels,
  isPersons,
  type Run,
} from '../annotation/index.ts'
import type { FrameResult } from '../propagation/index.ts'

export interface FrameReport {
  readonly frame: number
  readonly seconds: number
  readonly objects: {
    readonly id: number
    readonly confidence: number
    readonly area?: number
    readonly keypoints?: number
  }[]
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits))

/** A joint whose strongest cell has less weight than this is called occluded. */
const OCCLUDED_BELOW = 0.25

/** The entries that one result means: per object propagated, or absent where nothing is left of its mask. */
export function entriesOf(
  result: FrameResult,
  run: number,
): { objectId: number; frame: number; entry: Entry }[] {
  const { frame } = result
  if (result.kind === 'pose') {
    const keypoints = result.joints.map((joint) =>
      joint
        ? {
            x: rounded(joint.x, 2),
            y: rounded(joint.y, 2),
            visibility: joint.confidence < OCCLUDED_BELOW ? ('occluded' as const) : ('visible' as const),
            confidence: rounded(joint.confidence, 4),
          }
        : { x: 0, y: 0, visibility: 'absent' as const },
    )
    const confidence = rounded(result.confidence, 4)
    return [
      {
        objectId: result.object,
        frame,
        entry: { state: 'propagated', run, confidence, occluded: false, keypoints },
      },
    ]
  }
  const { width, height, data } = result.map
  const masks = encodeAllLabels(data, width, height)
  return result.objects.map(({ id, confidence: exact, area }) => {
    const confidence = rounded(exact, 4)
    if (area === 0) return { objectId: id, frame, entry: { state: 'absent', by: 'run', run, confidence } }
    const mask = masks.get(id)!
    return { objectId: id, frame, entry: { state: 'propagated', run, confidence, occluded: false, mask } }
  })
}

export function reportOf(result: FrameResult): FrameReport {
  const { frame } = result
  const seconds = rounded(result.seconds, 4)
  if (result.kind === 'pose') {
    const keypoints = result.joints.filter((joint) => joint !== undefined).length
    return {
      frame,
      seconds,
      objects: [{ id: result.object, confidence: rounded(result.confidence, 4), keypoints }],
    }
  }
  const objects = result.objects.map(({ id, confidence, area }) => ({
    id,
    confidence: rounded(confidence, 4),
    area,
  }))
  return { frame, seconds, objects }
}

/** One report of a frame whose objects came in several results. */
export function joinReports(before: FrameReport | undefined, next: FrameReport): FrameReport {
  if (!before) return next
  const seconds = rounded(before.seconds + next.seconds, 4)
  return { frame: next.frame, seconds, objects: [...before.objects, ...next.objects] }
}

/** One frame in words, for a log. */
export function describe({ frame, seconds, objects }: FrameReport): string {
  const parts = objects.map(({ id, confidence, area, keypoints }) => {
    const what = keypoints !== undefined ? `${keypoints} keypoints` : area === 0 ? 'absent' : `${area} px`
    return `object ${id} ${what} (confidence ${confidence.toFixed(2)})`
  })
  return `frame ${String(frame).padStart(5)}  ${seconds.toFixed(2)} s  ${parts.join(', ')}`
}

/**
 * Adds results of a run that is already in the document; a person's frames stay as they are.
 */
export function addResults(
  document: AnnotationDocument,
  run: Run,
  results: readonly { objectId: number; frame: number; entry: Entry }[],
): void {
  for (const { objectId, frame, entry } of results) {
    const before = document.entry(objectId, frame)
    if (before && isPersons(before)) continue
    // Masks and keypoints of one object arrive apart and are one entry.
    const joined =
      before?.state === 'propagated' && before.run === run.id && entry.state === 'propagated'
        ? { ...before, ...entry, confidence: Math.min(before.confidence, entry.confidence) }
        : entry
    document.apply({ kind: 'setEntry', objectId, frame, entry: joined })
  }
}
