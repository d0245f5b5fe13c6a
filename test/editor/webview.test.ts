/** The built webview in a plain page, with a real pointer and keyboard. What a host would say is said by the test. */
import sharp from 'sharp'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { WebviewPage, type WebviewPageOptions } from './webview-page.ts'
import { type Opened, scene } from './webview-scenes.ts'

const chromium = inject('chromium')
let view: WebviewPage | undefined

async function open(opened: Opened, options: WebviewPageOptions = {}): Promise<WebviewPage> {
  view = await WebviewPage.open(options)
  await view.send(opened)
  await view.page.locator('.track').waitFor()
  // The size of the timeline is measured after its first layout.
  await view.page.waitForTimeout(100)
  return view
}

const frameShown = (page: WebviewPage) =>
  page.page.locator('.track').getAttribute('aria-valuenow').then(Number)

afterEach(async () => {
  await view?.close()
  view = undefined
})
afterAll(() => WebviewPage.closeBrowser())

describe.skipIf(!chromium)('timeline under a real pointer', () => {
  beforeAll(() => {
    process.env.SIAMMAE_CHROMIUM ??= chromium
  })

  it('scrubs, chooses the lane, and says where it stands', async () => {
    const { page } = await open(scene(100, 3))
    const box = (await page.locator('.track').boundingBox())!
    await page.mouse.move(box.x + box.width * 0.2, box.y + 10)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.705, box.y + 10, { steps: 5 })
    await page.mouse.up()
    expect(await frameShown(view!)).toBe(70)
    await page.mouse.click(box.x + box.width * 0.305, box.y + 32 + 24 + 12)
    expect(await page.locator('.track').getAttribute('aria-valuetext')).toBe('frame 30 of 99, 1.00 s')
    await expect
      .poll(async () => (await view!.posted('view')).at(-1)?.view)
      .toMatchObject({ frame: 30, objectId: 2 })
  })

  it('chooses a range with shift, and moves its ends', async () => {
    const { page } = await open(scene(100, 3))
    const box = (await page.locator('.track').boundingBox())!
    const at = (frame: number) => box.x + (box.width * frame) / 100
    await page.keyboard.down('Shift')
    await page.mouse.move(at(20.5), box.y + 10)
    await page.mouse.down()
    await page.mouse.move(at(50.5), box.y + 10, { steps: 4 })
    await page.mouse.up()
    await page.keyboard.up('Shift')
    await expect.poll(() => page.locator('.range-text').textContent()).toBe('20 – 50')
    await page.mouse.move(at(51), box.y + 10)
    await page.mouse.down()
    await page.mouse.move(at(61), box.y + 10, { steps: 4 })
    await page.mouse.up()
    expect(await page.locator('.range-text').textContent()).toBe('20 – 60')
    // A press beside an end takes hold of it, and changes nothing until the pointer moves.
    for (const x of [at(20) - 4, at(20) + 4, at(61) - 4, at(61) + 4]) {
      await page.mouse.click(x, box.y + 10)
      expect(await page.locator('.range-text').textContent()).toBe('20 – 60')
    }
    await page.mouse.move(at(20) - 4, box.y + 10)
    await page.mouse.down()
    await page.mouse.move(at(30) - 4, box.y + 10, { steps: 4 })
    await page.mouse.up()
    expect(await page.locator('.range-text').textContent()).toBe('30 – 60')
  })

  it('zooms at the pointer and pans, and shows the whole clip again', async () => {
    const { page } = await open(scene(10_000, 2))
    const box = (await page.locator('.track').boundingBox())!
    const x = box.x + box.width / 4
    await page.mouse.click(x, box.y + 10)
    const before = await frameShown(view!)
    await page.keyboard.down('Control')
    for (let turn = 0; turn < 8; turn++) await page.mouse.wheel(0, -300)
    await page.keyboard.up('Control')
    await page.locator('.timeline-thumb').waitFor()
    await page.mouse.click(x, box.y + 10)
    expect(Math.abs((await frameShown(view!)) - before)).toBeLessThanOrEqual(1)
    await page.mouse.wheel(600, 0)
    await page.waitForTimeout(50)
    await page.mouse.click(x, box.y + 10)
    expect(await frameShown(view!)).toBeGreaterThan(before + 5)
    await page.getByRole('button', { name: 'Show the Whole Clip' }).click()
    await expect.poll(() => page.locator('.timeline-thumb').count()).toBe(0)
  })

  it('keeps lanes beside their objects when the document is read again', async () => {
    const opened = await open(scene(100, 20))
    const { page } = opened
    await page.evaluate("document.querySelector('.timeline-scroll').scrollTop = 96")
    await page.waitForTimeout(50)
    await opened.send({ type: 'opening', done: 0, total: undefined })
    await page.locator('.opening').waitFor()
    await opened.send(scene(100, 20))
    await page.locator('.track').waitFor()
    await page.waitForTimeout(100)
    const track = (await page.locator('.track').boundingBox())!
    const header = (await page.locator('.lane-header').first().boundingBox())!
    await page.mouse.click(track.x + track.width / 2, header.y + header.height / 2)
    expect(await frameShown(opened)).toBe(50)
    expect(await page.locator('.lane-header.current').getAttribute('data-object-id')).toBe('1')
  })

  it('shows the lane of an object that is chosen elsewhere, and moves none under the pointer', async () => {
    const opened = await open(scene(100, 20))
    const { page } = opened
    const scroller = (await page.locator('.timeline-scroll').boundingBox())!
    for (const objectId of [20, 9, 1]) {
      await opened.send({ type: 'command', command: { name: 'selectObject', objectId } })
      const current = page.locator(`.lane-header.current[data-object-id="${objectId}"]`)
      const lane = (await current.boundingBox())!
      expect(lane.y, `object ${objectId}`).toBeGreaterThanOrEqual(scroller.y + 32)
      expect(lane.y + lane.height, `object ${objectId}`).toBeLessThanOrEqual(scroller.y + scroller.height)
    }
    await page.evaluate("document.querySelector('.timeline-scroll').scrollTop = 12")
    await page.waitForTimeout(50)
    const cut = (await page.locator('[data-object-id="7"]').boundingBox())!
    expect(cut.y + cut.height).toBeGreaterThan(scroller.y + scroller.height)
    for (const x of [scroller.x + 4, scroller.x + scroller.width / 2]) {
      await opened.send({ type: 'command', command: { name: 'selectObject', objectId: 3 } })
      await page.mouse.click(x, cut.y + 4)
      await page.locator('.lane-header.current[data-object-id="7"]').waitFor()
      expect(await page.evaluate("document.querySelector('.timeline-scroll').scrollTop")).toBe(12)
    }
  })

  it('tells what lies under a pointer that rests, wholly in sight, and nothing once it has left', async () => {
    const { page } = await open(scene(100, 3))
    const box = (await page.locator('.track').boundingBox())!
    const x = box.x + box.width * 0.3
    for (const y of [10, 40, 92]) {
      await page.mouse.move(x, box.y + y)
      const text = (await page.locator('.hover-text').boundingBox())!
      expect(text.y, `at ${y}`).toBeGreaterThanOrEqual(box.y)
      expect(text.y + text.height, `at ${y}`).toBeLessThanOrEqual(box.y + box.height)
    }
    await page.mouse.move(x, box.y + 10)
    await page.mouse.move(x, box.y - 100)
    await page.waitForTimeout(500)
    expect(await page.locator('.hover-text').count()).toBe(0)
  })

  it('is moved by the keyboard while it has the focus', async () => {
    const { page } = await open(scene(100, 3))
    await page.locator('.track').focus()
    for (const key of ['ArrowRight', 'ArrowRight', 'PageDown', 'Shift+ArrowRight', 'ArrowLeft'])
      await page.keyboard.press(key)
    expect(await frameShown(view!)).toBe(21)
    await page.keyboard.press('End')
    expect(await frameShown(view!)).toBe(99)
    await page.keyboard.press('ArrowDown')
    expect(await page.locator('.lane-header.current').getAttribute('data-object-id')).toBe('2')
  })
})

