/** The canvas in a plain page, under a real pointer: what is on screen, and what is sent for it. */
import sharp from 'sharp'
import { afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { area, type Edit, encodeMask } from '../../model/annotation/index.ts'
import { maskAt } from '../../webview/app/masks/index.ts'
import type { FrameEntries } from '../../webview/protocol/index.ts'
import { StagePage } from './support/stage-page.ts'
import { WebviewPage, type WebviewPageOptions } from './webview-page.ts'
import { type Opened, scene } from './webview-scenes.ts'

const chromium = inject('chromium')
const WIDTH = 640
const HEIGHT = 360
const FRAMES = 60
/** Frame n is grey n x 4, and its only mask is a band from column n x 10 on. */
const LEVEL = 4
const BAND = 10

function band(frame: number) {
  const pixels = new Uint8Array(WIDTH * HEIGHT)
  for (let y = 0; y < HEIGHT; y++) pixels.fill(1, y * WIDTH + frame * BAND, y * WIDTH + (frame + 1) * BAND)
  return encodeMask(pixels, WIDTH, HEIGHT)
}

const entries: FrameEntries[] = Array.from({ length: FRAMES }, (_, frame) => ({
  frame,
  entries: [[1, { state: 'propagated', run: 1, confidence: 0.8, occluded: false, mask: band(frame) }]],
}))

const picture = async (frame: number) => {
  const level = frame * LEVEL
  return sharp({
    create: { width: WIDTH, height: HEIGHT, channels: 3, background: { r: level, g: level, b: level } },
  })
    .png()
    .toBuffer()
}

let view: WebviewPage | undefined
afterEach(async () => {
  await view?.close()
  view = undefined
})

async function open(more: Partial<Opened> = {}, options: WebviewPageOptions = {}): Promise<StagePage> {
  view = await WebviewPage.open({ entries, picture, ...options })
  const opened = scene(FRAMES, 1)
  const frame = more.view?.frame ?? 0
  await view.send({
    ...opened,
    clip: { ...opened.clip, width: WIDTH, height: HEIGHT },
    ...more,
    view: { objectId: 1, ...more.view, frame },
  })
  const stage = new StagePage(view)
  await stage.shows(frame)
  return stage
}

const LABEL = {
  id: 1,
  name: 'koi',
  colour: '#e69f00',
  skeleton: { keypoints: ['nose', 'tail'], edges: [] },
}
const POSED = { id: 1, name: 'Koi', labelId: 1 }

const edits = async (): Promise<{ label: string; edits: readonly Edit[] }[]> => view!.posted('edit')

describe.skipIf(!chromium)('the canvas under a real pointer', () => {
  beforeAll(() => {
    process.env.SIAMMAE_CHROMIUM ??= chromium
  })

  it('never has the marks of one frame over the picture of another, however fast somebody steps', async () => {
    const stage = await open({}, { pictureDelay: 15 })
    await stage.page.evaluate(`(() => {
      window.seen = []
      const picture = document.querySelector('.layer-picture'), fills = document.querySelector('.layer-fills')
      const stage = document.querySelector('.stage')
      requestAnimationFrame(function look() {
        requestAnimationFrame(look)
        const scale = Number(stage.dataset.scale), x = Number(stage.dataset.x), y = Number(stage.dataset.y)
        const row = Math.round(y + 180 * scale)
        const grey = picture.getContext('2d').getImageData(Math.round(x + 320 * scale), row, 1, 1).data
        const line = fills.getContext('2d').getImageData(0, row, fills.width, 1).data
        let first = -1, last = -1
        for (let i = 0; i < fills.width; i++) if (line[4 * i + 3] > 60) { if (first < 0) first = i; last = i }
        const band = first < 0 ? -1 : Math.floor(((first + last) / 2 - x) / scale / ${BAND})
        seen.push([grey[3] === 0 ? -1 : Math.round(grey[0] / ${LEVEL}), band, Number(stage.dataset.frame ?? -1)])
      })
    })()`)
    let frame = 0
    for (let i = 0; i < 60; i++) {
      frame = (frame + [1, 1, 7, -3, 1, 13][i % 6]! + FRAMES) % FRAMES
      await stage.command({ name: 'goToFrame', frame })
      await stage.page.waitForTimeout(12)
    }
    await stage.shows(frame)
    await stage.page.waitForTimeout(100)
    const seen = (await stage.page.evaluate('seen')) as [number, number, number][]
    const shown = seen.filter(([picture]) => picture >= 0)
    expect(shown.filter(([picture, marks, told]) => picture !== marks || picture !== told)).toEqual([])
    expect(new Set(shown.map(([picture]) => picture)).size).toBeGreaterThan(10)
    expect(shown.at(-1)![0]).toBe(frame)
  })

  it('refuses to draw while the frame that is meant is not on screen yet', async () => {
    const stage = await open({ view: { tool: 'brush' } })
    await stage.page.waitForTimeout(300)
    await stage.page.evaluate('window.pictureDelay = 1500')
    await stage.command({ name: 'goToFrame', frame: 50 })
    await stage.stroke([320, 100], [360, 120])
    await stage.page.mouse.up()
    expect(await stage.page.locator('.stage-hint').textContent()).toContain('50')
    expect(await edits()).toEqual([])
    expect(await stage.page.locator('.stage-waiting').count()).toBe(1)
    await stage.shows(50)
    await stage.stroke([320, 100], [360, 120])
    await stage.page.mouse.up()
    expect((await edits())[0]!.edits[0]).toMatchObject({ frame: 50, objectId: 1 })
  })

  it('goes to the frame whose number was typed before the press that leaves the field draws', async () => {
    const stage = await open({ view: { tool: 'brush' } })
    await stage.page.waitForTimeout(300)
    await stage.page.evaluate('window.pictureDelay = 1500')
    await stage.page.locator('.frame-number').click()
    await stage.page.keyboard.type('50')
    await stage.click([320, 100])
    await stage.shows(50)
    expect(await edits()).toEqual([])
    // Nor on a frame whose picture is there at once: nobody has seen it before the press.
    await stage.page.evaluate('window.pictureDelay = 0')
    await stage.command({ name: 'goToFrame', frame: 49 })
    await stage.shows(49)
    await stage.page.locator('.frame-number').click()
    await stage.page.keyboard.type('50')
    await stage.click([320, 100])
    await stage.shows(50)
    await stage.page.waitForTimeout(100)
    expect(await edits()).toEqual([])
    // The canvas has the focus as after any other press: without its ring.
    expect(await stage.page.evaluate("document.activeElement.matches('.stage:not(:focus-visible)')")).toBe(
      true,
    )
  })

  it('gives up what waits for an object when none is made, whatever object comes later', async () => {
    const stage = await open({ objects: [], lanes: [], view: { tool: 'brush' } })
    const asked = async () => (await view!.posted('execute')).map(({ args }) => args[0])
    const object = { id: 1, name: 'Koi', labelId: 1 }
    const catalogue = { type: 'catalogue', labels: scene(1, 0).labels, objects: [object] } as const
    await stage.click([300, 200])
    await expect.poll(asked).toHaveLength(1)
    await stage.click([400, 200])
    await expect.poll(asked).toHaveLength(2)
    const [first, second] = (await asked()) as [number, number]
    const painted = async () => [
      (await stage.pixel('fills', [300, 200]))[3]! > 60,
      (await stage.pixel('fills', [400, 200]))[3]! > 60,
    ]
    // The person left the first question by drawing on: the answer to it says nothing about the second.
    await stage.command({ name: 'noNewObject', request: first })
    expect(await painted()).toEqual([true, true])
    await stage.command({ name: 'noNewObject', request: second })
    expect(await painted()).toEqual([false, false])
    expect(await stage.page.locator('.stage-hint').textContent()).toContain('gone')
    await view!.send(catalogue)
    await stage.page.waitForTimeout(100)
    expect(await edits()).toEqual([])
  })

  it('keeps all that is drawn before there is an object, whatever becomes of the box that asks', async () => {
    const stage = await open({ objects: [], lanes: [], view: { tool: 'brush' } })
    const asked = async () => (await view!.posted('execute')).map(({ args }) => args[0] as number)
    await stage.click([300, 200])
    await expect.poll(asked).toHaveLength(1)
    // The press of the next stroke takes the focus from the box, which closes.
    await stage.stroke([380, 200], [420, 200])
    await stage.command({ name: 'noNewObject', request: (await asked())[0]! })
    await stage.page.keyboard.press('Escape')
    await stage.command({ name: 'giveUp' })
    await stage.page.mouse.up()
    await expect.poll(asked).toHaveLength(2)
    expect((await stage.pixel('fills', [400, 200]))[3]).toBe(0)
    await stage.click([500, 200])
    await expect.poll(asked).toHaveLength(3)
    await view!.send({ type: 'catalogue', labels: scene(1, 0).labels, objects: [POSED] })
    await expect.poll(async () => (await edits()).length).toBe(2)
    const [edit] = (await edits())[1]!.edits
    if (edit?.kind !== 'setEntry' || edit.entry?.state !== 'keyframe') throw new Error('no keyframe was sent')
    const mask = { ...edit.entry.mask!, counts: Uint32Array.from(Object.values(edit.entry.mask!.counts)) }
    expect([300, 400, 500].map((x) => maskAt(mask, x, 200))).toEqual([true, false, true])
  })

  it('draws with one finger, and leaves nothing behind when two zoom', async () => {
    const stage = await open({ labels: [LABEL], objects: [POSED], lanes: [], view: { tool: 'keypoints' } })
    const before = await stage.placement()
    await stage.fingers(
      [
        [280, 180],
        [360, 180],
      ],
      [
        [200, 180],
        [440, 180],
      ],
    )
    expect((await stage.placement()).scale).toBeGreaterThan(before.scale * 2)
    await stage.command({ name: 'finish' })
    await stage.command({ name: 'fit' })
    expect(await edits()).toEqual([])
    await stage.fingers([[280, 180]], [[281, 180]])
    await stage.command({ name: 'finish' })
    await expect.poll(async () => (await edits()).length).toBe(1)
  })

  it('gives up what waits for an object when its frame is left, and says so', async () => {
    const stage = await open({ objects: [], lanes: [], view: { tool: 'keypoints' } })
    await stage.click([300, 200])
    await expect.poll(async () => (await view!.posted('execute')).length).toBe(1)
    await stage.command({ name: 'goToFrame', frame: 7 })
    await stage.shows(7)
    expect(await stage.page.locator('.stage-hint').textContent()).toContain('0')
    await view!.send({ type: 'catalogue', labels: [LABEL], objects: [POSED] })
    await stage.page.waitForTimeout(100)
    expect(await edits()).toEqual([])
    expect((await stage.pixel('lines', [300, 200]))[3]).toBe(0)
  })

  it('has unfinished polygons and skeletons again after it was hidden', async () => {
    const opened = { labels: [LABEL], objects: [POSED], lanes: [] }
    let stage = await open({ ...opened, view: { tool: 'polygon', frame: 3 } })
    const corners = [
      [200, 100],
      [400, 100],
      [400, 300],
    ] as const
    for (const corner of corners) await stage.click(corner)
    await stage.command({ name: 'tool', tool: 'keypoints' })
    await stage.click([300, 200])
    await stage.page.waitForTimeout(300)
    const kept = (await stage.page.evaluate('kept')) as Record<string, unknown>
    await view!.close()
    stage = await open({ ...opened, view: { tool: 'keypoints', frame: 3 } }, { kept, entries: [] })
    expect((await stage.pixel('lines', [300, 200]))[3]).toBeGreaterThan(200)
    await stage.click([350, 250])
    await expect.poll(async () => (await edits()).map(({ label }) => label)).toEqual(['Place keypoints'])
    await stage.command({ name: 'tool', tool: 'polygon' })
    await stage.command({ name: 'finish' })
    await expect.poll(async () => (await edits()).at(-1)?.label).toBe('Add polygon')
    expect((await stage.pixel('fills', [380, 150]))[3]).toBeGreaterThan(60)
  })

  it('draws where the pointer is, at once, and what was drawn stays until the host has answered', async () => {
    const stage = await open({ view: { tool: 'brush', frame: 3 } })
    await stage.page.evaluate('window.editDelay = 700')
    expect((await stage.pixel('fills', [300, 200]))[3]).toBe(0)
    await stage.stroke([200, 200], [400, 200])
    expect((await stage.pixel('fills', [300, 200]))[3]).toBeGreaterThan(100)
    await stage.page.mouse.up()
    for (let i = 0; i < 12; i++) {
      expect((await stage.pixel('fills', [300, 200]))[3]).toBeGreaterThan(100)
      await stage.page.waitForTimeout(80)
    }
    const sent = await edits()
    expect(sent).toHaveLength(1)
    const [edit] = sent[0]!.edits
    if (edit?.kind !== 'setEntry' || edit.entry?.state !== 'keyframe') throw new Error('no keyframe was sent')
    const mask = { ...edit.entry.mask!, counts: Uint32Array.from(Object.values(edit.entry.mask!.counts)) }
    // A brush of 24 pixels on a way of 200, its two halves of a disc, and the band that was there.
    expect(Math.abs(area(mask) - (24 * 200 + Math.PI * 144 + BAND * HEIGHT))).toBeLessThan(150)
    expect([maskAt(mask, 300, 209), maskAt(mask, 300, 215), maskAt(mask, 35, 20)]).toEqual([
      true,
      false,
      true,
    ])
  })

  it('takes back what the host refuses, and says why', async () => {
    const stage = await open({ view: { tool: 'brush', frame: 3 } })
    await stage.page.evaluate("window.refusal = 'The document is read-only; save it under another name.'")
    await stage.stroke([200, 200], [400, 200])
    await stage.page.mouse.up()
    await stage.page.locator('.notice', { hasText: 'read-only' }).waitFor()
    expect((await stage.pixel('fills', [300, 200]))[3]).toBe(0)
    expect((await stage.pixel('fills', [35, 200]))[3]).toBeGreaterThan(100)
  })

  /** Drags the picture by 60, -30 with Space held; where it was, and where on the screen the drag began. */
  async function expectMovedWithSpace(stage: StagePage) {
    await stage.move([320, 180])
    await stage.page.keyboard.down('Space')
    const before = await stage.placement()
    const [x, y] = await stage.at([320, 180])
    await stage.page.mouse.down()
    await stage.page.mouse.move(x + 60, y - 30, { steps: 5 })
    await stage.page.mouse.up()
    await stage.page.keyboard.up('Space')
    const moved = await stage.placement()
    expect([moved.left - before.left, moved.top - before.top]).toEqual([60, -30])
    return { before, x, y }
  }

  it('moves with Space held, zooms where the pointer is, and both draw nothing', async () => {
    const stage = await open({ view: { tool: 'brush' } })
    const { before, x, y } = await expectMovedWithSpace(stage)
    await stage.page.mouse.wheel(0, -400)
    await expect.poll(async () => (await stage.placement()).scale).toBeGreaterThan(before.scale * 1.5)
    const now = await stage.at([320, 180])
    expect(Math.hypot(now[0] - (x + 60), now[1] - (y - 30))).toBeLessThan(2)
    expect(await edits()).toEqual([])
  })

  it('moves with Space held also after a press on the timeline, and neither draws nor plays', async () => {
    const stage = await open({ view: { tool: 'brush' } })
    await stage.page.evaluate("window.heard = []; addEventListener('keydown', ({ key }) => heard.push(key))")
    await stage.page.locator('.track').click({ position: { x: 5, y: 10 } })
    await expectMovedWithSpace(stage)
    expect(await edits()).toEqual([])
    expect(await stage.page.evaluate('heard')).toEqual([])
    await stage.page.keyboard.press('Space')
    expect(await stage.page.evaluate('heard')).toEqual([' '])
  })

  it('gives Space on its own back to whatever it is bound to', async () => {
    const stage = await open({ view: { tool: 'brush' } })
    await stage.page.evaluate(
      "window.keys = []; window.addEventListener('keydown', ({ code, keyCode }) => keys.push([code, keyCode]))",
    )
    await stage.move([320, 180])
    await stage.page.keyboard.press('Space')
    expect(await stage.page.evaluate('keys')).toEqual([['Space', 32]])
  })

  it('can be drawn on by keyboard alone', async () => {
    const stage = await open({ view: { tool: 'brush', frame: 3 } })
    await stage.page.focus('.stage')
    await stage.page.keyboard.press('Control+Enter')
    for (let i = 0; i < 5; i++) await stage.page.keyboard.press('Control+Shift+ArrowRight')
    await stage.page.keyboard.press('Control+Enter')
    await expect.poll(async () => (await edits()).length).toBe(1)
    expect((await stage.pixel('fills', [345, 180]))[3]).toBeGreaterThan(100)
    expect((await stage.pixel('fills', [390, 180]))[3]).toBe(0)
  })

  it('keeps what was drawn by keyboard when the mouse is moved or pressed', async () => {
    const stage = await open({ view: { tool: 'brush', frame: 3 } })
    await stage.move([100, 100])
    await stage.page.focus('.stage')
    const stroke = async () => {
      await stage.page.keyboard.press('Control+Enter')
      for (let i = 0; i < 5; i++) await stage.page.keyboard.press('Control+Shift+ArrowRight')
    }
    await stroke()
    await stage.move([102, 100])
    await expect.poll(async () => (await edits()).length).toBe(1)
    await stroke()
    await stage.page.mouse.down()
    await stage.page.mouse.up()
    await expect.poll(async () => (await edits()).length).toBe(2)
    expect((await stage.pixel('fills', [345, 180]))[3]).toBeGreaterThan(100)
    expect((await stage.pixel('fills', [102, 100]))[3]).toBeGreaterThan(100)
  })

  it('stops playing where the keyboard presses, and keeps its pointer in sight', async () => {
    const stage = await open({ view: { tool: 'select' } })
    await stage.page.focus('.stage')
    await stage.command({ name: 'togglePlay' })
    await stage.page.keyboard.press('Control+Enter')
    await expect.poll(async () => (await view!.posted('view')).at(-1)?.view.playing).toBe(false)
    for (let i = 0; i < 6; i++) await stage.command({ name: 'zoomIn' })
    const before = await stage.placement()
    for (let i = 0; i < 20; i++) await stage.page.keyboard.press('Control+Shift+ArrowRight')
    const after = await stage.placement()
    const box = (await stage.page.locator('.stage').boundingBox())!
    const [x] = await stage.at([520, 180])
    expect(x).toBeGreaterThan(box.x + box.width * 0.9)
    expect(x).toBeLessThan(box.x + box.width)
    expect(after.top).toBe(before.top)
  })

  it('reads out where the clip stopped, and what is on the frame', async () => {
    const stage = await open({ view: { frame: 3 } }, { pictureDelay: 500 })
    const said = () => stage.page.locator('.stage-announcement').textContent()
    await expect.poll(said).toContain('3')
    await stage.command({ name: 'togglePlay' })
    await expect.poll(said).toBe('')
    await stage.page.waitForFunction("Number(document.querySelector('.stage').dataset.frame) > 3")
    // Between two frames: nothing about the one on screen changes any more.
    await stage.page.waitForTimeout(150)
    await stage.command({ name: 'togglePlay' })
    const frame = await stage.page.locator('.stage').getAttribute('data-frame')
    await expect.poll(said).toContain(frame)
    expect(await said()).toBe(await stage.page.locator('.stage').getAttribute('aria-label'))
  })

  it('plays no faster than the clip and stops at its end', async () => {
    const stage = await open({ view: { frame: 30 } })
    await stage.page.waitForTimeout(500)
    const start = Date.now()
    await stage.command({ name: 'togglePlay' })
    await stage.shows(FRAMES - 1)
    const took = Date.now() - start
    console.log(`30 frames of a clip of 29.97 per second were played in ${took} ms`)
    // Never faster than the clip; a machine that is busy may make it slower (test/unit/webview/stage/pace.test.ts).
    expect(took).toBeGreaterThan(950)
    await expect.poll(async () => (await view!.posted('view')).at(-1)?.view.playing).toBe(false)
  })
})
