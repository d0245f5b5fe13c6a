import { beforeEach, describe, expect, it } from 'vitest'
import type { Entry, Keypoint } from '../../../../model/annotation/index.ts'
import { makeTools } from '../../../../webview/app/tools/index.ts'
import { at, FakeHost } from './fake-host.ts'

let host: FakeHost
let tools: ReturnType<typeof makeTools>
beforeEach(() => {
  host = new FakeHost()
  host.view = { ...host.view, scale: 10 }
  tools = makeTools(host)
})

function click(x: number, y: number, secondary = false): void {
  tools.keypoints.hover(at(x, y))
  tools.keypoints.down(at(x, y, { secondary }))
  tools.keypoints.up()
}

function keypoints(objectId = 1, frame = 5): readonly Keypoint[] | undefined {
  const entry = host.entriesOf(frame)?.get(objectId)
  return entry === undefined || entry.state === 'absent' ? undefined : entry.keypoints
}

const posed: Entry = {
  state: 'propagated',
  run: 1,
  confidence: 0.7,
  occluded: false,
  keypoints: [
    { x: 5, y: 5, visibility: 'visible', confidence: 0.9 },
    { x: 0, y: 0, visibility: 'absent', confidence: 0.1 },
    { x: 25, y: 5, visibility: 'occluded', confidence: 0.4 },
  ],
}

describe('placing keypoints', () => {
  it('one after another is one step, sent with the last of them', () => {
    click(5, 5)
    click(15, 6)
    expect(host.edits).toHaveLength(0)
    expect(host.draft?.keypoints.map(({ visibility }) => visibility)).toEqual([
      'visible',
      'visible',
      'absent',
    ])
    click(25, 7, true)
    expect(host.edits.map(({ label }) => label)).toEqual(['Place keypoints'])
    expect(keypoints()).toEqual([
      { x: 5, y: 5, visibility: 'visible' },
      { x: 15, y: 6, visibility: 'visible' },
      { x: 25, y: 7, visibility: 'occluded' },
    ])
    expect(host.draft).toBeUndefined()
  })

  it('can skip one, take the last back, and finish early with the rest absent', () => {
    click(5, 5)
    tools.keypoints.perform({ name: 'keypointVisibility', visibility: 'absent' })
    click(25, 7)
    expect(keypoints()?.map(({ visibility }) => visibility)).toEqual(['visible', 'absent', 'visible'])
    host.frame = 6
    click(5, 5)
    click(15, 6)
    tools.keypoints.perform({ name: 'removePoint' })
    click(16, 9)
    tools.keypoints.perform({ name: 'finish' })
    expect(keypoints(1, 6)).toEqual([
      { x: 5, y: 5, visibility: 'visible' },
      { x: 16, y: 9, visibility: 'visible' },
      { x: 0, y: 0, visibility: 'absent' },
    ])
    expect(host.edits).toHaveLength(2)
  })

  it('can be given up', () => {
    click(5, 5)
    tools.keypoints.perform({ name: 'giveUp' })
    tools.keypoints.leave()
    expect(host.edits).toHaveLength(0)
    expect(host.draft).toBeUndefined()
  })

  it('that is left for another frame or object is kept on its own', () => {
    click(5, 5)
    tools.keypoints.leave()
    host.frame = 6
    host.objectId = 2
    expect(host.edits[0]!.edits[0]).toMatchObject({ objectId: 1, frame: 5 })
    expect(keypoints(1, 5)?.[0]).toEqual({ x: 5, y: 5, visibility: 'visible' })
    expect(keypoints(2, 6)).toBeUndefined()
  })

  it('outlives its tool, and goes on where it was', () => {
    click(5, 5)
    // As a webview that was hidden gets it back.
    host.unfinished = JSON.parse(JSON.stringify(host.unfinished))
    host.draft = undefined
    tools = makeTools(host)
    tools.keypoints.enter?.()
    expect(host.draft).toMatchObject({ objectId: 1 })
    click(15, 6)
    click(25, 7)
    expect(keypoints()?.map(({ x }) => x)).toEqual([5, 15, 25])
  })

  it('waits while the frame’s marks are on their way, so that none of them is lost', () => {
    const mask = { width: 40, height: 30, counts: Uint32Array.of(0, 300, 900) }
    host.put(5, 1, { state: 'keyframe', occluded: false, mask })
    click(5, 5)
    host.untold.add(5)
    tools.keypoints.leave()
    expect(host.edits).toHaveLength(0)
    expect(host.draft).toBeUndefined()
    host.untold.clear()
    host.frame = 6
    tools.keypoints.leave()
    expect(host.entriesOf(5)?.get(1)).toMatchObject({ mask, keypoints: [{ x: 5, y: 5 }, {}, {}] })
  })

  it('keeps every point inside the picture', () => {
    click(-4, 99)
    tools.keypoints.perform({ name: 'finish' })
    expect(keypoints()?.[0]).toEqual({ x: 0, y: 30, visibility: 'visible' })
  })

  it('goes on with the one that is missing where there are some', () => {
    host.put(5, 1, posed)
    click(15, 15)
    expect(keypoints()).toEqual([
      { x: 5, y: 5, visibility: 'visible' },
      { x: 15, y: 15, visibility: 'visible' },
      { x: 25, y: 5, visibility: 'occluded' },
    ])
  })

  it('without an object waits for one', () => {
    host.objects = []
    click(5, 5)
    host.makeObject()
    expect(host.draft).toMatchObject({ objectId: 9 })
    tools.keypoints.perform({ name: 'finish' })
    expect(keypoints(9)?.[0]).toEqual({ x: 5, y: 5, visibility: 'visible' })
  })

  it('without an object wait for one together', () => {
    host.objects = []
    click(5, 5)
    click(15, 6)
    host.makeObject()
    expect(host.draft?.keypoints.map(({ x }) => x)).toEqual([5, 15, 0])
  })
})

