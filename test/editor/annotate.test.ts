/**
 * The main job, as a person does it: mark a koi with the brush on one frame, watch the mark travel, stop and go on,
 * correct it, undo and redo, save, close and open again. What is on screen is compared with the exact masks of the clip.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readSidecar } from '../../model/formats/index.ts'
import type { AnnotatorView } from './driver/view.ts'
import { editorSuite, MAGENTA } from './support/suite.ts'
import { agreement, HEIGHT, liesOn, overlap, truth, WIDTH, wayThrough } from './support/truth.ts'
import { until } from './support/until.ts'

/** The white koi reaches the leaf one frame later. */
const LAST = 31

editorSuite('the main job on the sample clip', {}, (place) => {
  let view: AnnotatorView
  const painted = () => view.painted(WIDTH, HEIGHT, MAGENTA)
  const count = async () => (await painted()).reduce((sum, one) => sum + one, 0)
  const sidecar = () => join(place().folder, 'sample.siam.json')
  /** Whether the magenta pixels on screen lie on the white koi of a frame. */
  const onKoi = async (frame: number, least?: { inside: number; covered: number }) =>
    liesOn(await painted(), await truth(frame, 1), least)
  /** Later in a run, seen small by the network. */
  const LATE = { inside: 0.5, covered: 0.3 }
  const go = async (frame: number) => {
    await place().workbench.goTo(frame)
    await view.waitForFrame(frame)
  }

  it('opens a video from the explorer without writing anything', async () => {
    const { workbench } = place()
    view = await workbench.annotate('sample.mp4')
    await view.waitForFrame(0)
    expect(await count()).toBe(0)
    expect((await workbench.activeTab()).dirty).toBe(false)
    expect(existsSync(sidecar())).toBe(false)
    await workbench.screenshot('opened')
  })

  it('draws a mask with the brush', async () => {
    const { workbench } = place()
    await workbench.newObject('koi', 'white koi')
    await view.tool('brush')
    await view.draw(wayThrough(await truth(0, 1), 14))
    await until('the mask on screen', () => onKoi(0))
    await until('the dirty mark', async () => (await workbench.activeTab()).dirty)
    await workbench.screenshot('drawn')
  })

  it('erases with the eraser, and undo brings it back', async () => {
    const before = await count()
    await view.tool('eraser')
    await view.draw(wayThrough(await truth(0, 1), 14).slice(0, 6))
    await until('fewer pixels', async () => (await count()) < before * 0.97)
    await view.key('Control+z')
    await until('the pixels to be back', async () => (await count()) === before)
  })

  it('propagates: the overlay lies on the koi in later frames', async () => {
    await view.key('f')
    await until('a run', () => view.run())
    await until('some results', async () => ((await view.run())?.done ?? 0) > 3, 120)
    await go(3)
    await until('the mask on frame 3 while the run goes on', () => onKoi(3, LATE))
    await place().workbench.screenshot('propagating')
  })

  it('pauses, resumes, and cancels; what is done stays', async () => {
    await view.press('Pause Propagation')
    const paused = await until('the pause', async () => {
      const run = await view.run()
      return run?.state === 'paused' ? run : undefined
    })
    expect(paused.done).toBeLessThan(paused.total)
    await view.press('Resume Propagation')
    await until('more results', async () => ((await view.run())?.done ?? 0) > paused.done + 2, 120)
    await view.press('Cancel Propagation')
    await view.runEnd()
    await go(paused.done)
    await until('the mask on a frame that was done', () => onKoi(paused.done, LATE))
    await go(99)
    expect(await count()).toBe(0)
  })

  it('propagates over a range, again over what was cancelled', async () => {
    const { workbench } = place()
    await go(0)
    await workbench.propagateOver(view, 0, LAST)
    await until('a run', () => view.run())
    await view.runEnd()
    for (const frame of [10, 20, LAST]) {
      await go(frame)
      await until(`the mask on frame ${frame}`, () => onKoi(frame, LATE))
      const score = overlap(await painted(), await truth(frame, 1))
      console.log(`overlay on the koi on frame ${frame}: IoU ${score.toFixed(2)}`)
    }
  })

  it('corrects a frame and propagates its span again', async () => {
    const { workbench } = place()
    await go(20)
    await view.tool('brush')
    await view.draw(wayThrough(await truth(20, 1), 14))
    const offer = view.frame.locator('.offer button', { hasText: 'Propagate' })
    await offer.waitFor()
    await workbench.screenshot('offer')
    await offer.click()
    await until('a run', () => view.run())
    await view.runEnd()
    await go(22)
    await until('the mask on frame 22', () => onKoi(22, LATE))
    await workbench.screenshot('corrected')
  })

  it('undoes all of it step by step, and redoes it', async () => {
    const { workbench } = place()
    const at = async (frame: number) => {
      await go(frame)
      return painted()
    }
    /** Every step with a frame where it shows. VS Code does not undo while it undoes, so each is waited for. */
    const steps = [
      { what: 'the run of the correction', frame: 22 },
      { what: 'the correction', frame: 20 },
      { what: 'the run over the range', frame: LAST },
      { what: 'the run that was cancelled', frame: 3 },
      { what: 'the mask', frame: 0 },
    ]
    const after: Uint8Array[] = []
    for (const { what, frame } of steps) {
      const shown = await at(frame)
      after.push(shown)
      await view.key('Control+z')
      await until(`${what} to be undone`, async () => overlap(await painted(), shown) < 0.995)
    }
    expect(await count()).toBe(0)
    expect((await workbench.activeTab()).dirty).toBe(true)
    await view.key('Control+z')
    await until('the clean document', async () => !(await workbench.activeTab()).dirty)
    // VS Code shows the mark before it has undone, and drops a redo until then.
    await view.frame.getByText('No objects yet').waitFor()
    await view.key('Control+Shift+z')
    await until('the object to be back', async () => (await workbench.activeTab()).dirty)
    for (const [index, { what, frame }] of [...steps.entries()].reverse()) {
      await go(frame)
      await view.key('Control+Shift+z')
      await until(`${what} to be redone`, async () => overlap(await painted(), after[index]!) > 0.999)
    }
  })

  it('saves, closes, and opens again as it was', async () => {
    const { workbench } = place()
    await go(22)
    const before = await painted()
    await workbench.save()
    const saved = await readSidecar(sidecar())
    expect(agreement(maskOf(saved, 0), await truth(0, 1))).toBeGreaterThan(0.6)
    expect(saved.frames(1).length).toBe(LAST + 1)
    expect(saved.entry(1, 20)?.state).toBe('keyframe')
    await workbench.closeEditor()
    await workbench.open('sample.siam.json')
    view = await workbench.view()
    await go(22)
    await until('the same pixels', async () => overlap(await painted(), before) > 0.99)
    expect((await workbench.activeTab()).dirty).toBe(false)
  })
})

function maskOf(document: Awaited<ReturnType<typeof readSidecar>>, frame: number) {
  const entry = document.entry(1, frame)
  return entry && 'mask' in entry ? entry.mask : undefined
}
