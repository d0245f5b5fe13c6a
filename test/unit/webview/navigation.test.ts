import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { belongsToControl } from '../../../webview/app/keys.ts'
import {
  clampFrame,
  nextDoubtful,
  nextKeyframe,
  rangeBetween,
  withRangeEnd,
} from '../../../webview/app/navigation.ts'
import {
  gripOffset,
  hitTest,
  LANE_HEIGHT,
  RULER_HEIGHT,
  revealLane,
} from '../../../webview/app/timeline/geometry.ts'
import { frameAt, xOfFrame } from '../../../webview/app/timeline/scale.ts'

describe('next and previous keyframe', () => {
  it('are the nearest marks of a person in any of the lanes', () => {
    const codes = fc.array(fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 16, 255), { minLength: 30, maxLength: 30 })
    fc.assert(
      fc.property(fc.array(codes, { minLength: 1, maxLength: 3 }), fc.nat({ max: 29 }), (lists, frame) => {
        const lanes = lists.map((list) => Uint8Array.from(list))
        const marked = [...Array(30).keys()].filter((at) =>
          lanes.some((lane) => lane[at]! >= 1 && lane[at]! <= 3),
        )
        expect(nextKeyframe(lanes, frame, 1)).toBe(marked.find((at) => at > frame))
        expect(nextKeyframe(lanes, frame, -1)).toBe(marked.findLast((at) => at < frame))
      }),
    )
  })
})

describe('frames worth checking', () => {
  const frames = [9, 2, 5].map((frame) => ({ frame, objectId: frame === 5 ? 2 : 1, reason: 'area' as const }))
  const on = (frame: number, objectId: number | undefined = 1) => ({ frame, objectId })

  it('are visited in the order of frames and start over at the end', () => {
    expect(nextDoubtful(frames, on(0), 1)?.frame).toBe(2)
    expect(nextDoubtful(frames, on(2), 1)?.frame).toBe(5)
    expect(nextDoubtful(frames, on(9), 1)?.frame).toBe(2)
    expect(nextDoubtful(frames, on(9), -1)?.frame).toBe(5)
    expect(nextDoubtful(frames, on(0), -1)?.frame).toBe(9)
    expect(nextDoubtful([], on(0), 1)).toBeUndefined()
  })

  it('that follow one another are one place, whose first frame is visited', () => {
    const drift = [20, 21, 22, 23].map((frame) => ({ frame, objectId: 1, reason: 'confidence' as const }))
    const other = [{ frame: 22, objectId: 2, reason: 'area' as const }]
    const all = [...frames, ...drift, ...other]
    expect(nextDoubtful(all, on(10), 1)?.frame).toBe(20)
    expect(nextDoubtful(all, on(20), 1)).toMatchObject({ frame: 22, objectId: 2 })
    expect(nextDoubtful(all, on(22, 2), 1)?.frame).toBe(2)
    expect(nextDoubtful(all, on(22, 2), -1)?.frame).toBe(20)
    expect(nextDoubtful(all, on(0), -1)?.frame).toBe(22)
  })

  it('are all visited where several objects have one on the same frame, in both directions', () => {
    const places = [
      [1, 3],
      [4, 1],
      [4, 2],
      [4, 5],
      [7, 2],
      [7, 3],
    ] as const
    const all = places.map(([frame, objectId]) => ({ frame, objectId, reason: 'area' as const }))
    for (const direction of [1, -1] as const) {
      const seen: string[] = []
      let from: { frame: number; objectId: number | undefined } = on(4, 1)
      for (const _ of places) {
        from = nextDoubtful(all, from, direction)!
        seen.push(`${from.frame} ${from.objectId}`)
      }
      expect(new Set(seen).size).toBe(places.length)
      expect(seen.at(-1)).toBe('4 1')
    }
    expect(nextDoubtful(all, { frame: 4, objectId: undefined }, 1)).toMatchObject(on(4, 1))
    expect(nextDoubtful(all, { frame: 4, objectId: undefined }, -1)).toMatchObject(on(1, 3))
    expect(nextDoubtful(all.slice(0, 1), on(1, 3), 1)).toMatchObject(on(1, 3))
  })
})

describe('range', () => {
  it('stays in order and inside the clip whatever end is set', () => {
    const frame = fc.integer({ min: -50, max: 300 })
    fc.assert(
      fc.property(frame, frame, frame, fc.constantFrom('first' as const, 'last' as const), (a, b, c, end) => {
        const range = withRangeEnd(rangeBetween(a, b, 200), end, c, 200)
        expect(range[0]).toBeLessThanOrEqual(range[1])
        expect(range[0]).toBeGreaterThanOrEqual(0)
        expect(range[1]).toBeLessThan(200)
        expect(range[end === 'first' ? 0 : 1]).toBe(clampFrame(c, 200))
      }),
    )
  })

  it('reaches to the end of the clip while only one end is set', () => {
    expect(withRangeEnd(undefined, 'first', 20, 100)).toEqual([20, 99])
    expect(withRangeEnd(undefined, 'last', 20, 100)).toEqual([0, 20])
  })
})

