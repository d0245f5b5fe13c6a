/** The canvas of the webview's page, by pixels of the video. */
import type { Page } from 'playwright-core'
import type { ViewCommand } from '../../../webview/protocol/index.ts'
import type { WebviewPage } from '../webview-page.ts'

type Point = readonly [x: number, y: number]

export class StagePage {
  readonly view: WebviewPage

  constructor(view: WebviewPage) {
    this.view = view
  }

  get page(): Page {
    return this.view.page
  }

  /** CSS pixels of the page: left and top of the picture, and its scale. */
  async placement(): Promise<{ left: number; top: number; scale: number }> {
    return this.page.evaluate(`(() => {
      const stage = document.querySelector('.stage'), box = stage.getBoundingClientRect()
      return { left: box.left + Number(stage.dataset.x), top: box.top + Number(stage.dataset.y), scale: Number(stage.dataset.scale) }
    })()`)
  }

  async at([x, y]: Point): Promise<[number, number]> {
    const { left, top, scale } = await this.placement()
    return [left + x * scale, top + y * scale]
  }

  async move(point: Point, steps = 4): Promise<void> {
    const [x, y] = await this.at(point)
    await this.page.mouse.move(x, y, { steps })
  }

  async click(point: Point, button: 'left' | 'right' = 'left'): Promise<void> {
    await this.move(point)
    await this.page.mouse.click(...(await this.at(point)), { button })
  }

  /** Presses at the first point and goes on to the others; does not let go. */
  async stroke(...points: readonly Point[]): Promise<void> {
    await this.move(points[0]!)
    await this.page.mouse.down()
    for (const point of points) await this.move(point, 8)
  }

  /** Puts fingers on these places, moves them to the others all at once, and lifts them. */
  async fingers(from: readonly Point[], to: readonly Point[]): Promise<void> {
    const session = await this.page.context().newCDPSession(this.page)
    const touch = async (type: 'touchStart' | 'touchMove' | 'touchEnd', points: readonly Point[]) => {
      const touchPoints = points.map(([x, y], id) => ({ x, y, id }))
      await session.send('Input.dispatchTouchEvent', { type, touchPoints })
    }
    const places = await Promise.all(from.map((point) => this.at(point)))
    const ends = await Promise.all(to.map((point) => this.at(point)))
    // One after another, as they come down on a screen.
    for (let count = 1; count <= places.length; count++) await touch('touchStart', places.slice(0, count))
    await touch('touchMove', ends)
    await touch('touchEnd', [])
    await session.detach()
  }

  command(command: ViewCommand): Promise<void> {
    return this.view.send({ type: 'command', command })
  }

  /** Waits until a frame is on screen. */
  async shows(frame: number): Promise<void> {
    await this.page.waitForSelector(`.stage[data-frame="${frame}"]`)
  }

  /** Red, green, blue and opacity of a layer's pixel at a place of the video, after the next drawing. */
  async pixel(layer: 'picture' | 'fills' | 'lines' | 'tool', point: Point): Promise<number[]> {
    // First, because what has just closed beside the stage lets it grow with that: the place counts from then on.
    await this.page.evaluate(
      'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))',
    )
    const [x, y] = await this.at(point)
    return this.page.evaluate(`(() => {
      const canvas = document.querySelector('.layer-${layer}'), box = canvas.getBoundingClientRect()
      const density = canvas.width / box.width
      const { data } = canvas.getContext('2d').getImageData(
        Math.floor((${x} - box.left) * density), Math.floor((${y} - box.top) * density), 1, 1)
      return [...data]
    })()`)
  }
}
