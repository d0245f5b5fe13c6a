/** The built webview in a plain page, with a host that says what a test wants: for looking at it and for its speed. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import type {
  DashboardHostMessage,
  DashboardWebviewMessage,
  FrameEntries,
  HostMessage,
  InspectionAnswer,
  InspectionWish,
  WebviewMessage,
} from '../../webview/protocol/index.ts'
import { root } from './build.ts'
import { THEMES, type ThemeName } from './themes.ts'
import { CHROMIUM_FLAGS, findChromium } from './vscode/chromium.ts'

export interface WebviewPageOptions {
  /** Which webview: the annotator, or the panel for fine-tuning. */
  readonly bundle?: 'webview' | 'dashboard'
  readonly theme?: ThemeName
  readonly size?: { readonly width: number; readonly height: number }
  /** The state that an earlier webview left behind. */
  readonly kept?: Record<string, unknown>
  /** What the host knows about frames; asked for by `wantEntries` and after edits. */
  readonly entries?: readonly FrameEntries[]
  /** Milliseconds until a picture that was wanted arrives. */
  readonly pictureDelay?: number
  /** The pictures themselves; without it they are drawn in the page. */
  readonly picture?: (frame: number) => Promise<Uint8Array>
  /** Answers looks into the model; without it none is answered. */
  readonly inspect?: (wish: InspectionWish) => Promise<InspectionAnswer>
  /** Device pixels per CSS pixel. */
  readonly density?: number
}

// Runs in the page. Pictures are drawn there: a scene with something that moves, and the frame's number in it.
const FAKE_HOST = `
  window.posted = []
  window.kept = undefined
  const entries = new Map()
  let want = []
  let making = false
  let clip = { width: 854, height: 480 }
  const send = (message) => window.dispatchEvent(new MessageEvent('message', { data: message }))
  window.fromHost = (message) => {
    if (message.type === 'opened') clip = message.clip
    send(message)
  }
  window.setEntries = (frames) => {
    for (const one of frames) entries.set(one.frame, one.entries)
  }
  async function picture(frame) {
    if (window.picturesServed)
      return new Uint8Array(await (await fetch('picture/' + frame)).arrayBuffer())
    const canvas = new OffscreenCanvas(clip.width, clip.height)
    const c = canvas.getContext('2d')
    const sky = c.createLinearGradient(0, 0, 0, clip.height)
    sky.addColorStop(0, '#7fa6c9')
    sky.addColorStop(0.6, '#c9d6cf')
    sky.addColorStop(0.61, '#6b7f52')
    sky.addColorStop(1, '#39482c')
    c.fillStyle = sky
    c.fillRect(0, 0, clip.width, clip.height)
    c.fillStyle = '#8d5a3b'
    c.beginPath()
    c.ellipse(160 + ((frame * 4) % 520), clip.height * 0.62, 70, 90, 0, 0, 7)
    c.fill()
    c.fillStyle = '#fff'
    c.font = '28px sans-serif'
    c.fillText(String(frame), 16, 40)
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.92 })
    return new Uint8Array(await blob.arrayBuffer())
  }
  async function make() {
    if (making) return
    making = true
    while (want.length > 0) {
      const frame = want.shift()
      const bytes = await picture(frame)
      if (window.pictureDelay) await new Promise((done) => setTimeout(done, window.pictureDelay))
      send({ type: 'picture', frame, bytes, mime: 'image/jpeg' })
    }
    making = false
  }
  const answer = (message) => {
    if (message.type === 'wantPictures') {
      want = [...message.frames]
      make()
    } else if (message.type === 'wantEntries') {
      const frames = []
      for (let frame = message.first; frame <= message.last; frame++)
        frames.push({ frame, entries: entries.get(frame) ?? [] })
      send({ type: 'entries', frames })
    } else if (message.type === 'inspect' && message.wish && window.inspectionsServed) {
      fetch('inspect/' + encodeURIComponent(JSON.stringify(message.wish)))
        .then((answer) => answer.json())
        .then((answer) => {
          for (const name of ['similarity', 'maps', 'mean', 'onPatches'])
            if (answer[name]) answer[name] = Float32Array.from(answer[name])
          // What comes after this is the view's own time.
          window.answeredAt = performance.now()
          send({ type: 'inspected', id: message.id, answer })
        })
    } else if (message.type === 'edit' && window.refusal) {
      send({ type: 'edited', id: message.id, error: window.refusal })
    } else if (message.type === 'edit') {
      for (const edit of message.edits) {
        const others = (entries.get(edit.frame) ?? []).filter(([id]) => id !== edit.objectId)
        entries.set(edit.frame, edit.entry ? [...others, [edit.objectId, edit.entry]] : others)
        const code = !edit.entry ? 0 : edit.entry.state === 'keyframe' ? (edit.entry.occluded ? 2 : 1) : 3
        send({ type: 'entries', frames: [{ frame: edit.frame, entries: entries.get(edit.frame) }] })
        send({ type: 'lanes', changes: [{ objectId: edit.objectId, first: edit.frame, codes: Uint8Array.of(code) }] })
      }
      send({ type: 'edited', id: message.id, error: undefined })
    }
  }
  window.acquireVsCodeApi = () => ({
    postMessage(message) {
      window.posted.push(message)
      if (window.posted.length > 5000) window.posted.splice(0, 1000)
      setTimeout(() => answer(message), message.type === 'edit' ? (window.editDelay ?? 1) : 1)
    },
    getState: () => window.kept,
    setState(state) {
      window.kept = state
    },
  })
`