describe.skipIf(!chromium)('keys and messages', () => {
  it('typed into a field stay there, others go on to VS Code', async () => {
    const { page } = await open(scene(100, 3))
    // The window is where VS Code listens for keys.
    await page.evaluate("window.heard = []; addEventListener('keydown', (event) => heard.push(event.key))")
    await page.locator('.frame-number').click()
    await page.keyboard.type('42')
    await page.keyboard.press('Enter')
    expect(await frameShown(view!)).toBe(42)
    await page.locator('.frame-number').click()
    await page.keyboard.type('7')
    await page.keyboard.press('Escape')
    expect(await frameShown(view!)).toBe(42)
    await page.locator('.track').focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('b')
    expect(await page.evaluate('heard')).toEqual(['b'])
    // A button that was pressed with the pointer does not keep the keys; one that was reached by keyboard does.
    await page.getByRole('button', { name: 'Toggle Loop' }).click()
    await page.keyboard.press('Space')
    expect(await page.evaluate('heard')).toEqual(['b', ' '])
    await page.locator('[data-object-id="2"]').hover()
    await page.getByRole('button', { name: 'Hide Left shoe' }).click()
    await page.keyboard.press('Space')
    expect(await page.evaluate('heard')).toEqual(['b', ' ', ' '])
    expect(await page.getByRole('button', { name: 'Hide Left shoe' }).getAttribute('aria-pressed')).toBe(
      'true',
    )
    // The row is not chosen by its eye.
    expect(await page.locator('.lane-header.current').getAttribute('data-object-id')).toBe('1')
    await page.getByRole('button', { name: 'Toggle Loop' }).focus()
    await page.keyboard.press('Space')
    expect(await page.evaluate('heard')).toEqual(['b', ' ', ' '])
    expect(await page.getByRole('button', { name: 'Toggle Loop' }).getAttribute('aria-pressed')).toBe('false')
  })

  it('go on to VS Code after the timeline’s height was dragged or a menu was used with the pointer', async () => {
    const { page } = await open(scene(100, 3))
    await page.evaluate("window.heard = []; addEventListener('keydown', (event) => heard.push(event.key))")
    const edge = (await page.locator('.splitter').boundingBox())!
    await page.mouse.move(edge.x + 300, edge.y + 3)
    await page.mouse.down()
    await page.mouse.move(edge.x + 300, edge.y - 37, { steps: 4 })
    await page.mouse.up()
    for (const key of ['ArrowLeft', 'ArrowUp']) await page.keyboard.press(key)
    expect(await page.evaluate('heard.splice(0)')).toEqual(['ArrowLeft', 'ArrowUp'])
    const more = page.getByRole('button', { name: 'More for Dancer' })
    const accept = page.getByRole('menuitem', { name: 'Accept Frame as Keyframe' })
    await more.click()
    await accept.click()
    for (const key of ['Space', 'Enter']) await page.keyboard.press(key)
    expect(await page.evaluate('heard.splice(0)')).toEqual([' ', 'Enter'])
    expect(await page.locator('.menu').count()).toBe(0)
    // Whoever chose by keyboard goes on from the button.
    await more.focus()
    await page.keyboard.press('Enter')
    await accept.focus()
    await page.keyboard.press('Enter')
    await expect.poll(() => page.locator('.menu').count()).toBe(0)
    expect(await page.locator(':focus').getAttribute('aria-label')).toBe(
      await more.getAttribute('aria-label'),
    )
  })

  it('move the slider of the brush by at least a pixel, in both directions', async () => {
    const opened = scene(100, 3)
    const { page } = await open({
      ...opened,
      settings: { ...opened.settings, brushSize: 1 },
      view: { tool: 'brush' },
    })
    const slider = page.getByRole('slider', { name: 'Size' })
    const size = async () => Number.parseInt((await slider.getAttribute('aria-valuetext'))!, 10)
    await slider.focus()
    for (let turn = 0; turn < 3; turn++) await page.keyboard.press('ArrowRight')
    await expect.poll(size).toBeGreaterThanOrEqual(4)
    for (let turn = 0; turn < 3; turn++) await page.keyboard.press('ArrowLeft')
    await expect.poll(size).toBe(1)
  })

  it('speaks the language of the host before the clip is open', async () => {
    view = await WebviewPage.open()
    const texts = { 'Opening the clip': '正在打开片段', Cancel: '取消' }
    await view.send({ type: 'opening', done: 0, total: undefined, texts })
    await view.page.getByText('正在打开片段').waitFor()
    await view.page.getByRole('button', { name: '取消' }).waitFor()
  })

  it('runs commands of the host with the view as it stands', async () => {
    const { page } = await open(scene(100, 3))
    await page.locator('.track').focus()
    await page.keyboard.press('PageDown')
    await page.getByRole('button', { name: 'Propagate Forward' }).click()
    const said = await page.evaluate("posted.filter((one) => ['view', 'execute'].includes(one.type))")
    expect(said).toMatchObject([
      ...(said as unknown[]).slice(0, -2).map(() => ({})),
      { type: 'view', view: { frame: 10, objectId: 1 } },
      { type: 'execute', command: 'siammae.propagateForward', args: [] },
    ])
  })

  it('comes back as it was when the webview is made anew', async () => {
    const { page } = await open(scene(100, 3))
    await page.mouse.click(0, 0)
    await page.locator('.track').focus()
    await page.keyboard.press('End')
    await page.locator('[data-object-id="2"]').click()
    await page.getByRole('button', { name: 'Hide Left shoe' }).click()
    await page.getByRole('radio', { name: 'Polygon (P)' }).click()
    await page.waitForTimeout(300)
    const kept = (await page.evaluate('kept')) as Record<string, unknown>
    await view!.close()
    const again = await open(scene(100, 3), { kept })
    expect(await frameShown(again)).toBe(99)
    expect(await again.page.locator('.lane-header.current').getAttribute('data-object-id')).toBe('2')
    expect(
      await again.page.getByRole('button', { name: 'Hide Left shoe' }).getAttribute('aria-pressed'),
    ).toBe('true')
    expect(await again.page.getByRole('radio', { name: 'Polygon (P)' }).getAttribute('aria-checked')).toBe(
      'true',
    )
  })

  it('shows the same part of the timeline when the webview is made anew', async () => {
    const { page } = await open(scene(10_000, 3))
    const box = (await page.locator('.track').boundingBox())!
    await page.mouse.move(box.x + box.width / 2, box.y + 10)
    await page.keyboard.down('Control')
    for (let turn = 0; turn < 4; turn++) await page.mouse.wheel(0, -300)
    await page.keyboard.up('Control')
    await page.locator('.timeline-thumb').waitFor()
    // Of frame 0, where the view stands, nothing is in sight.
    await page.mouse.wheel(200, 0)
    await page.waitForTimeout(300)
    const kept = (await page.evaluate('kept')) as Record<string, unknown>
    expect(kept.timelineSpan).toMatchObject({ first: expect.any(Number) })
    await view!.close()
    const again = await open(scene(10_000, 3), { kept })
    await again.page.waitForTimeout(300)
    expect(((await again.page.evaluate('kept')) as Record<string, unknown>).timelineSpan).toEqual(
      kept.timelineSpan,
    )
  })

  it('visits every place worth checking, also two on one frame', async () => {
    const doubtful = [1, 2, 3].map((objectId) => ({ frame: 40, objectId, reason: 'area' as const }))
    const opened = await open({ ...scene(100, 3), doubtful })
    const visited: (string | null)[] = []
    for (let i = 0; i < 3; i++) {
      await opened.send({ type: 'command', command: { name: 'nextDoubtful' } })
      expect(await frameShown(opened)).toBe(40)
      visited.push(await opened.page.locator('.lane-header.current').getAttribute('data-object-id'))
    }
    expect(visited).toEqual(['1', '2', '3'])
  })

  it('tells the host which offer is not wanted, and shows the next one', async () => {
    const opened = await open(scene(100, 3))
    const { page } = opened
    const offers = [
      { objectId: 1, range: [20, 56] },
      { objectId: 2, range: [0, 9] },
    ] as const
    await opened.send({ type: 'offer', offer: offers[0] })
    await page.getByRole('button', { name: 'Not Now' }).click()
    expect(await page.locator('.offer').count()).toBe(0)
    expect(await opened.posted('dismissOffer')).toEqual([{ type: 'dismissOffer', offer: offers[0] }])
    await opened.send({ type: 'offer', offer: offers[1] })
    expect(await page.locator('.offer').textContent()).toContain('0 to 9')
  })

  it('shows a run, its end, and what went wrong', async () => {
    const opened = await open({ ...scene(100, 3), trusted: false })
    const { page } = opened
    expect(await page.getByRole('button', { name: 'Propagate Forward' }).isDisabled()).toBe(true)
    await opened.send(
      { type: 'trusted' },
      {
        type: 'run',
        run: {
          id: 1,
          state: 'running',
          direction: 'forward',
          range: [0, 99],
          done: 25,
          total: 100,
          frame: 24,
          lanes: [
            {
              objectId: 2,
              range: [4, 99],
              done: [
                [10, 24],
                [60, 69],
              ],
            },
          ],
          framesPerSecond: 12.5,
          secondsLeft: 6,
          device: 'cpu',
          model: 'starter',
        },
      },
    )
    expect(await page.locator('.run').textContent()).toContain('25 / 100')
    expect(await page.locator('.run').getAttribute('data-state')).toBe('running')
    // Opacity of the foot of a lane in the middle of a frame: nothing, to do, done.
    const foot = (lane: number, frame: number) =>
      page.evaluate(`(() => {
        const canvas = document.querySelector('.track-canvas')
        const ratio = canvas.height / canvas.getBoundingClientRect().height
        const x = Math.floor(((${frame} + 0.5) * canvas.width) / 100)
        const y = Math.floor((32 + ${lane} * 24 + 22) * ratio)
        return canvas.getContext('2d').getImageData(x, y, 1, 1).data[3]
      })()`)
    const feet = (lane: number) =>
      Promise.all([3, 4, 9, 10, 24, 25, 60, 69, 70].map((frame) => foot(lane, frame)))
    const [todo, done] = [Math.round(255 * 0.35), 255]
    await expect.poll(() => feet(1)).toEqual([0, todo, todo, done, done, todo, done, done, todo])
    expect(await feet(2)).toEqual(Array(9).fill(0))
    await page.getByRole('button', { name: 'Pause Propagation' }).click()
    expect((await opened.posted('execute')).at(-1)?.command).toBe('siammae.pausePropagation')
    await opened.send({ type: 'run', run: undefined })
    expect(await page.locator('.run').count()).toBe(0)
    expect(await page.getByRole('button', { name: 'Propagate Forward' }).isDisabled()).toBe(false)
    await opened.send({
      type: 'failed',
      message: 'The video is gone.',
      actions: [{ title: 'Locate Video...', command: 'siammae.locateVideo' }],
    })
    await page.getByRole('button', { name: 'Locate Video...' }).click()
    expect((await opened.posted('execute')).at(-1)?.command).toBe('siammae.locateVideo')
  })
})

