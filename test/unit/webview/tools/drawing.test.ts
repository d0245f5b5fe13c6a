import { beforeEach, describe, expect, it } from 'vitest'
import { area, decodeMask, type Entry, encodeMask, type Rle } from '../../../../model/annotation/index.ts'
import { maskAt } from '../../../../webview/app/masks/index.ts'
import { fillHoles, makeTools, withoutOthers } from '../../../../webview/app/tools/index.ts'
import { at, FakeHost } from './fake-host.ts'

let host: FakeHost
let tools: ReturnType<typeof makeTools>
beforeEach(() => {
  host = new FakeHost()
  tools = makeTools(host)
})

/** A rectangle of set pixels. */
function box(left: number, top: number, width: number, height: number): Rle {
  const pixels = new Uint8Array(40 * 30)
  for (let y = top; y < top + height; y++) pixels.fill(1, y * 40 + left, y * 40 + left + width)
  return encodeMask(pixels, 40, 30)
}

function entry(objectId: number, frame = 5): Entry | undefined {
  return host.entriesOf(frame)?.get(objectId)
}

function maskOf(objectId: number): Rle {
  const one = entry(objectId)
  if (one === undefined || one.state === 'absent' || one.mask === undefined) throw new Error('no mask')
  return one.mask
}

describe('a stroke', () => {
  it('is one step, from press to release, and makes a keyframe', () => {
    tools.brush.down(at(10, 10))
    tools.brush.drag([at(14, 10), at(20, 10)])
    expect(host.edits).toHaveLength(0)
    tools.brush.up()
    expect(host.edits.map(({ label }) => label)).toEqual(['Paint'])
    expect(entry(1)).toMatchObject({ state: 'keyframe', occluded: false })
    expect([maskAt(maskOf(1), 10, 10), maskAt(maskOf(1), 17, 10), maskAt(maskOf(1), 17, 14)]).toEqual([
      true,
      true,
      false,
    ])
    expect(host.live).toBeUndefined()
  })

  it('on what a model said keeps its mask, its occlusion and its points, now a person’s', () => {
    host.put(5, 1, {
      state: 'propagated',
      run: 3,
      confidence: 0.6,
      occluded: true,
      mask: box(0, 0, 4, 4),
      keypoints: [{ x: 1, y: 2, visibility: 'visible', confidence: 0.3 }],
    })
    tools.brush.down(at(20, 20))
    tools.brush.up()
    expect(entry(1)).toMatchObject({
      state: 'keyframe',
      occluded: true,
      keypoints: [{ x: 1, y: 2, visibility: 'visible' }],
    })
    expect(JSON.stringify(entry(1))).not.toContain('confidence')
    expect(area(maskOf(1))).toBeGreaterThan(16)
    expect(maskAt(maskOf(1), 2, 2)).toBe(true)
  })

  it('with Alt, or by the eraser, takes away', () => {
    host.put(5, 1, { state: 'keyframe', occluded: false, mask: box(0, 0, 20, 20) })
    tools.brush.down(at(5, 5, { alt: true }))
    tools.brush.up()
    tools.eraser.down(at(15, 15))
    tools.eraser.up()
    expect(host.edits.map(({ label }) => label)).toEqual(['Erase', 'Erase'])
    expect([maskAt(maskOf(1), 5, 5), maskAt(maskOf(1), 15, 15), maskAt(maskOf(1), 10, 2)]).toEqual([
      false,
      false,
      true,
    ])
  })

  it('with the other end of a pen takes away, whichever the tool', () => {
    host.put(5, 1, { state: 'keyframe', occluded: false, mask: box(0, 0, 20, 20) })
    for (const [tool, x] of [
      [tools.brush, 5],
      [tools.eraser, 15],
    ] as const) {
      tool.down(at(x, 5, { eraser: true }))
      tool.drag([at(x, 10)])
      tool.up()
    }
    expect(host.edits.map(({ label }) => label)).toEqual(['Erase', 'Erase'])
    expect([maskAt(maskOf(1), 5, 10), maskAt(maskOf(1), 15, 10)]).toEqual([false, false])
  })

  it('that changes nothing is no step', () => {
    host.put(5, 1, { state: 'keyframe', occluded: false, mask: box(0, 0, 20, 20) })
    tools.brush.down(at(5, 5))
    tools.brush.up()
    tools.eraser.down(at(35, 25))
    tools.eraser.up()
    expect(host.edits).toHaveLength(0)
  })

  it('can be given up, and is sent when the frame is left in the middle of it', () => {
    tools.brush.down(at(5, 5))
    tools.brush.perform({ name: 'giveUp' })
    tools.brush.up()
    expect(host.edits).toHaveLength(0)
    tools.brush.down(at(5, 5))
    tools.brush.leave()
    host.frame = 6
    tools.brush.up()
    expect(host.edits.map(({ edits }) => edits.map((edit) => 'frame' in edit && edit.frame))).toEqual([[5]])
  })

  it('where nothing may be drawn does not begin', () => {
    host.refusal = 'Koi is locked; unlock it to draw.'
    expect(tools.brush.down(at(5, 5))).toBe(false)
    expect(tools.polygon.down(at(5, 5))).toBe(false)
    tools.brush.up()
    expect(host.edits).toHaveLength(0)
    expect(host.hints).toEqual([host.refusal, host.refusal])
  })

  it('where there is nothing to take away says so', () => {
    expect(tools.eraser.down(at(5, 5))).toBe(false)
    expect(host.hints[0]).toContain('Koi')
  })

  it('follows the pressure of a pen, unless the setting says otherwise', () => {
    host.brushSize = 20
    tools.brush.down(at(20, 15, { pressure: 0.1 }))
    tools.brush.up()
    const light = area(maskOf(1))
    host.entries.clear()
    host.penPressure = false
    tools.brush.down(at(20, 15, { pressure: 0.1 }))
    tools.brush.up()
    expect(area(maskOf(1))).toBeGreaterThan(10 * light)
  })

  it('with Shift goes straight on from where the last one ended, on the same frame only', () => {
    tools.brush.down(at(5, 5))
    tools.brush.up()
    tools.brush.down(at(30, 5, { shift: true }))
    tools.brush.up()
    expect(maskAt(maskOf(1), 18, 5)).toBe(true)
    host.frame = 6
    tools.brush.down(at(5, 25, { shift: true }))
    tools.brush.up()
    const there = host.entriesOf(6)?.get(1)
    expect(there?.state === 'keyframe' && there.mask && area(there.mask)).toBeLessThan(12)
  })
})

