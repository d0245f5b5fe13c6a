import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { drawOverlay, type OverlayKeypoint, overlayColour } from '../../../model/cli/overlay.ts'

const width = 96
const height = 64
const GREY = 100

function greyFrame() {
  return { width, height, data: new Uint8Array(width * height * 3).fill(GREY) }
}

/** A box of object ids from x0, y0 (inside) to x1, y1 (outside). */
function box(id: number, x0: number, y0: number, x1: number, y1: number): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const x = i % width
    const y = Math.floor(i / width)
    return x >= x0 && x < x1 && y >= y0 && y < y1 ? id : 0
  })
}

function pixel(data: Uint8Array, x: number, y: number): number[] {
  return [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)]
}

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(...a.map((value, i) => value - b[i]!))
}

const grey = [GREY, GREY, GREY]
const [red, green, blue] = overlayColour(1)

describe('masks', () => {
  it('are tinted inside, outlined two pixels wide, and leave the rest and the input alone', () => {
    const frame = greyFrame()
    const drawn = drawOverlay(frame, { labels: box(1, 20, 10, 60, 50), colourOf: overlayColour })
    expect(frame.data.every((value) => value === GREY)).toBe(true)
    const tint = [red, green, blue].map((value) => Math.floor((value + GREY) / 2 + 0.5))
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const depth = Math.min(x - 20, 59 - x, y - 10, 49 - y)
        const expected = depth < 0 ? grey : depth < 2 ? [red, green, blue] : tint
        expect(pixel(drawn, x, y), `${x},${y}`).toEqual(expected)
      }
  })

  it('touching objects keep an outline each, in their own colour', () => {
    const right = box(2, 40, 10, 70, 40)
    const labels = box(1, 10, 10, 40, 40).map((id, i) => id || right[i]!)
    const drawn = drawOverlay(greyFrame(), { labels, colourOf: overlayColour })
    for (const x of [38, 39]) expect(pixel(drawn, x, 25)).toEqual([...overlayColour(1)])
    for (const x of [40, 41]) expect(pixel(drawn, x, 25)).toEqual([...overlayColour(2)])
  })

  it('the border of the picture is no outline', () => {
    const drawn = drawOverlay(greyFrame(), {
      labels: box(1, 0, 0, 30, 30),
      colourOf: overlayColour,
      opacity: 0.25,
    })
    expect(pixel(drawn, 0, 0)).toEqual(
      [red, green, blue].map((v) => Math.floor(GREY * 0.75 + v * 0.25 + 0.5)),
    )
    expect(pixel(drawn, 29, 0)).toEqual([red, green, blue])
  })

  it('pixels without an object never change, whatever the mask', () => {
    const labels = fc.uint8Array({ minLength: width * height, maxLength: width * height, max: 3 })
    fc.assert(
      fc.property(labels, (ids) => {
        const drawn = drawOverlay(greyFrame(), { labels: ids, colourOf: overlayColour })
        ids.forEach((id, i) => {
          if (id === 0 && drawn[i * 3] !== GREY) throw new Error(`background pixel ${i} was drawn on`)
        })
      }),
      { seed: 2, numRuns: 20 },
    )
  })

  it('refuses sizes that do not fit', () => {
    expect(() => drawOverlay(greyFrame(), { labels: new Uint8Array(5), colourOf: overlayColour })).toThrow(
      RangeError,
    )
    expect(() =>
      drawOverlay({ width, height, data: new Uint8Array(5) }, { colourOf: overlayColour }),
    ).toThrow(RangeError)
  })
})

describe('keypoints', () => {
  const draw = (points: OverlayKeypoint[], skeleton: [number, number][] = []) =>
    drawOverlay(greyFrame(), { keypoints: [points], skeletons: [skeleton], colourOf: overlayColour })

  it('a visible one is a disc with a dark rim, an occluded one a ring, an absent one nothing', () => {
    const drawn = draw([
      { x: 20, y: 20, visibility: 'visible' },
      { x: 60, y: 20, visibility: 'occluded' },
      { x: 40, y: 50, visibility: 'absent' },
    ])
    expect(pixel(drawn, 20, 20)).toEqual([red, green, blue])
    expect(Math.max(...pixel(drawn, 24, 20))).toBeLessThan(60)
    expect(Math.max(...pixel(drawn, 60, 20))).toBeLessThan(GREY)
    expect(distance(pixel(drawn, 62, 20), [red, green, blue])).toBeLessThan(60)
    expect(pixel(drawn, 40, 50)).toEqual(grey)
    expect(pixel(drawn, 30, 20)).toEqual(grey)
  })

  it('bones join keypoints that are there', () => {
    const ends: OverlayKeypoint[] = [
      { x: 10, y: 10, visibility: 'visible' },
      { x: 80, y: 50, visibility: 'visible' },
      { x: 80, y: 10, visibility: 'absent' },
    ]
    const drawn = draw(ends, [
      [0, 1],
      [0, 2],
      [1, 9],
    ])
    expect(pixel(drawn, 45, 30)).toEqual([red, green, blue])
    expect(pixel(drawn, 45, 10)).toEqual(grey)
  })

  it('drawing stays inside the picture, also for points outside it', () => {
    const places = fc.record({
      x: fc.double({ min: -200, max: 300, noNaN: true }),
      y: fc.double({ min: -200, max: 300, noNaN: true }),
      visibility: fc.constantFrom('visible', 'occluded', 'absent'),
    }) as fc.Arbitrary<OverlayKeypoint>
    fc.assert(
      fc.property(places, places, (a, b) => {
        expect(draw([a, b], [[0, 1]])).toHaveLength(width * height * 3)
      }),
      { seed: 4, numRuns: 100 },
    )
  })
})

describe('caption', () => {
  const caption = (text: string) => drawOverlay(greyFrame(), { colourOf: overlayColour, caption: text })

  it('is white on a dark plate in the upper left corner and nowhere else', () => {
    const drawn = caption('frame 1')
    const pixels = Array.from({ length: width * height }, (_, i) => [...drawn.subarray(i * 3, i * 3 + 3)])
    const white = pixels.filter((colour) => colour.every((value) => value === 255))
    expect(white.length).toBeGreaterThan(40)
    expect(pixels.slice(width * (height / 2)).every((colour) => distance(colour, grey) === 0)).toBe(true)
    expect(Math.max(...pixel(drawn, 3, 3))).toBeLessThan(60)
    expect(pixel(drawn, width - 1, 0)).toEqual(grey)
  })

  it('tells every printable letter from every other', () => {
    const letters = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))
    const seen = new Set(letters.map((letter) => Buffer.from(caption(letter)).toString('base64')))
    // Only the backtick has no shape of its own: it is drawn as a question mark.
    expect(seen.size).toBe(94)
  })

  it('too long a text is cut off at the edge of the picture', () => {
    const drawn = caption('x'.repeat(500))
    expect(drawn).toHaveLength(width * height * 3)
    expect(pixel(drawn, width - 1, 8)).toEqual(grey)
  })
})

describe('colours', () => {
  it('are bright enough for footage and far apart among the first twenty', () => {
    const colours = Array.from({ length: 20 }, (_, i) => overlayColour(i + 1))
    for (const [i, colour] of colours.entries()) {
      expect(Math.max(...colour)).toBeGreaterThanOrEqual(175)
      for (const other of colours.slice(i + 1)) expect(distance(colour, other)).toBeGreaterThan(40)
    }
    expect(overlayColour(255).every((value) => value >= 0 && value <= 255)).toBe(true)
  })
})