describe.skipIf(!chromium)('brightness and contrast', () => {
  const NAME = 'Brightness and Contrast of the Picture'
  const WITH_KEYS = 'document.activeElement.ariaLabel'

  /** Red, green and blue on screen in the sky of the picture, where no mark is. */
  async function sky(page: WebviewPage['page']): Promise<number[]> {
    const place = await page.evaluate(`(() => {
      const stage = document.querySelector('.stage'), box = stage.getBoundingClientRect()
      const { x, y, scale } = stage.dataset
      return [box.left + Number(x) + 60 * scale, box.top + Number(y) + 100 * scale]
    })()`)
    const [x, y] = place as [number, number]
    const shot = await page.screenshot({ clip: { x, y, width: 1, height: 1 } })
    return [...(await sharp(shot).removeAlpha().raw().toBuffer())]
  }

  it('change what is seen of the picture, by pointer and by keys, and go back to the video', async () => {
    const opened = await open({ ...scene(100, 3), view: { frame: 5, tool: 'brush' } })
    const { page } = opened
    await page.waitForSelector('.stage[data-frame="5"]')
    const plain = await sky(page)
    const button = page.getByRole('button', { name: NAME, exact: true })
    const changed = page.getByRole('button', { name: `${NAME}: changed` })
    const slider = page.getByRole('slider', { name: 'Brightness' })

    // By keyboard the sliders have the keys at once; the way from 100 % to 0 % is half of the slider.
    await button.focus()
    await page.keyboard.press('Enter')
    await expect.poll(() => page.evaluate(WITH_KEYS)).toBe('Brightness')
    for (let turn = 0; turn < 10; turn++) await page.keyboard.press('ArrowLeft')
    const factor = Number.parseInt((await slider.getAttribute('aria-valuetext'))!, 10) / 100
    expect(factor).toBeLessThan(0.9)
    const darker = await sky(page)
    for (const [channel, value] of plain.entries())
      expect(Math.abs(darker[channel]! - value * factor)).toBeLessThan(3)
    expect(await frameShown(opened)).toBe(5)
    await page.keyboard.press('Escape')
    expect(await page.getByRole('dialog').count()).toBe(0)
    expect(await page.evaluate(WITH_KEYS)).toBe(`${NAME}: changed`)

    await changed.click()
    const contrast = page.getByRole('textbox', { name: 'Contrast' })
    await contrast.fill('0')
    await contrast.press('Enter')
    const grey = await sky(page)
    for (const channel of grey) expect(Math.abs(channel - 127.5)).toBeLessThan(2)
    await page.getByRole('button', { name: 'As in the Video' }).click()
    expect(await sky(page)).toEqual(plain)
    expect(await changed.count()).toBe(0)
    await page.mouse.click(4, 4)
    expect(await page.getByRole('dialog').count()).toBe(0)
  })

  it('are there again when the webview is made anew', async () => {
    const { page } = await open({ ...scene(100, 3), view: { frame: 5 } })
    await page.getByRole('button', { name: NAME }).click()
    const brightness = page.getByRole('textbox', { name: 'Brightness' })
    await brightness.fill('250')
    await brightness.press('Enter')
    await page.waitForTimeout(300)
    const kept = (await page.evaluate('kept')) as Record<string, unknown>
    await view!.close()
    const again = await open({ ...scene(100, 3), view: { frame: 5 } }, { kept })
    await again.page.getByRole('button', { name: NAME }).click()
    expect(await again.page.getByRole('textbox', { name: 'Brightness' }).inputValue()).toBe('250')
  })
})

