/** Protects: a stroke drawn by keyboard is never lost, and a press always means what the person sees. */
import { beforeEach, describe, expect, it } from 'vitest'
import { area } from '../../../../model/annotation/index.ts'
import { KeyPointer } from '../../../../webview/app/stage/key-pointer.ts'
import { type CanvasTool, makeTools } from '../../../../webview/app/tools/index.ts'
import { at, FakeHost } from '../tools/fake-host.ts'

let host: FakeHost
let tool: CanvasTool
let pointer: KeyPointer
let seen: { readonly x: number; readonly y: number }[]
beforeEach(() => {
  host = new FakeHost()
  tool = makeTools(host).brush
  seen = []
  pointer = new KeyPointer(() => tool, {
    picture: { width: 40, height: 30 },
    reveal: (place) => seen.push(place),
  })
})

const painted = () => {
  const entry = host.entriesOf(5)?.get(1)
  return entry?.state === 'keyframe' && entry.mask ? area(entry.mask) : 0
}

describe('the keyboard’s pointer', () => {
  it('draws a stroke from one press to the next', () => {
    pointer.press()
    pointer.move(10, 0)
    expect(host.edits).toEqual([])
    pointer.press()
    expect(host.edits.map(({ label }) => label)).toEqual(['Paint'])
    expect(painted()).toBeGreaterThan(30)
  })

  it('leaves its stroke done when another pointer takes over', () => {
    pointer.press()
    pointer.move(10, 0)
    pointer.putAway()
    expect(host.edits).toHaveLength(1)
    expect(pointer.place).toBeUndefined()
    // What comes next is another stroke.
    pointer.press()
    pointer.press()
    expect(host.edits).toHaveLength(1)
    expect(painted()).toBeGreaterThan(30)
  })

  it('does not end the stroke of another pointer', () => {
    tool.down(at(5, 5))
    pointer.putAway()
    expect(host.edits).toEqual([])
  })

  it.each([
    ['finished', () => tool.perform({ name: 'finish' })],
    ['given up', () => tool.perform({ name: 'giveUp' })],
    ['sent, because the frame was left', () => tool.leave()],
  ])('begins anew after its stroke was %s', (_, end) => {
    pointer.press()
    end()
    const before = host.edits.length
    pointer.move(-10, 0)
    expect(host.live).toBeUndefined()
    pointer.press()
    expect(host.live).toBeDefined()
    pointer.press()
    expect(host.edits).toHaveLength(before + 1)
  })

  it('clicks with every tool that draws no strokes', () => {
    tool = makeTools(host).keypoints
    pointer.press()
    pointer.move(5, 0)
    pointer.press()
    expect(host.draft?.keypoints.map(({ x }) => x)).toEqual([20, 25, 0])
  })

  it('moves a keypoint from one press to the next, and one that is being placed too', () => {
    for (const name of ['select', 'keypoints'] as const) {
      host = new FakeHost()
      const keypoints = [20, 30, 35].map((x) => ({ x, y: 15, visibility: 'visible' as const }))
      host.put(5, 1, { state: 'keyframe', occluded: false, keypoints })
      tool = makeTools(host)[name]
      pointer.move(0, 0)
      pointer.press()
      pointer.move(6, 4)
      expect(host.edits).toEqual([])
      pointer.press()
      const entry = host.entriesOf(5)?.get(1)
      expect(entry?.state === 'keyframe' && entry.keypoints?.[0]).toMatchObject({ x: 26, y: 19 })
      pointer.putAway()
    }
    host = new FakeHost()
    tool = makeTools(host).keypoints
    pointer.press()
    pointer.move(15, 0)
    // What is drawn at each place asks too.
    void tool.cursor
    pointer.move(-15, 0)
    pointer.press()
    pointer.move(0, 5)
    pointer.press()
    expect(host.draft?.keypoints[0]).toMatchObject({ x: 20, y: 20 })
  })

  it('takes a polygon away with Shift, as a pointing device does', () => {
    tool = makeTools(host).brush
    pointer.press()
    pointer.press()
    const before = painted()
    tool = makeTools(host).polygon
    for (const [dx, dy] of [
      [-10, -10],
      [20, 0],
      [0, 20],
    ] as const) {
      pointer.move(dx, dy)
      pointer.press(true)
    }
    tool.perform({ name: 'finish' })
    expect(host.edits.at(-1)?.label).toBe('Subtract polygon')
    expect(painted()).toBeLessThan(before)
  })

  it('stays in the picture, and is shown wherever it goes', () => {
    pointer.move(-100, 3)
    expect(pointer.place).toEqual({ x: 0, y: 18 })
    expect(seen).toEqual([{ x: 0, y: 18 }])
  })
})