/** The webview as one window of a person. */
export class WebviewPage {
  /** One browser for all pages: to start one takes longer than most tests. */
  private static browser: Promise<Browser> | undefined
  readonly page: Page

  private constructor(page: Page) {
    this.page = page
  }

  /** Opens the bundle and waits until it has asked for everything. */
  static async open(options: WebviewPageOptions = {}): Promise<WebviewPage> {
    const executablePath = findChromium()
    if (!executablePath) throw new Error('No chromium was found: install it, or set SIAMMAE_CHROMIUM.')
    WebviewPage.browser ??= chromium.launch({ executablePath, args: [...CHROMIUM_FLAGS] })
    const browser = await WebviewPage.browser
    const page = await browser.newPage({
      viewport: options.size ?? { width: 1280, height: 800 },
      deviceScaleFactor: options.density ?? 1,
    })
    page.on('pageerror', (error) => console.error(`page: ${error.message}`))
    page.on('console', (message) => {
      if (message.type() === 'error') console.error(`page: ${message.text()}`)
    })
    const opened = new WebviewPage(page)
    const { bundle = 'webview' } = options
    // A page with an address of its own: fonts and styles come from files, as in a webview they come from the server.
    await page.route('http://webview.test/**', async (route) => {
      const name = new URL(route.request().url()).pathname.slice(1)
      const served = /^picture\/(\d+)$/.exec(name)
      if (served && options.picture)
        return route.fulfill({ body: Buffer.from(await options.picture(Number(served[1]))) })
      const asked = /^inspect\/(.+)$/.exec(name)
      if (asked && options.inspect) {
        const answer = await options.inspect(JSON.parse(decodeURIComponent(asked[1]!)) as InspectionWish)
        const json = JSON.stringify(answer, (_, value) =>
          value instanceof Float32Array ? [...value] : value,
        )
        return route.fulfill({ contentType: 'application/json', body: json })
      }
      if (name !== '') return route.fulfill({ path: `${root}/dist/${name}` })
      return route.fulfill({
        contentType: 'text/html',
        body: `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><link rel="stylesheet" href="${bundle}.css"></head>
          <body><div id="root"></div><script>${FAKE_HOST}
          window.kept = ${JSON.stringify(options.kept)}; window.pictureDelay = ${options.pictureDelay ?? 0}
          window.picturesServed = ${options.picture !== undefined}
          window.inspectionsServed = ${options.inspect !== undefined}
          </script><script src="${bundle}.js"></script></body></html>`,
      })
    })
    await page.goto('http://webview.test/')
    await opened.theme(options.theme ?? 'dark')
    if (options.entries) await opened.setEntries(options.entries)
    await page.waitForFunction("posted.some((message) => message.type === 'ready')")
    return opened
  }

  /** Puts VS Code's variables and class on, as a change of theme does. */
  async theme(name: ThemeName): Promise<void> {
    const { bodyClass, colours } = THEMES[name]
    const variables = Object.entries({
      ...colours,
      'font-family': "system-ui, 'Ubuntu', 'Droid Sans', 'DejaVu Sans', sans-serif",
      'font-size': '13px',
      'editor-font-family': 'monospace',
    })
      .map(([variable, value]) => `--vscode-${variable}: ${value}`)
      .join('; ')
    await this.page.evaluate(
      `document.documentElement.style.cssText = ${JSON.stringify(variables)}; document.body.className = ${JSON.stringify(bodyClass)}`,
    )
  }

  /** The host says something. */
  async send(...messages: readonly (HostMessage | DashboardHostMessage)[]): Promise<void> {
    const call = await this.page.evaluateHandle('(messages) => messages.forEach((one) => fromHost(one))')
    await this.page.evaluate(([send, all]) => (send as (all: unknown) => void)(all), [
      call,
      messages,
    ] as const)
    await call.dispose()
  }

  /** What the webview has said of one kind, oldest first. */
  async posted<T extends (WebviewMessage | DashboardWebviewMessage)['type']>(
    type: T,
  ): Promise<Extract<WebviewMessage | DashboardWebviewMessage, { type: T }>[]> {
    return this.page.evaluate(`posted.filter((message) => message.type === ${JSON.stringify(type)})`)
  }

  /** What the host knows about frames. */
  async setEntries(frames: readonly FrameEntries[]): Promise<void> {
    const call = await this.page.evaluateHandle('(frames) => setEntries(frames)')
    await this.page.evaluate(([set, all]) => (set as (all: unknown) => void)(all), [call, frames] as const)
    await call.dispose()
  }

  async screenshot(path: string): Promise<void> {
    mkdirSync(dirname(path), { recursive: true })
    await this.page.screenshot({ path })
  }

  async close(): Promise<void> {
    await this.page.close()
  }

  /** Ends the browser behind all pages. */
  static async closeBrowser(): Promise<void> {
    await (await WebviewPage.browser)?.close()
    WebviewPage.browser = undefined
  }
}