describe.skipIf(!chromium)('layout', () => {
  it('lets nothing overlap or fall out from 600 x 400 to 1920 x 1080', async () => {
    const { page } = await open(
      { ...scene(10_001, 20), view: { frame: 5432, tool: 'brush', range: [1000, 9000] } },
      { size: { width: 600, height: 400 } },
    )
    for (const [width, height] of [
      [600, 400],
      [800, 600],
      [1280, 800],
      [1920, 1080],
    ] as const) {
      await page.setViewportSize({ width, height })
      await page.waitForTimeout(60)
      const wrong = await page.evaluate(`(() => {
        const wrong = []
        for (const bar of document.querySelectorAll('.option-bar, .transport-bar, .lane-corner, .tool-strip')) {
          const box = bar.getBoundingClientRect()
          const parts = [...bar.querySelectorAll('button, input, .frame-count, .time')].filter((one) => one.offsetParent !== null)
          const boxes = parts.map((one) => one.getBoundingClientRect())
          boxes.forEach((one, at) => {
            const name = parts[at].ariaLabel ?? parts[at].textContent
            if (one.left < box.left - 0.5 || one.right > box.right + 0.5) wrong.push('outside: ' + name)
            boxes.slice(at + 1).forEach((other, next) => {
              if (one.left < other.right - 0.5 && other.left < one.right - 0.5 && one.top < other.bottom - 0.5 && other.top < one.bottom - 0.5)
                wrong.push(name + ' over ' + (parts[at + 1 + next].ariaLabel ?? ''))
            })
          })
        }
        return wrong
      })()`)
      expect(wrong, `${width} x ${height}`).toEqual([])
      expect(await page.locator('.time').isVisible(), `${width} x ${height}`).toBe(true)
    }
  })

  it('has a hint above the bar of a comparison', async () => {
    const opened = await open({ ...scene(100, 3), view: { frame: 5, tool: 'brush' } })
    const { page } = opened
    await opened.send({
      type: 'comparison',
      comparison: {
        models: ['one', 'other'],
        range: [0, 99],
        objects: [1],
        state: 'done',
        side: 0,
        done: [100, 100],
        total: 100,
      },
    })
    await page.waitForSelector('.stage[data-frame="5"]')
    await page.locator('.stage').click({ position: { x: 200, y: 100 } })
    const hint = (await page.locator('.stage-hint').boundingBox())!
    const bar = (await page.locator('.comparison').boundingBox())!
    expect(hint.y + hint.height).toBeLessThanOrEqual(bar.y)
    const stage = (await page.locator('.stage').boundingBox())!
    expect(Math.abs(hint.x + hint.width / 2 - (stage.x + stage.width / 2))).toBeLessThan(2)
  })
})