describe('keypoints that are there', () => {
  it('that are clicked by a hand that shakes stay the model’s', () => {
    host.density = 2
    for (const tool of [tools.keypoints, tools.select]) {
      tool.hover(at(5, 5))
      tool.down(at(5, 5))
      // Two pixels of the screen, at ten times their size and two device pixels to each.
      tool.drag([at(5.4, 5)])
      tool.up()
    }
    expect(host.edits).toHaveLength(0)
  })

  beforeEach(() => host.put(5, 1, posed))

  it('are moved by dragging, with the tool or with the select tool, as one step each', () => {
    for (const tool of [tools.keypoints, tools.select]) {
      const { x, y } = keypoints()![0]!
      tool.hover(at(x, y))
      tool.down(at(x, y))
      tool.drag([at(x + 1, y), at(x + 3, y + 2)])
      expect(host.draft?.keypoints[0]).toMatchObject({ x: x + 3, y: y + 2 })
      tool.up()
      expect(keypoints()![0]).toEqual({ x: x + 3, y: y + 2, visibility: 'visible' })
    }
    expect(host.edits.map(({ label }) => label)).toEqual(['Move keypoint', 'Move keypoint'])
    expect(host.entriesOf(5)?.get(1)?.state).toBe('keyframe')
  })

  it('that are only clicked stay the model’s', () => {
    tools.select.hover(at(5, 5))
    tools.select.down(at(5, 5))
    tools.select.up()
    expect(host.edits).toHaveLength(0)
  })

  it('go through visible, occluded and absent with the right button', () => {
    const seen = () => keypoints()![0]!.visibility
    click(5, 5, true)
    expect(seen()).toBe('occluded')
    click(5, 5, true)
    expect(seen()).toBe('absent')
  })

  it('take the visibility that a key says', () => {
    tools.keypoints.hover(at(25, 5))
    tools.keypoints.perform({ name: 'keypointVisibility', visibility: 'visible' })
    expect(keypoints()![2]).toEqual({ x: 25, y: 5, visibility: 'visible' })
  })
})

describe('the select tool', () => {
  it('asks for the object whose keypoint is meant before it changes it', () => {
    host.put(5, 2, posed)
    host.locked.add(2)
    tools.select.hover(at(5, 5))
    expect(tools.select.perform({ name: 'keypointVisibility', visibility: 'absent' })).toBe(false)
    expect(host.edits).toHaveLength(0)
    expect(host.hints).toEqual(['Leaf is locked'])
    host.locked.clear()
    tools.select.perform({ name: 'keypointVisibility', visibility: 'absent' })
    expect(keypoints(2)?.[0]).toMatchObject({ visibility: 'absent' })
  })

  it('chooses the object under the pointer', () => {
    host.put(5, 2, {
      state: 'keyframe',
      occluded: false,
      mask: { width: 40, height: 30, counts: Uint32Array.of(0, 300, 900) },
    })
    tools.select.down(at(2, 2))
    expect(host.objectId).toBe(2)
    tools.select.down(at(30, 20))
    expect(host.objectId).toBe(2)
  })
})