describe('hit test', () => {
  const view = {
    scale: { first: 100, perPixel: 0.5 },
    frameCount: 1000,
    lanes: 3,
    scroll: 10,
    range: [120, 130] as const,
  }

  it('tells ruler, ends of the range and lanes apart', () => {
    expect(hitTest(0, 5, view)).toEqual({ kind: 'ruler', frame: 100 })
    expect(hitTest(41, 5, view)).toEqual({ kind: 'range', end: 'first', frame: 120 })
    expect(hitTest(61, 5, view)).toEqual({ kind: 'range', end: 'last', frame: 130 })
    expect(hitTest(50, 5, view)).toEqual({ kind: 'ruler', frame: 125 })
    expect(hitTest(41, RULER_HEIGHT, view)).toEqual({ kind: 'lane', lane: 0, frame: 120 })
    expect(hitTest(0, RULER_HEIGHT + LANE_HEIGHT - 10, view)).toEqual({ kind: 'lane', lane: 1, frame: 100 })
    expect(hitTest(0, RULER_HEIGHT + 3 * LANE_HEIGHT, view)).toEqual({ kind: 'nothing' })
  })
})

describe('a lane that is chosen', () => {
  it('is brought into view by as little as shows it', () => {
    const height = RULER_HEIGHT + 4 * LANE_HEIGHT
    fc.assert(
      fc.property(fc.nat({ max: 30 }), fc.nat({ max: 31 * LANE_HEIGHT }), (lane, before) => {
        const after = revealLane(lane, before, height)
        const top = RULER_HEIGHT + lane * LANE_HEIGHT
        const isShown = (scroll: number) =>
          top - scroll >= RULER_HEIGHT && top + LANE_HEIGHT - scroll <= height
        expect(isShown(after)).toBe(true)
        if (isShown(before)) expect(after).toBe(before)
        else expect(isShown(after + Math.sign(before - after))).toBe(false)
      }),
    )
    expect(revealLane(5, 500, 0)).toBe(5 * LANE_HEIGHT)
  })
})

describe('an end of the range that is taken hold of', () => {
  it('stays where it is until the pointer moves, at any zoom, and then moves with it', () => {
    const frame = fc.nat({ max: 900 })
    fc.assert(
      fc.property(
        frame,
        frame,
        fc.constantFrom('first' as const, 'last' as const),
        fc.double({ min: 0.02, max: 40, noNaN: true }),
        fc.integer({ min: -5, max: 5 }),
        (a, b, end, perPixel, by) => {
          const scale = { first: 0, perPixel }
          const range = rangeBetween(a, b, 1000)
          const before = range[end === 'first' ? 0 : 1]
          const grabbed = xOfFrame(scale, end === 'first' ? before : before + 1) + by
          const offset = gripOffset(grabbed, scale, range, end)
          expect(frameAt(scale, grabbed - offset, 1000)).toBe(before)
          expect(frameAt(scale, grabbed + 7 / perPixel - offset, 1000)).toBe(before + 7)
        },
      ),
    )
  })
})

describe('keys', () => {
  const press = (key: string, more = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, ...more })
  const number = { tagName: 'INPUT', type: 'text', role: null }
  const button = { tagName: 'BUTTON', role: null }

  it('that are typed into a field never reach the keybindings, saving and function keys do', () => {
    for (const key of ['5', 'b', ' ', 'ArrowLeft', 'Enter', 'Escape', 'Backspace'])
      expect(belongsToControl(press(key), number)).toBe(true)
    expect(belongsToControl(press('z', { ctrlKey: true }), number)).toBe(true)
    expect(belongsToControl(press('s', { ctrlKey: true }), number)).toBe(false)
    expect(belongsToControl(press('F1'), number)).toBe(false)
    expect(belongsToControl(press('Tab'), number)).toBe(false)
  })

  it('reach the keybindings from a button, except those that press it', () => {
    expect(belongsToControl(press(' '), button)).toBe(true)
    expect(belongsToControl(press('Enter'), button)).toBe(true)
    for (const key of ['5', 'b', 'ArrowLeft', 'Escape'])
      expect(belongsToControl(press(key), button)).toBe(false)
    expect(belongsToControl(press('5'), { tagName: 'DIV', role: null })).toBe(false)
  })

  it('change the timeline’s height up and down, and go on to the keybindings otherwise', () => {
    const separator = { tagName: 'DIV', role: 'separator' }
    for (const key of ['ArrowUp', 'ArrowDown']) expect(belongsToControl(press(key), separator)).toBe(true)
    for (const key of ['ArrowLeft', 'ArrowRight', 'Home', 'End', 'PageUp', 'PageDown', ' '])
      expect(belongsToControl(press(key), separator)).toBe(false)
  })

  it('move sliders and radio groups instead of frames', () => {
    expect(belongsToControl(press('ArrowLeft'), { tagName: 'INPUT', type: 'range', role: null })).toBe(true)
    expect(belongsToControl(press('ArrowLeft'), { tagName: 'DIV', role: 'slider' })).toBe(true)
    expect(belongsToControl(press('ArrowDown'), { tagName: 'BUTTON', role: 'radio' })).toBe(true)
    expect(belongsToControl(press('ArrowLeft', { altKey: true }), { tagName: 'DIV', role: 'slider' })).toBe(
      false,
    )
  })
})
