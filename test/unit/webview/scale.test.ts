import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  clampScale,
  fitScale,
  frameAt,
  middleOfFrame,
  panBy,
  reveal,
  WIDEST_FRAME,
  xOfFrame,
  zoomAt,
} from '../../../webview/app/timeline/scale.ts'
import { niceStep, ruler } from '../../../webview/app/timeline/ticks.ts'

const views = fc
  .record({
    frameCount: fc.integer({ min: 1, max: 200_000 }),
    width: fc.integer({ min: 50, max: 4000 }),
    zoom: fc.double({ min: 0, max: 1, noNaN: true }),
    place: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ frameCount, width, zoom, place }) => {
    const fit = fitScale(frameCount, width)
    const perPixel = fit.perPixel ** (1 - zoom) * (1 / WIDEST_FRAME) ** zoom
    return {
      frameCount,
      width,
      scale: clampScale({ first: frameCount * place, perPixel }, frameCount, width),
    }
  })

describe('time scale', () => {
  it('never shows anything beside the clip', () => {
    fc.assert(
      fc.property(
        views,
        fc.double({ min: -5000, max: 5000, noNaN: true }),
        ({ frameCount, width, scale }, by) => {
          const moved = panBy(scale, by, frameCount, width)
          expect(moved.first).toBeGreaterThanOrEqual(0)
          expect(moved.first + width * moved.perPixel).toBeLessThanOrEqual(frameCount + 1e-6)
        },
      ),
    )
  })

  it('finds every frame under the middle of its own cell', () => {
    fc.assert(
      fc.property(views, fc.nat(), ({ frameCount, scale }, any) => {
        const frame = any % frameCount
        expect(frameAt(scale, middleOfFrame(scale, frame), frameCount)).toBe(frame)
      }),
    )
  })

  it('keeps what is under the pointer in its place while zooming in', () => {
    fc.assert(
      fc.property(
        views,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 1, max: 3, noNaN: true }),
        ({ frameCount, width, scale }, part, factor) => {
          const x = part * width
          const zoomed = zoomAt(scale, x, factor, frameCount, width)
          const under = scale.first + x * scale.perPixel
          expect(Math.abs(xOfFrame(zoomed, under) - x)).toBeLessThan(0.01)
        },
      ),
    )
  })

  it('zooms out to the whole clip and in to frames that can be told apart', () => {
    const out = zoomAt({ first: 500, perPixel: 1 }, 300, 1e-9, 10_000, 1000)
    expect(out).toEqual(fitScale(10_000, 1000))
    const close = zoomAt({ first: 500, perPixel: 1 }, 300, 1e9, 10_000, 1000)
    expect(1 / close.perPixel).toBeCloseTo(WIDEST_FRAME)
  })

  it('shows a frame that was out of view and leaves the view alone otherwise', () => {
    fc.assert(
      fc.property(views, fc.nat(), ({ frameCount, width, scale }, any) => {
        const frame = any % frameCount
        const shown = reveal(scale, frame, frameCount, width)
        const x = middleOfFrame(shown, frame)
        expect(x).toBeGreaterThanOrEqual(0)
        expect(x).toBeLessThanOrEqual(width)
        expect(reveal(shown, frame, frameCount, width)).toBe(shown)
      }),
    )
  })
})

describe('ruler', () => {
  it('takes steps of 1, 2 and 5', () => {
    expect([0.3, 1, 1.1, 2, 3, 5, 6, 11, 21, 51, 99, 101].map(niceStep)).toEqual([
      1, 1, 2, 2, 5, 5, 10, 20, 50, 100, 100, 200,
    ])
  })

  it('never lets labels collide or lines merge, and leaves no gap without a label', () => {
    fc.assert(
      fc.property(views, fc.integer({ min: 20, max: 120 }), ({ frameCount, width, scale }, label) => {
        const ticks = ruler(scale, frameCount, width, label)
        const majors = ticks.filter((tick) => tick.major)
        for (let at = 1; at < majors.length; at++) {
          const gap = majors[at]!.x - majors[at - 1]!.x
          expect(gap).toBeGreaterThanOrEqual(label - 1e-6)
          expect(gap).toBeLessThanOrEqual(Math.max(2.5 * label, 1 / scale.perPixel) + 1e-6)
        }
        for (let at = 1; at < ticks.length; at++)
          expect(ticks[at]!.x - ticks[at - 1]!.x).toBeGreaterThanOrEqual(4.99)
        expect(ticks.length).toBeLessThan(width)
      }),
    )
  })
})
