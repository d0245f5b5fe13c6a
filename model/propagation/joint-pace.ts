/** A joint does not jump: votes far from its last place are votes for something that looks like it. */
import { cellCount, type SoftLabels } from './grid.ts'
import { decodePeak } from './keypoints.ts'
import type { PropagationSettings } from './settings.ts'

/** Votes further away than this many deviations do not count at all. */
const FARTHEST = 2

/**
 * What a walk does with the votes for joints: each joint's channel is weighted by a Gaussian around the joint's place in
 * the frame before, and brought back to its strongest vote in reach, so that it does not fade from frame to frame. What
 * is taken away there never labels a later frame. A joint that was lost in the frame before is found again wherever it
 * is voted for.
 * @param joints their channels
 * @returns undefined where there are none, or the settings let them jump
 */
export function settleJoints(
  { jointPace }: Pick<PropagationSettings, 'jointPace'>,
  joints: readonly number[],
): ((labels: SoftLabels, before: SoftLabels) => SoftLabels) | undefined {
  if (jointPace === undefined || joints.length === 0) return undefined
  return ({ grid, channels, data: votes }, before) => {
    const data = votes.slice()
    for (const channel of joints) {
      const last = decodePeak(before, channel)
      if (!last) continue
      let strongest = 0
      let left = 0
      for (let cell = 0; cell < cellCount(grid); cell++) {
        const across = (cell % grid.columns) - last.x
        const down = Math.floor(cell / grid.columns) - last.y
        const deviations = (across ** 2 + down ** 2) / jointPace ** 2
        const at = cell * channels + channel
        const within = deviations <= FARTHEST ** 2
        if (within) strongest = Math.max(strongest, data[at]!)
        data[at]! *= within ? Math.exp(-deviations / 2) : 0
        left = Math.max(left, data[at]!)
      }
      for (let at = channel; left > 0 && at < data.length; at += channels) data[at]! *= strongest / left
    }
    return { grid, channels, data }
  }
}