describe('a stroke over another object', () => {
  const propagated: Entry = {
    state: 'propagated',
    run: 3,
    confidence: 0.6,
    occluded: false,
    mask: box(10, 10, 10, 10),
  }

  it('takes its pixels over in the same step; the other stays what it was, the model’s', () => {
    host.takeOver = true
    host.put(5, 2, propagated)
    tools.brush.down(at(15, 15))
    tools.brush.up()
    expect(host.edits).toHaveLength(1)
    expect(host.edits[0]!.edits).toHaveLength(2)
    expect(entry(2)).toMatchObject({ state: 'propagated', run: 3, confidence: 0.6 })
    expect(maskAt(maskOf(2), 15, 15)).toBe(false)
    expect(maskAt(maskOf(1), 15, 15)).toBe(true)
  })

  it('leaves the pixels where they are without take-over, and where the other is locked', () => {
    host.put(5, 2, propagated)
    tools.brush.down(at(15, 15))
    tools.brush.up()
    host.takeOver = true
    host.locked.add(2)
    tools.brush.down(at(15, 15))
    tools.brush.up()
    expect(host.edits).toHaveLength(0)
    expect(entry(2)).toBe(propagated)
  })

  it('goes onto what is there at its end, when results came in meanwhile', () => {
    host.takeOver = true
    host.put(5, 1, { ...propagated, mask: box(0, 0, 2, 2) })
    host.put(5, 2, propagated)
    tools.brush.down(at(15, 15))
    host.put(5, 1, { ...propagated, run: 4, mask: box(30, 20, 5, 5) })
    host.put(5, 2, { ...propagated, run: 4, mask: box(14, 14, 20, 3) })
    tools.brush.up()
    expect([maskAt(maskOf(1), 1, 1), maskAt(maskOf(1), 32, 22), maskAt(maskOf(1), 15, 15)]).toEqual([
      false,
      true,
      true,
    ])
    expect(entry(2)).toMatchObject({ run: 4 })
    const [own, other] = [decodeMask(maskOf(1)), decodeMask(maskOf(2))]
    expect(own.some((value, i) => value && other[i])).toBe(false)
  })
})

