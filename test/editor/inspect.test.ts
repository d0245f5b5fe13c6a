/** The inspector in a plain page, under a real pointer, with the model process looking at the sample clip. */
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { writeSidecar } from '../../model/formats/index.ts'
import type { InspectionAnswer, InspectionWish } from '../../webview/protocol/index.ts'
import type { AnnotatorView } from './driver/view.ts'
import { sampleDocument } from './support/documents.ts'
import { type Inspector, startInspector } from './support/inspector.ts'
import { type Koi, koi } from './support/koi.ts'
import { StagePage } from './support/stage-page.ts'
import { editorSuite } from './support/suite.ts'
import { truth, WIDTH } from './support/truth.ts'
import { until } from './support/until.ts'
import { WebviewPage } from './webview-page.ts'
import { type Opened, runningRun } from './webview-scenes.ts'

const chromium = inject('chromium')
/** Between the eyes of the white koi on frame 0. */
const HEAD = [199, 215] as const
/** As people have it, and the marks as outlines. */
const INSPECTED = { 'siammae.networkSize': 480, 'siammae.maskStyle': 'both', 'siammae.maskOpacity': 0.5 }

async function prepare(folder: string): Promise<void> {
  await writeSidecar(
    join(folder, 'sample.siam.json'),
    await sampleDocument('sample.mp4', [0, 10], { object: 1 }),
  )
}

/** How much the colours cover the picture: the setting's default, as a byte. */
const COVER = Math.round(0.6 * 255)

