import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMask, encodeLabels, encodeMask, type Rle } from '../../../../model/annotation/index.ts'
import { type Dab, dab, fillPolygon, MaskEdit, sweep } from '../../../../webview/app/masks/index.ts'
import { rowsOf } from './grids.ts'

const WIDTH = 31
const HEIGHT = 23

const dabs: fc.Arbitrary<Dab> = fc.record({
  x: fc.double({ min: -3, max: WIDTH + 3, noNaN: true }),
  y: fc.double({ min: -3, max: HEIGHT + 3, noNaN: true }),
  radius: fc.double({ min: 0.5, max: 7, noNaN: true }),
})
const strokes = fc.array(dabs, { minLength: 1, maxLength: 6 })
/** Ids 0 to 4, so every pixel has one object at most; 1 is the object that is drawn on. */
const labelMaps = fc
  .array(fc.integer({ min: 0, max: 4 }), { minLength: WIDTH * HEIGHT, maxLength: WIDTH * HEIGHT })
  .map((ids) => Uint8Array.from(ids))
const locks = fc.tuple(fc.boolean(), fc.boolean(), fc.boolean())

function maskOf(labels: Uint8Array, id: number): Rle {
  return encodeLabels(labels, WIDTH, HEIGHT, id)
}

function draw(edit: MaskEdit, stroke: readonly Dab[]): MaskEdit {
  let before = stroke[0]!
  for (const at of stroke) {
    sweep(before, at, edit.span)
    before = at
  }
  return edit
}

function makeEdit(
  base: Rle | undefined,
  mode: 'add' | 'subtract',
  more: Partial<ConstructorParameters<typeof MaskEdit>[0]> = {},
): MaskEdit {
  return new MaskEdit({
    width: WIDTH,
    height: HEIGHT,
    base,
    neighbours: [],
    takeOver: false,
    mode,
    ...more,
  })
}

describe('drawing', () => {
  it('adds exactly the stroke, and taking the same stroke away leaves what was there before without it', () => {
    fc.assert(
      fc.property(labelMaps, strokes, (labels, stroke) => {
        const base = maskOf(labels, 1)
        const drawn = draw(makeEdit(undefined, 'add'), stroke).pixels
        const added = draw(makeEdit(base, 'add'), stroke)
        const before = decodeMask(base)
        expect(added.pixels).toEqual(before.map((value, i) => value | drawn[i]!))
        const result = added.finish().mask ?? base
        expect(decodeMask(result)).toEqual(added.pixels)
        const removed = draw(makeEdit(result, 'subtract'), stroke)
        expect(removed.pixels).toEqual(before.map((value, i) => value & ~drawn[i]! & 1))
        const last = removed.finish().mask ?? result
        expect(rowsOf(decodeMask(last), WIDTH)).toEqual(rowsOf(removed.pixels, WIDTH))
      }),
    )
  })

  it('tells when it changed nothing', () => {
    const full = encodeMask(new Uint8Array(WIDTH * HEIGHT).fill(1), WIDTH, HEIGHT)
    expect(draw(makeEdit(full, 'add'), [{ x: 5, y: 5, radius: 4 }]).finish().mask).toBeUndefined()
    expect(draw(makeEdit(undefined, 'subtract'), [{ x: 5, y: 5, radius: 4 }]).finish().mask).toBeUndefined()
    expect(draw(makeEdit(undefined, 'add'), [{ x: -9, y: -9, radius: 4 }]).finish().mask).toBeUndefined()
  })

  it('tells the box of what was drawn since it was asked last', () => {
    const edit = makeEdit(undefined, 'add')
    dab({ x: 5.5, y: 5.5, radius: 1.2 }, edit.span)
    expect(edit.takeDirty()).toEqual({ left: 4, top: 4, right: 7, bottom: 7 })
    dab({ x: 30.5, y: 0.5, radius: 1.9 }, edit.span)
    expect(edit.takeDirty()).toEqual({ left: 29, top: 0, right: 31, bottom: 2 })
    expect(edit.takeDirty()).toEqual({ left: 0, top: 0, right: 0, bottom: 0 })
  })

  it('takes polygons as well as strokes', () => {
    const edit = makeEdit(undefined, 'add')
    fillPolygon(
      [
        { x: 2, y: 2 },
        { x: 12, y: 2 },
        { x: 12, y: 9 },
        { x: 2, y: 9 },
      ],
      edit.span,
    )
    expect(edit.pixels.reduce((sum, value) => sum + value, 0)).toBe(70)
  })
})

describe('with other objects on the frame', () => {
  const cases = fc.record({ labels: labelMaps, stroke: strokes, locked: locks, takeOver: fc.boolean() })
  const neighboursOf = (labels: Uint8Array, locked: readonly boolean[]) =>
    [2, 3, 4].map((objectId, i) => ({ objectId, mask: maskOf(labels, objectId), locked: locked[i]! }))

  it('no pixel ever has two objects, locked ones lose nothing, and nobody gains but the object drawn', () => {
    fc.assert(
      fc.property(cases, ({ labels, stroke, locked, takeOver }) => {
        const neighbours = neighboursOf(labels, locked)
        const base = maskOf(labels, 1)
        const result = draw(makeEdit(base, 'add', { neighbours, takeOver }), stroke).finish()
        const own = decodeMask(result.mask ?? base)
        const owners = own.slice()
        let unexplained = 0
        for (const { objectId, mask, locked } of neighbours) {
          const before = decodeMask(mask)
          const after = decodeMask(result.neighbours.get(objectId) ?? mask)
          if (locked || !takeOver) expect(result.neighbours.has(objectId)).toBe(false)
          for (let i = 0; i < after.length; i++) {
            owners[i]! += after[i]!
            if (after[i]! > before[i]! || (before[i]! > after[i]! && !own[i])) unexplained++
          }
        }
        expect(Math.max(...owners)).toBeLessThanOrEqual(1)
        expect(unexplained).toBe(0)
      }),
    )
  })

  it('a neighbour that loses no pixel is not in the result', () => {
    const neighbours = [
      {
        objectId: 7,
        mask: encodeMask(
          Uint8Array.from({ length: 25 }, (_, i) => +(i === 24)),
          5,
          5,
        ),
        locked: false,
      },
    ]
    const edit = new MaskEdit({
      width: 5,
      height: 5,
      base: undefined,
      neighbours,
      takeOver: true,
      mode: 'add',
    })
    edit.span(0, 0, 5)
    edit.span(4, 0, 4)
    expect(edit.finish().neighbours.size).toBe(0)
  })

  it('taking away never touches a neighbour', () => {
    fc.assert(
      fc.property(cases, ({ labels, stroke, locked, takeOver }) => {
        const neighbours = neighboursOf(labels, locked)
        const edit = draw(makeEdit(maskOf(labels, 1), 'subtract', { neighbours, takeOver }), stroke)
        expect(edit.finish().neighbours.size).toBe(0)
      }),
    )
  })
})