describe('without an object', () => {
  it('the stroke waits for one and goes to it, on the frame it was drawn on', () => {
    host.objects = []
    tools.brush.down(at(5, 5))
    tools.brush.up()
    expect(host.edits).toHaveLength(0)
    expect(host.waitingMask).toBeDefined()
    host.frame = 8
    host.makeObject()
    expect(host.edits).toHaveLength(1)
    expect(entry(9, 5)).toMatchObject({ state: 'keyframe' })
    expect(host.live).toBeUndefined()
  })
})

describe('without an object, one thing after another', () => {
  beforeEach(() => {
    host.objects = []
  })

  it('adds up on the object that is made', () => {
    for (const x of [5, 20]) {
      tools.brush.down(at(x, 5))
      tools.brush.up()
    }
    expect([maskAt(host.waitingMask!, 5, 5), maskAt(host.waitingMask!, 20, 5)]).toEqual([true, true])
    host.makeObject()
    expect([maskAt(maskOf(9), 5, 5), maskAt(maskOf(9), 20, 5)]).toEqual([true, true])
    expect(host.live).toBeUndefined()
  })

  it('can be taken away from', () => {
    tools.brush.down(at(5, 5))
    tools.brush.drag([at(20, 5)])
    tools.brush.up()
    tools.eraser.down(at(20, 5))
    tools.eraser.up()
    host.makeObject()
    expect([maskAt(maskOf(9), 5, 5), maskAt(maskOf(9), 20, 5)]).toEqual([true, false])
  })

  it('goes at once to an object that came while it was drawn', () => {
    tools.brush.down(at(5, 5))
    host.makeObject()
    tools.brush.up()
    expect(host.waiting).toEqual([])
    expect(maskAt(maskOf(9), 5, 5)).toBe(true)
  })

  it('has a polygon unfinished again when no object is made', () => {
    for (const corner of [at(5, 5), at(25, 5), at(25, 20)]) tools.polygon.down(corner)
    const { outlines } = host.unfinished
    tools.polygon.perform({ name: 'finish' })
    expect(host.unfinished.outlines).toEqual([])
    for (const { refused } of host.waiting.splice(0)) refused?.()
    expect(host.unfinished.outlines).toEqual(outlines)
    tools.polygon.perform({ name: 'finish' })
    host.makeObject()
    expect(maskAt(maskOf(9), 22, 8)).toBe(true)
  })
})