describe.skipIf(!chromium)('the inspector', () => {
  let clip: Koi
  let inspector: Inspector
  let view: WebviewPage | undefined

  beforeAll(async () => {
    clip = await koi(true)
    inspector = await startInspector(480)
  })
  afterAll(async () => {
    await inspector?.stop()
    await WebviewPage.closeBrowser()
  })
  afterEach(async () => {
    await view?.close()
    view = undefined
  })

  async function open(
    more: Partial<Opened> = {},
    inspect: (wish: InspectionWish) => Promise<InspectionAnswer> = inspector.answer,
  ): Promise<StagePage> {
    view = await WebviewPage.open({ entries: clip.entries, picture: clip.picture, inspect })
    await view.send({ ...clip.opened, ...more, view: { frame: 0, tool: 'inspect', ...more.view } })
    const stage = new StagePage(view)
    await stage.shows(0)
    return stage
  }

  const wishes = async () => (await view!.posted('inspect')).map(({ wish }) => wish)
  const holds = (condition: string) => view!.page.waitForFunction(condition, undefined, { timeout: 120_000 })
  const matches = "[...document.querySelectorAll('.inspect-matches li')].map((one) => one.textContent)"
  const found = (count = 7) => holds(`${matches}.length === ${count}`)

  it('follows the pointer with matches in the other frame, and says the best one', async () => {
    const stage = await open()
    await stage.move(HEAD)
    await found()
    // The next keyframe of the clip.
    const asked = (await wishes()).at(-1)
    expect(asked).toMatchObject({ kind: 'correspondence', reference: 0, frame: 10, topK: 7 })
    await holds("document.querySelector('.inspect-panel .stage-announcement').textContent !== ''")
    const said = await stage.page.locator('.inspect-panel .stage-announcement').textContent()
    expect(said).toMatch(/^Best match in frame 10 at \d+, \d+: similarity 0\.\d\d$/)

    const before = await stage.page.evaluate(matches)
    await stage.move([420, 80])
    await holds(`${matches}.length === 7 && ${matches}.join() !== ${JSON.stringify(String(before))}`)
    expect(await view!.posted('edit')).toEqual([])
  })

  it('asks for a patch once, however the pointer moves in it', async () => {
    const stage = await open()
    await stage.move(HEAD)
    await found()
    await holds("document.querySelector('.inspect-looking.idle') !== null")
    const before = (await wishes()).length
    // A patch has 6 pixels of the video; these lie in the same one as the head.
    for (const x of [198.2, 198.8, 200.1, 199.4]) await stage.move([x, 215])
    await stage.move([420, 80], 1)
    await holds(`posted.filter((one) => one.type === 'inspect').length > ${before}`)
    expect(new Set((await wishes()).slice(0, before + 1).map((wish) => JSON.stringify(wish))).size).toBe(
      (await wishes()).slice(0, before + 1).length,
    )
  })

  it('holds a patch with a click, shows it over each frame that is stepped to, and lets go with Escape', async () => {
    const stage = await open()
    await stage.click(HEAD)
    await stage.command({ name: 'goToFrame', frame: 5 })
    await stage.shows(5)
    await found()
    expect((await wishes()).at(-1)).toMatchObject({ reference: 0, frame: 5 })
    const corner = [3, 355] as const
    const shown = (await stage.pixel('tool', corner))[3]!
    expect(Math.abs(shown - COVER)).toBeLessThanOrEqual(1)
    // Nothing of the masks' colour lies beneath it.
    const mask = await truth(5, 2)
    const inside = mask.findIndex((pixel, at) => pixel === 1 && mask[at + 4 * WIDTH] === 1)
    const place = [(inside % WIDTH) + 0.5, Math.floor(inside / WIDTH) + 2.5] as const
    expect((await stage.pixel('fills', place))[3]).toBe(0)
    const [best] = (await stage.page.evaluate(matches)) as string[]
    const [, x, y] = /^0\.\d{3}(\d+), (\d+)$/.exec(best!)!
    expect((await truth(5, 1))[Number(y) * WIDTH + Number(x)]).toBe(1)

    await stage.command({ name: 'giveUp' })
    await holds("document.querySelector('.inspect-matches') === null")
    expect((await stage.pixel('tool', corner))[3]).toBe(0)
    await stage.command({ name: 'giveUp' })
    await holds("document.querySelector('.inspect-panel') === null")
    await holds("document.querySelector('[data-tool=select]').getAttribute('aria-checked') === 'true'")
    expect((await stage.pixel('fills', place))[3]).toBeGreaterThan(0)
    expect(await view!.posted('edit')).toEqual([])
  })

  it('is worked by the keyboard from patch to patch, and leaves the arrows to the frames', async () => {
    const stage = await open()
    await stage.move(HEAD)
    await found()
    await stage.page.focus('.stage')
    await stage.page.keyboard.press('Control+ArrowRight')
    await stage.page.keyboard.press('Control+ArrowRight')
    await stage.page.keyboard.press('Control+Enter')
    await holds("document.querySelector('.codicon-pinned') !== null")
    await holds("document.querySelector('.inspect-looking.idle') !== null")
    const asked = (await wishes()).at(-1)
    if (asked?.kind !== 'correspondence') throw new Error('No patch was asked for.')
    // Two patches right of the middle, where the keyboard's pointer begins.
    expect(asked.x).toBeCloseTo(WIDTH / 2 + (2 * WIDTH) / 107, 0)
    expect(asked).toMatchObject({ reference: 0, frame: 0 })
    const kept = await stage.page.evaluate(`new Promise((done) => {
      window.addEventListener('keydown', (event) => done(event.defaultPrevented), { once: true })
      document.querySelector('.stage').dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true, cancelable: true }))
    })`)
    expect(kept).toBe(false)
  })

  it('shows attention head by head, chosen by pointer or keys', async () => {
    const stage = await open()
    await stage.command({ name: 'inspect', what: 'attention' })
    await holds("document.querySelectorAll('.inspect-head').length > 2")
    expect((await wishes()).at(-1)).toEqual({ kind: 'attention', frame: 0 })
    const chosen =
      "[...document.querySelectorAll('.inspect-head')].findIndex((one) => one.ariaChecked === 'true')"
    expect(await stage.page.evaluate(chosen)).toBe(0)
    const spot = [600, 300] as const
    const mean = await stage.pixel('tool', spot)
    expect(Math.abs(mean[3]! - COVER)).toBeLessThanOrEqual(1)
    await stage.page.locator('.inspect-head').nth(0).focus()
    await stage.page.keyboard.press('ArrowRight')
    await holds(`${chosen} === 1`)
    expect(await stage.pixel('tool', spot)).not.toEqual(mean)
    // Another frame has another map.
    await stage.command({ name: 'goToFrame', frame: 3 })
    await holds("posted.some((one) => one.type === 'inspect' && one.wish?.frame === 3)")
    expect(await view!.posted('edit')).toEqual([])
  })

  it('says in a sentence why nothing can be looked at, asks nothing then, and goes on when it can', async () => {
    const problem = () => view!.page.locator('.inspect-problem').textContent()
    const stage = await open({ trusted: false })
    await stage.move(HEAD)
    expect(await problem()).toBe('Models do not run in a workspace that is not trusted.')
    await view!.send({ type: 'run', run: runningRun(40) }, { type: 'trusted' })
    await holds("document.querySelector('.inspect-problem')?.textContent.startsWith('A propagation')")
    await stage.move([300, 100])
    expect(await wishes()).toEqual([])
    await view!.send({ type: 'run', run: undefined })
    await found()
    expect(await view!.page.locator('.inspect-problem').count()).toBe(0)
  })

  it('says what the host refuses, and that one frame is not enough', async () => {
    const refuse = async () => ({ kind: 'refused', message: 'The model x.safetensors is damaged.' }) as const
    let stage = await open({}, refuse)
    await stage.move(HEAD)
    await holds("document.querySelector('.inspect-problem') !== null")
    expect(await stage.page.locator('.inspect-problem').textContent()).toBe(
      'The model x.safetensors is damaged.',
    )
    // Asked once, not again and again.
    expect(await wishes()).toHaveLength(1)
    await view!.close()
    const { clip: facts, lanes } = clip.opened
    stage = await open({
      clip: { ...facts, frameCount: 1, times: facts.times.slice(0, 1) },
      lanes: lanes.map((lane) => ({ ...lane, codes: lane.codes.slice(0, 1) })),
    })
    expect(await stage.page.locator('.inspect-problem').textContent()).toBe(
      'This clip has one frame only, so there is no other frame to look in.',
    )
    expect(await wishes()).toEqual([])
  })

  it('tells the host when nothing is wanted any more', async () => {
    const stage = await open({}, () => new Promise(() => {}))
    await stage.move(HEAD)
    await holds("posted.some((one) => one.type === 'inspect')")
    await stage.command({ name: 'tool', tool: 'brush' })
    await holds("posted.filter((one) => one.type === 'inspect').length === 2")
    expect((await wishes()).map((wish) => wish?.kind)).toEqual(['correspondence', undefined])
  })

  it('draws a new map at once when the numbers are there', async () => {
    const stage = await open()
    await stage.move(HEAD)
    await found()
    const times: number[] = []
    for (let i = 0; i < 15; i++) {
      const [x, y] = await stage.at([40 + 38 * i, 40 + 19 * i])
      // From the numbers' arrival to the changed list, which is drawn in the same turn as the map.
      const time = await stage.page.evaluate(`new Promise((done) => {
        const before = ${matches}.join()
        const end = () => done(performance.now() - window.answeredAt)
        const look = () => (${matches}.join() !== before ? end() : setTimeout(look, 1))
        document.querySelector('.stage').dispatchEvent(new PointerEvent('pointermove', { clientX: ${x}, clientY: ${y}, bubbles: true }))
        look()
      })`)
      times.push(Number(time))
    }
    times.sort((a, b) => a - b)
    console.log(
      `the view's own part of a new heat map: ${times[7]!.toFixed(0)} ms, worst ${times[14]!.toFixed(0)} ms`,
    )
    expect(times[7]).toBeLessThan(60)
  })
})

