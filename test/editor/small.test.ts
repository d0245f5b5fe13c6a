/** What is small is carried all the same, and a person is told how; where it belongs is known exactly on the sample clip. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { area, decodeMask } from '../../model/annotation/index.ts'
import { readSidecar } from '../../model/formats/index.ts'
import { editorSuite } from './support/suite.ts'
import { landmarksOf, WIDTH } from './support/truth.ts'
import { until } from './support/until.ts'

const LAST = 8
const shoulders = (frame: number) => landmarksOf(frame).find(({ name }) => name === 'shoulders')!

editorSuite('a dot on the koi', { settings: { 'siammae.networkSize': 240 } }, (place) => {
  it('travels with the koi, as large as it was drawn, and it is said how', async () => {
    const { workbench, folder } = place()
    const view = await workbench.annotate('sample.mp4')
    await view.waitForFrame(0)
    await workbench.newObject('koi', 'shoulders')
    await view.tool('brush')
    await view.click(shoulders(0))
    await until('the dirty mark', async () => (await workbench.activeTab()).dirty)
    await workbench.propagateOver(view, 0, LAST)
    await until('what is said', async () =>
      (await workbench.notifications()).find((text) => /as a point.*: shoulders\./.test(text)),
    )
    await workbench.screenshot('small')
    await view.runEnd()
    await workbench.screenshot('small-carried')
    await workbench.save()
    const saved = await readSidecar(join(folder, 'sample.siam.json'))
    const maskOn = (frame: number) => {
      const entry = saved.entry(1, frame)
      if (!entry || !('mask' in entry) || !entry.mask) throw new Error(`No mask on frame ${frame}.`)
      return entry.mask
    }
    const drawn = area(maskOn(0))
    for (let frame = 1; frame <= LAST; frame++) {
      expect(area(maskOn(frame)), `frame ${frame}`).toBe(drawn)
      let [x, y] = [0, 0]
      decodeMask(maskOn(frame)).forEach((on, pixel) => {
        x += on ? (pixel % WIDTH) / drawn : 0
        y += on ? Math.floor(pixel / WIDTH) / drawn : 0
      })
      const { x: right, y: down } = shoulders(frame)
      expect(Math.hypot(x - right, y - down), `frame ${frame}`).toBeLessThan(12)
    }
  })
})