describe('a polygon', () => {
  const corners = [at(5, 5), at(25, 5), at(25, 20)]

  it('closes at its first corner and is one step', () => {
    host.view = { ...host.view, scale: 10 }
    for (const corner of corners) tools.polygon.down(corner)
    expect(host.edits).toHaveLength(0)
    tools.polygon.down(at(5.3, 5.2))
    expect(host.edits.map(({ label }) => label)).toEqual(['Add polygon'])
    expect(Math.abs(area(maskOf(1)) - 150)).toBeLessThan(12)
    expect(maskAt(maskOf(1), 22, 8)).toBe(true)
  })

  it('closes by the command, loses its last corner, and can be given up', () => {
    for (const corner of [...corners, at(39, 29)]) tools.polygon.down(corner)
    tools.polygon.perform({ name: 'removePoint' })
    tools.polygon.perform({ name: 'finish' })
    expect(maskAt(maskOf(1), 35, 26)).toBe(false)
    for (const corner of corners) tools.polygon.down(corner)
    tools.polygon.perform({ name: 'giveUp' })
    expect(tools.polygon.perform({ name: 'finish' })).toBe(false)
    expect(host.edits).toHaveLength(1)
  })

  it('with Shift takes away', () => {
    host.put(5, 1, { state: 'keyframe', occluded: false, mask: box(0, 0, 40, 30) })
    for (const corner of corners) tools.polygon.down({ ...corner, shift: true })
    tools.polygon.perform({ name: 'finish' })
    expect(host.edits[0]!.label).toBe('Subtract polygon')
    expect(maskAt(maskOf(1), 22, 8)).toBe(false)
    expect(maskAt(maskOf(1), 2, 25)).toBe(true)
  })

  it('belongs to its frame: it is not filled on another, and is still there on the way back', () => {
    for (const corner of corners) tools.polygon.down(corner)
    tools.polygon.leave()
    host.frame = 6
    expect(tools.polygon.perform({ name: 'finish' })).toBe(false)
    host.frame = 5
    tools.polygon.perform({ name: 'finish' })
    expect(host.edits[0]!.edits[0]).toMatchObject({ frame: 5 })
  })

  it('goes to the object it was begun for, and waits while another is worked on', () => {
    for (const corner of corners) tools.polygon.down(corner)
    host.objectId = 2
    expect(tools.polygon.perform({ name: 'finish' })).toBe(false)
    tools.polygon.down(at(30, 25))
    host.objectId = 1
    tools.polygon.perform({ name: 'finish' })
    expect(host.edits.map(({ edits }) => edits)).toMatchObject([[{ objectId: 1, frame: 5 }]])
    expect(maskAt(maskOf(1), 22, 8)).toBe(true)
    expect(host.unfinished.outlines).toMatchObject([{ objectId: 2, corners: [{ x: 30, y: 25 }] }])
  })

  it('that waits on one frame is not lost when another is begun on the next', () => {
    for (const corner of corners) tools.polygon.down(corner)
    host.frame = 6
    for (const corner of corners) tools.polygon.down(corner)
    tools.polygon.perform({ name: 'finish' })
    host.frame = 5
    tools.polygon.perform({ name: 'finish' })
    expect(host.edits.map(({ edits }) => edits)).toMatchObject([[{ frame: 6 }], [{ frame: 5 }]])
  })

  it('begun before there was an object goes to the first one', () => {
    host.objectId = undefined
    for (const corner of corners.slice(0, 2)) tools.polygon.down(corner)
    host.objectId = 2
    tools.polygon.down(corners[2]!)
    host.objectId = 1
    expect(tools.polygon.perform({ name: 'finish' })).toBe(false)
    host.objectId = 2
    tools.polygon.perform({ name: 'finish' })
    expect(host.edits[0]!.edits[0]).toMatchObject({ objectId: 2 })
  })

  it('outlives its tool, but not its object', () => {
    for (const corner of corners) tools.polygon.down(corner)
    // As a webview that was hidden gets it back.
    host.unfinished = JSON.parse(JSON.stringify(host.unfinished))
    tools = makeTools(host)
    expect(withoutOthers(host.unfinished, new Set([2])).outlines).toEqual([])
    expect(withoutOthers(host.unfinished, new Set([1]))).toBe(host.unfinished)
    tools.polygon.perform({ name: 'finish' })
    expect(maskAt(maskOf(1), 22, 8)).toBe(true)
  })

  it('needs three corners', () => {
    tools.polygon.down(at(5, 5))
    tools.polygon.perform({ name: 'finish' })
    expect(host.edits).toHaveLength(0)
    expect(host.hints).toHaveLength(1)
  })
})

describe('filling holes', () => {
  it('is one step, and says when there are none', () => {
    const ring = decodeMask(box(5, 5, 10, 10))
    ring.fill(0, 10 * 40 + 9, 10 * 40 + 12)
    host.put(5, 1, { state: 'keyframe', occluded: false, mask: encodeMask(ring, 40, 30) })
    fillHoles(host)
    expect(host.edits.map(({ label }) => label)).toEqual(['Fill holes'])
    expect(area(maskOf(1))).toBe(100)
    fillHoles(host)
    expect(host.edits).toHaveLength(1)
    expect(host.hints).toHaveLength(1)
    expect(host.live).toBeUndefined()
  })
})