editorSuite('the inspector in VS Code', { settings: INSPECTED, prepare }, (place) => {
  let view: AnnotatorView
  const matches = async () => (await view.frame.locator('.inspect-matches li').allTextContents()).join()

  it('follows the pointer, at a speed that is printed', async () => {
    const { workbench } = place()
    await workbench.open('sample.siam.json')
    view = await workbench.view()
    await workbench.command('SiamMAE: Inspect Correspondence')
    await view.frame.locator('.inspect-panel').waitFor()
    await view.move({ x: HEAD[0], y: HEAD[1] })
    await until('matches', async () => (await matches()) !== '', 120)
    await workbench.screenshot('inspect-pointing')
    const times: number[] = []
    for (let i = 0; i < 25; i++) {
      const { left, top, scale } = await view.placement()
      const frame = await view.frame.frameElement()
      const box = (await frame.boundingBox())!
      const [x, y] = [left - box.x + (30 + 23 * i) * scale, top - box.y + (30 + 12 * i) * scale]
      const time = await view.frame.evaluate(`new Promise((done) => {
        const matches = () => [...document.querySelectorAll('.inspect-matches li')].map((one) => one.textContent).join()
        const before = matches(), start = performance.now()
        const look = () => (matches() !== before ? done(performance.now() - start) : setTimeout(look, 1))
        document.querySelector('.stage').dispatchEvent(
          new PointerEvent('pointermove', { clientX: ${x}, clientY: ${y}, bubbles: true }))
        look()
      })`)
      times.push(Number(time))
    }
    times.sort((a, b) => a - b)
    const [median, worst] = [times[12]!, times[24]!]
    console.log(`a new heat map after ${median.toFixed(0)} ms, worst of 25 ${worst.toFixed(0)} ms`)
  })

  it('shows a held patch over the frames that are stepped to, and writes nothing', async () => {
    const { workbench } = place()
    await view.click({ x: HEAD[0], y: HEAD[1] })
    await view.frame.locator('.codicon-pinned').waitFor()
    await view.key('ArrowRight')
    await view.waitForFrame(1)
    await until('matches on frame 1', async () => (await matches()) !== '', 120)
    await workbench.screenshot('inspect-pinned')
    await view.key('Escape')
    await until('the patch to be let go', async () => (await view.frame.$('.codicon-pinned')) === null)
    await view.key('Escape')
    await until('the panel to go', async () => (await view.frame.$('.inspect-panel')) === null)
    expect((await workbench.activeTab()).dirty).toBe(false)
  })

  it('shows what [CLS] looks at', async () => {
    const { workbench } = place()
    await workbench.command('SiamMAE: Inspect Attention of [CLS]')
    await view.frame.locator('.inspect-head').nth(1).click({ timeout: 120_000 })
    await view.frame.locator('.inspect-head').nth(1).and(view.frame.locator('[aria-checked=true]')).waitFor()
    await workbench.screenshot('inspect-attention')
    expect((await workbench.activeTab()).dirty).toBe(false)
  })
})
