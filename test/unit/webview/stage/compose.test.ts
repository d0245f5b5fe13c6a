import { describe, expect, it } from 'vitest'
import { type Entry, encodeMask } from '../../../../model/annotation/index.ts'
import {
  boundsOfFills,
  clearBox,
  composeFills,
  isLight,
  onStripe,
  pixelOf,
} from '../../../../webview/app/stage/compose.ts'
import { marksOf } from '../../../../webview/app/stage/marks.ts'
import { picture } from '../masks/grids.ts'

function maskOf(...rows: string[]) {
  const { pixels, width, height } = picture(...rows)
  return encodeMask(pixels, width, height)
}

/** A picture column by column, as rows of characters. */
function rowsOf(pixels: Uint32Array, height: number, names: Record<number, string>): string[] {
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: pixels.length / height }, (_, x) => names[pixels[x * height + y]!]).join(''),
  )
}

describe('masks as one picture', () => {
  const a = { mask: maskOf('##..', '##..', '....'), pixel: pixelOf('#ff0000'), striped: false }
  const b = { mask: maskOf('....', '.##.', '.##.'), pixel: pixelOf('#0000ff'), striped: false }
  const names = { 0: '.', [a.pixel]: 'a', [b.pixel]: 'b' }

  it('show the later one where two overlap, and nothing is left after their box is cleared', () => {
    const pixels = new Uint32Array(12)
    composeFills([a, b], pixels, 3)
    expect(rowsOf(pixels, 3, names)).toEqual(['aa..', 'abb.', '.bb.'])
    expect(boundsOfFills([a, b])).toEqual({ left: 0, top: 0, right: 3, bottom: 3 })
    clearBox(pixels, 3, boundsOfFills([b]))
    expect(rowsOf(pixels, 3, names)).toEqual(['aa..', 'a...', '....'])
    clearBox(pixels, 3, boundsOfFills([a, b]))
    expect(pixels.some(Boolean)).toBe(false)
  })

  it('are striped where something hides the object', () => {
    const full = encodeMask(new Uint8Array(20 * 12).fill(1), 20, 12)
    const pixels = new Uint32Array(20 * 12)
    composeFills([{ ...a, mask: full, striped: true }], pixels, 12)
    for (let x = 0; x < 20; x++)
      for (let y = 0; y < 12; y++) expect(pixels[x * 12 + y] !== 0).toBe(onStripe(x, y))
    const part = pixels.filter(Boolean).length / pixels.length
    expect(Math.abs(part - 0.5)).toBeLessThan(0.05)
  })

  it('have pixels in the order of ImageData', () => {
    const bytes = new Uint8Array(Uint32Array.of(pixelOf('#123456')).buffer)
    expect([...bytes]).toEqual([0x12, 0x34, 0x56, 255])
  })

  it('have something dark beside light colours and something light beside dark ones', () => {
    expect(['#f0e442', '#56b4e9', '#ffffff'].every(isLight)).toBe(true)
    expect(['#0072b2', '#000000', '#7a0000'].some(isLight)).toBe(false)
  })
})

describe('what is drawn on a frame', () => {
  const objects = [
    { id: 1, name: 'One', labelId: 1 },
    { id: 2, name: 'Two', labelId: 1 },
    { id: 3, name: 'Three', labelId: 1 },
    { id: 4, name: 'Four', labelId: 1 },
  ]
  const keyframe = { state: 'keyframe', occluded: false } as const
  const options = {
    objects,
    selected: 1,
    isShown: (id: number) => id !== 3,
    colourOf: () => '#808080',
    skeletonOf: () => undefined,
  }

  it('is what is known and neither absent nor hidden, the selected object on top', () => {
    const entries = new Map<number, Entry>([
      [1, keyframe],
      [2, keyframe],
      [3, keyframe],
      [4, { state: 'absent', by: 'person' }],
    ])
    const marks = marksOf({ ...options, entries })
    expect(marks.map(({ objectId, selected }) => [objectId, selected])).toEqual([
      [2, false],
      [1, true],
    ])
  })

  it('is nothing while the host has not told', () => {
    expect(marksOf({ ...options, entries: undefined })).toEqual([])
  })
})