describe.skipIf(!chromium)('speed', () => {
  it('of the timeline with 100,000 frames and 20 objects is told', async () => {
    const opened = scene(100_000, 0)
    const { objects } = scene(10, 20)
    // Made in the page: two million bytes would take long on their way. Every frame's confidence is on its own, and
    // every tenth frame is worth checking: there cannot be more to draw.
    const { page } = await open({ ...opened, objects }, { size: { width: 1920, height: 1080 } })
    await page.evaluate(`(() => {
      const changes = []
      const frames = []
      for (let objectId = 1; objectId <= 20; objectId++) {
        const codes = Uint8Array.from({ length: 100000 }, (_, at) => (at % 997 === 0 ? 1 : 16 + ((at * 7919 * objectId) % 240)))
        changes.push({ objectId, first: 0, codes })
        for (let frame = objectId; frame < 100000; frame += 10) frames.push({ objectId, frame, reason: 'area' })
      }
      fromHost({ type: 'lanes', changes })
      fromHost({ type: 'doubtful', frames })
    })()`)
    // From the start of a screen frame until everything of it is drawn: scripts, styles, layout, painting.
    await page.evaluate(`(() => {
      window.spent = []
      const request = window.requestAnimationFrame.bind(window)
      let started = false
      window.requestAnimationFrame = (callback) => request((now) => {
        if (!started) {
          started = true
          const start = performance.now()
          const channel = new MessageChannel()
          channel.port1.onmessage = () => { started = false; spent.push(performance.now() - start) }
          channel.port2.postMessage(0)
        }
        callback(now)
      })
    })()`)
    const box = (await page.locator('.track').boundingBox())!
    // Time of the page's thread itself, which other work on the machine does not lengthen.
    const tools = await page.context().newCDPSession(page)
    await tools.send('Performance.enable', { timeDomain: 'threadTicks' })
    const busy = async () => {
      const { metrics } = await tools.send('Performance.getMetrics')
      return 1000 * metrics.find((one) => one.name === 'TaskDuration')!.value
    }
    let before = await busy()
    const told = async (what: string) => {
      await page.waitForTimeout(100)
      const now = await busy()
      const spent = ((await page.evaluate('spent.splice(0)')) as number[]).sort((one, other) => one - other)
      expect(spent.length, what).toBeGreaterThan(0)
      const median = spent[spent.length >> 1]!
      console.log(
        `Timeline, 100,000 frames, 20 objects, 1920 x 1080: ${what}: worst redraw ${spent.at(-1)!.toFixed(1)} ms, ` +
          `median ${median.toFixed(1)} ms, ${spent.length} redraws, ` +
          `${((now - before) / spent.length).toFixed(1)} ms of the page's own time each`,
      )
      before = await busy()
    }
    await page.locator('.splitter').focus()
    for (let turn = 0; turn < 8; turn++) await page.keyboard.press('ArrowUp')
    await told('all lanes shown')
    await page.mouse.move(box.x + 10, box.y + 400)
    await page.keyboard.down('Control')
    for (let turn = 0; turn < 30; turn++) {
      await page.mouse.move(box.x + 200 + turn * 40, box.y)
      await page.mouse.wheel(0, turn < 15 ? -150 : 100)
    }
    await page.keyboard.up('Control')
    await told('zooming')
    const now = (await page.locator('.track').boundingBox())!
    await page.mouse.move(now.x + 10, now.y + 10)
    await page.mouse.down()
    for (let turn = 0; turn < 60; turn++) await page.mouse.move(now.x + 10 + turn * 25, now.y + 10)
    await page.mouse.up()
    await told('scrubbing')
    for (let turn = 0; turn < 20; turn++) await page.mouse.wheel(120, 0)
    await told('panning')
  })
})
