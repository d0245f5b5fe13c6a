/** What a walk compares each frame with, and what it holds of the engine's memory meanwhile. */
import { describe, expect, it } from 'vitest'
import type { TokenSource } from '../../../model/propagation/features.ts'
import { PRESETS, type PropagationSettings } from '../../../model/propagation/settings.ts'
import { type EarlierSteps, walk } from '../../../model/propagation/walk.ts'
import type { ResidentTensor } from '../../../model/runtime/index.ts'

const grid = { rows: 1, columns: 1 }
const labels = { grid, channels: 2, data: Float32Array.of(0, 1) }

/** Walks with tokens that are frame numbers: what was compared with what, and the most frames held at once. */
async function contextOf(
  frames: readonly number[],
  marked: readonly number[],
  settings: PropagationSettings,
  before?: EarlierSteps,
) {
  const held = new Map<number, number>()
  let most = 0
  const tokens: TokenSource = {
    acquire: async (frame) => {
      held.set(frame, (held.get(frame) ?? 0) + 1)
      most = Math.max(most, [...held.values()].filter((uses) => uses > 0).length)
      return { resident: frame } as ResidentTensor
    },
    release: (frame) => void held.set(frame, held.get(frame)! - 1),
  }
  const compared = new Map<number, number[]>()
  const affinity = {
    compare: async (query: ResidentTensor, context: ResidentTensor) => {
      compared.set(query.resident, [...(compared.get(query.resident) ?? []), context.resident])
      return { k: 1, cosines: Float32Array.of(1), cells: Int32Array.of(0) }
    },
  }
  const marks = new Map(marked.map((frame) => [frame, labels]))
  for await (const _ of walk({ frames, marks, tokens, affinity, settings, before })) {
    // Only what is compared matters.
  }
  return { compared, most, left: [...held.values()].filter((uses) => uses !== 0) }
}

describe('marked frames as context', () => {
  const settings: PropagationSettings = { ...PRESETS.dino, context: 1, marks: 3 }
  const many = [50, ...Array.from({ length: 100 }, (_, i) => 10 * i).filter((frame) => frame !== 50)]

  it('are the one that the walk started from and the nearest others', async () => {
    const { compared, most, left } = await contextOf([50, 51, 52, 53, 54, 55, 56, 57, 58, 59], many, settings)
    const marked = (frame: number) => compared.get(frame)!.filter((other) => other % 10 === 0)
    expect(marked(51)).toEqual([50, 40, 60])
    expect(marked(59)).toEqual([50, 60, 70])
    expect(most).toBeLessThan(12)
    expect(left).toEqual([])
  })

  it('are all where there are few', async () => {
    const { compared } = await contextOf([5, 6, 7], [0, 5, 90], settings)
    expect(compared.get(6)).toEqual([5, 0, 90])
    expect(compared.get(7)).toEqual([5, 0, 90, 6])
  })
})

describe('a walk that goes on', () => {
  it.each([PRESETS.siammae, PRESETS.dino])(
    'compares with what it would have compared with',
    async (preset) => {
      const settings: PropagationSettings = { ...preset, context: 4 }
      const frames = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
      const whole = await contextOf(frames, [0], settings)
      for (const walked of [1, 3, 4, 7]) {
        const recent = frames.slice(1, walked + 1).map((frame) => ({ frame, labels }))
        const rest = await contextOf([0, ...frames.slice(walked + 1)], [0], settings, { walked, recent })
        expect([...rest.compared.keys()]).toEqual(frames.slice(walked + 1))
        for (const [frame, context] of rest.compared) expect(context).toEqual(whole.compared.get(frame))
        expect(rest.left).toEqual([])
      }
    },
  )
})
