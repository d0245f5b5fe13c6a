/** A skeleton is placed point by point, moved, propagated and saved; the landmarks of the clip are known exactly. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readSidecar } from '../../model/formats/index.ts'
import type { AnnotatorView } from './driver/view.ts'
import { editorSuite } from './support/suite.ts'
import { HEIGHT, landmarks, landmarksOf, WIDTH } from './support/truth.ts'
import { until } from './support/until.ts'

const CYAN = '#00ffff'
/** The sample's nose-to-tail length is about 150 pixels; a tenth of it and a little. */
const NEAR = 20
const LAST = 12

// At the size that people have by default: what is measured here is what they get.
editorSuite('a skeleton on the sample clip', { settings: { 'siammae.networkSize': 480 } }, (place) => {
  let view: AnnotatorView
  const sidecar = () => join(place().folder, 'sample.siam.json')
  const points = async (frame: number) => {
    const entry = (await readSidecar(sidecar())).entry(1, frame)
    return (entry && 'keypoints' in entry && entry.keypoints) || []
  }

  it('is placed in the order of its keypoints', async () => {
    const { workbench } = place()
    view = await workbench.annotate('sample.mp4')
    await view.waitForFrame(0)
    await workbench.newObject('koi with points', 'white koi')
    await view.tool('keypoints')
    for (const point of landmarks().keypoints) await view.click(point)
    await until('the dirty mark', async () => (await workbench.activeTab()).dirty)
    await workbench.save()
    const placed = await points(0)
    expect(placed.length).toBe(6)
    for (const [index, { x, y }] of landmarks().keypoints.entries()) {
      expect(Math.hypot(placed[index]!.x - x, placed[index]!.y - y)).toBeLessThan(2)
      expect(placed[index]!.visibility).toBe('visible')
    }
    const cyan = await view.painted(WIDTH, HEIGHT, CYAN, 90)
    expect(cyan.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(50)
    await workbench.screenshot('skeleton')
  })

  it('lets a point be dragged, as one step to undo', async () => {
    const { workbench } = place()
    const nose = landmarks().keypoints[0]!
    const there = { x: nose.x + 15, y: nose.y + 10 }
    await view.draw([nose, { x: nose.x + 5, y: nose.y + 5 }, there])
    await until('the dirty mark', async () => (await workbench.activeTab()).dirty)
    await workbench.save()
    const moved = (await points(0))[0]!
    expect(Math.hypot(moved.x - there.x, moved.y - there.y)).toBeLessThan(2)
    await view.key('Control+z')
    await until('the dirty mark', async () => (await workbench.activeTab()).dirty)
    await workbench.save()
    const back = (await points(0))[0]!
    expect(Math.hypot(back.x - nose.x, back.y - nose.y)).toBeLessThan(2)
  })

  it('is propagated: every frame of the range has its points, and they are shown', async () => {
    const { workbench } = place()
    await workbench.propagateOver(view, 0, LAST)
    await until('a run', () => view.run())
    await view.runEnd()
    await workbench.save()
    let near = 0
    let all = 0
    for (let frame = 1; frame <= LAST; frame++) {
      const found = await points(frame)
      expect(found.length, `points on frame ${frame}`).toBe(6)
      for (const [index, { x, y, visible }] of landmarksOf(frame).entries()) {
        const point = found[index]!
        expect(point.x >= 0 && point.x < WIDTH && point.y >= 0 && point.y < HEIGHT).toBe(true)
        expect(point.confidence).toBeGreaterThan(0)
        if (!visible) continue
        all++
        if (Math.hypot(point.x - x, point.y - y) < NEAR) near++
      }
    }
    console.log(`keypoints within ${NEAR} pixels of the truth on frames 1 to ${LAST}: ${near} of ${all}`)
    expect(near / all).toBeGreaterThan(0.75)
    expect(await points(LAST + 1)).toEqual([])
    await view.waitForFrame(LAST)
    const cyan = await view.painted(WIDTH, HEIGHT, CYAN, 90)
    expect(cyan.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(15)
  })
})
