import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  fitView,
  isBlocky,
  pan,
  resize,
  reveal,
  stepZoom,
  toCanvas,
  toVideo,
  zoomAt,
} from '../../../../webview/app/stage/view.ts'

const picture = { width: 1920, height: 1080 }
const canvas = { width: 1200, height: 800 }
const places = fc.record({
  x: fc.integer({ min: 100, max: 1100 }),
  y: fc.integer({ min: 100, max: 700 }),
})

describe('the view of the picture', () => {
  it('fits all of it, in the middle, on whole device pixels', () => {
    const view = fitView(picture, canvas)
    expect(view.scale).toBeCloseTo((1200 * 0.96) / 1920)
    const from = toCanvas(view, 0, 0)
    const to = toCanvas(view, 1920, 1080)
    expect(Math.abs(from.x - (1200 - to.x))).toBeLessThanOrEqual(1)
    expect(Math.abs(from.y - (800 - to.y))).toBeLessThanOrEqual(1)
    expect([view.x, view.y].every(Number.isInteger)).toBe(true)
  })

  it('keeps the place under the pointer where it is while it zooms', () => {
    fc.assert(
      fc.property(places, fc.double({ min: 0.6, max: 60, noNaN: true }), ({ x, y }, scale) => {
        const before = fitView(picture, canvas)
        const inside = toVideo(before, x, y)
        fc.pre(inside.x > 0 && inside.y > 0 && inside.x < 1920 && inside.y < 1080)
        const after = zoomAt(before, scale, x, y, picture, canvas)
        const now = toCanvas(after, inside.x, inside.y)
        // Half a device pixel goes to keeping the picture sharp.
        expect(Math.hypot(now.x - x, now.y - y)).toBeLessThanOrEqual(1)
        expect(after.fitted).toBe(false)
      }),
    )
  })

  it('never loses the picture, however far it is moved', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e5, max: 1e5, noNaN: true }),
        fc.double({ min: -1e5, max: 1e5, noNaN: true }),
        fc.double({ min: 0.01, max: 64, noNaN: true }),
        (dx, dy, scale) => {
          const zoomed = zoomAt(fitView(picture, canvas), scale, 600, 400, picture, canvas)
          const view = pan(zoomed, dx, dy, picture, canvas)
          const to = toCanvas(view, 1920, 1080)
          expect(view.x).toBeLessThan(canvas.width)
          expect(view.y).toBeLessThan(canvas.height)
          expect(to.x).toBeGreaterThan(0)
          expect(to.y).toBeGreaterThan(0)
        },
      ),
    )
  })

  it('goes there and back between canvas and video', () => {
    fc.assert(
      fc.property(places, fc.double({ min: 0.1, max: 64, noNaN: true }), ({ x, y }, scale) => {
        const view = zoomAt(fitView(picture, canvas), scale, 300, 300, picture, canvas)
        const there = toVideo(view, x, y)
        const back = toCanvas(view, there.x, there.y)
        expect(back.x).toBeCloseTo(x)
        expect(back.y).toBeCloseTo(y)
      }),
    )
  })

  it('fits again after a resize, or keeps scale and middle where a person has zoomed', () => {
    const larger = { width: 1600, height: 1000 }
    expect(resize(fitView(picture, canvas), picture, canvas, larger)).toEqual(fitView(picture, larger))
    const zoomed = zoomAt(fitView(picture, canvas), 3, 600, 400, picture, canvas)
    const after = resize(zoomed, picture, canvas, larger)
    expect(after.scale).toBe(3)
    const middle = toVideo(zoomed, 600, 400)
    const now = toVideo(after, 800, 500)
    expect(now.x).toBeCloseTo(middle.x)
    expect(now.y).toBeCloseTo(middle.y)
  })

  it('shows blocks at 100 % and from 200 % on, and smooths in between and below', () => {
    const at = (scale: number) => isBlocky({ scale, x: 0, y: 0, fitted: false })
    expect([at(0.5), at(1), at(1.5), at(2), at(8)]).toEqual([false, true, false, true, true])
  })

  it('steps through whole zooms and stops at both ends', () => {
    expect(stepZoom(0.97, 1)).toBe(1)
    expect(stepZoom(1, 1)).toBe(1.5)
    expect(stepZoom(1.65, -1)).toBe(1.5)
    expect(stepZoom(64, 1)).toBe(64)
    expect(stepZoom(0.05, -1)).toBe(0.05)
  })

  it('moves just far enough to show a place, and not at all where it is seen', () => {
    const fitted = fitView(picture, canvas)
    for (const [x, y] of [
      [0, 0],
      [1920, 1080],
    ] as const)
      expect(reveal(fitted, x, y, picture, canvas)).toBe(fitted)
    const near = zoomAt(fitted, 8, 600, 400, picture, canvas)
    expect(reveal(near, 960, 540, picture, canvas)).toBe(near)
    const moved = reveal(near, 1060, 540, picture, canvas)
    const { x, y } = toCanvas(moved, 1060, 540)
    expect(y).toBe(toCanvas(near, 1060, 540).y)
    expect(Math.abs(x - 1200 * 0.98)).toBeLessThanOrEqual(2)
  })
})
