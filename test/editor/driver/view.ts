/** One annotator on screen: the canvas in pixels of the video, keys, and what the screen shows. */
import type { ElementHandle, Frame, Page } from 'playwright-core'
import sharp from 'sharp'
import { until } from '../support/until.ts'

export interface Point {
  readonly x: number
  readonly y: number
}

/** Where the video lies on the page. */
interface Placement {
  readonly left: number
  readonly top: number
  /** Page pixels per pixel of the video. */
  readonly scale: number
}

const TOOL_KEYS = { brush: 'd', eraser: 'e', polygon: 'p', keypoints: 's' } as const

export class AnnotatorView {
  readonly page: Page
  readonly frame: Frame

  constructor(page: Page, frame: Frame) {
    this.page = page
    this.frame = frame
  }

  private async stage(): Promise<ElementHandle> {
    return this.frame.waitForSelector('.stage')
  }

  /** The frame whose picture is on screen; undefined while there is none. */
  async shown(): Promise<number | undefined> {
    const text = await (await this.stage()).getAttribute('data-frame')
    return text === null ? undefined : Number(text)
  }

  /** Waits until a frame is on screen. */
  async waitForFrame(frame: number, seconds = 60): Promise<void> {
    await until(`frame ${frame} on screen`, async () => (await this.shown()) === frame, seconds)
  }

  async placement(): Promise<Placement> {
    const stage = await this.stage()
    const box = await stage.boundingBox()
    if (!box) throw new Error('The canvas is not on screen.')
    const read = async (name: string) => Number(await stage.getAttribute(name))
    const [x, y, scale] = [await read('data-x'), await read('data-y'), await read('data-scale')]
    return { left: box.x + x, top: box.y + y, scale }
  }

  /** Moves the pointer to a point of the video. */
  async move(point: Point): Promise<void> {
    const { left, top, scale } = await this.placement()
    await this.page.mouse.move(left + (point.x + 0.5) * scale, top + (point.y + 0.5) * scale)
  }

  async click(point: Point): Promise<void> {
    await this.move(point)
    await this.page.mouse.down()
    await this.page.mouse.up()
  }

  /** Presses at the first point, goes through all, and lets go at the last. */
  async draw(points: readonly Point[]): Promise<void> {
    const { left, top, scale } = await this.placement()
    const at = (point: Point) => [left + (point.x + 0.5) * scale, top + (point.y + 0.5) * scale] as const
    await this.page.mouse.move(...at(points[0]!))
    await this.page.mouse.down()
    for (const point of points.slice(1)) await this.page.mouse.move(...at(point), { steps: 2 })
    await this.page.mouse.up()
  }

  /** Presses a key as a person does who looks at the canvas. */
  async key(key: string): Promise<void> {
    await this.page.keyboard.press(key)
  }

  /** Chooses a tool by its key, and waits until it is chosen: a stroke that came before would be another tool's. */
  async tool(tool: keyof typeof TOOL_KEYS): Promise<void> {
    await this.key(TOOL_KEYS[tool])
    await this.frame.locator(`[data-tool=${tool}][aria-checked=true]`).waitFor()
  }

  /** Waits until a range of frames is chosen: one that has a start only reaches to the end of the clip. */
  async waitForRange(first: number, last: number): Promise<void> {
    await this.frame.locator('.range-text', { hasText: new RegExp(`^${first} . ${last}$`) }).waitFor()
  }

  /** Presses a button of the editor by what it is called. */
  async press(label: string): Promise<void> {
    await this.frame.locator(`button[aria-label="${label}"]`).first().click()
  }

  /** What the run status says; undefined while no run goes on. */
  async run(): Promise<{ state: string; done: number; total: number } | undefined> {
    const run = await this.frame.$('.run')
    const state = await run?.getAttribute('data-state')
    const count = await (await run?.$('.run-count'))?.textContent()
    if (!state || !count) return undefined
    const [done, total] = count.split('/').map(Number)
    return { state, done: done!, total: total! }
  }

  /** Waits until no run goes on. */
  async runEnd(seconds = 200): Promise<void> {
    await until('the run to end', async () => (await this.run()) === undefined, seconds)
  }

  /** What the screen shows of the video, one pixel per pixel of the video: red, green, blue. */
  async pixels(width: number, height: number): Promise<Uint8Array> {
    // The pointer's ring is no part of the picture.
    await this.page.mouse.move(2, 2)
    const { left, top, scale } = await this.placement()
    const { data, info } = await sharp(await this.page.screenshot())
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true })
    const out = new Uint8Array(width * height * 3)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const px = Math.floor(left + (x + 0.5) * scale)
        const py = Math.floor(top + (y + 0.5) * scale)
        if (px < 0 || py < 0 || px >= info.width || py >= info.height) continue
        out.set(
          data.subarray((py * info.width + px) * 3, (py * info.width + px) * 3 + 3),
          (y * width + x) * 3,
        )
      }
    return out
  }

  /** Pixels of the video that are painted in a colour that the video itself does not have: 1 inside. */
  async painted(width: number, height: number, colour: string, tolerance = 48): Promise<Uint8Array> {
    const [r, g, b] = [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16)) as [
      number,
      number,
      number,
    ]
    const pixels = await this.pixels(width, height)
    const near = (at: number) =>
      Math.abs(pixels[at]! - r) + Math.abs(pixels[at + 1]! - g) + Math.abs(pixels[at + 2]! - b) <= tolerance
    return Uint8Array.from({ length: width * height }, (_, index) => (near(index * 3) ? 1 : 0))
  }
}
