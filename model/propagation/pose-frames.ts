/** From soft labels to the pose of a frame. */
import type { FrameSize } from '../video/index.ts'
import type { SoftLabels } from './grid.ts'
import type { Group } from './groups.ts'
import { decodeJoint, decodePeak, type GridPoint } from './keypoints.ts'
import { clamp } from './numbers.ts'
import type { FrameResult, PoseResult } from './propagate.ts'
import type { PropagationSettings } from './settings.ts'

/**
 * Reads a pose back. A stamp sits on whole cells; what that rounding moved the joint by at the walk's marked frame
 * is added again, so that a joint that does not move stays where the person put it.
 */
export function decodePose(
  group: Extract<Group, { kind: 'pose' }>,
  frame: number,
  origin: number,
  labels: SoftLabels,
  { width, height }: FrameSize,
  reading: PropagationSettings['joints'],
): PoseResult {
  const read = reading === 'peak' ? decodePeak : decodeJoint
  const { rows, columns } = labels.grid
  const marked = group.joints.get(origin)!
  const stamps = group.marks.get(origin)!
  let total = 0
  let count = 0
  const joints = marked.map((place, i) => {
    const decoded = read(labels, i + 1)
    if (!decoded) return undefined
    const shift = place ? difference(place, read(stamps, i + 1)) : { x: 0, y: 0 }
    const confidence = Math.min(1, decoded.strength)
    total += confidence
    count++
    return {
      x: clamp(((decoded.x + shift.x) * width) / columns, width - 1),
      y: clamp(((decoded.y + shift.y) * height) / rows, height - 1),
      confidence,
    }
  })
  return { kind: 'pose', frame, object: group.object, joints, confidence: count > 0 ? total / count : 0 }
}

/** The results of frames on which nothing of an object is to be carried. */
export function* goneResults(
  group: Extract<Group, { kind: 'pose' }>,
  frames: readonly number[],
): Generator<FrameResult> {
  const [first] = group.joints.values()
  const joints = first!.map(() => undefined)
  for (const frame of frames)
    yield {
      ...{ kind: 'pose', frame, object: group.object, joints, confidence: 1, isGone: true },
      ...{ seconds: 0, provisional: false },
    }
}

function difference(a: GridPoint, b: GridPoint | undefined): GridPoint {
  return b ? { x: a.x - b.x, y: a.y - b.y } : { x: 0, y: 0 }
}
