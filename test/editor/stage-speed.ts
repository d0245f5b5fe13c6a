/**
 * How fast strokes, steps and zooming are on a 1920x1080 frame with 20 objects. Measured and printed, never asserted.
 * `npx esbuild test/editor/stage-speed.ts --bundle --platform=node --format=esm --packages=external --outfile=dist/test/stage-speed.js && node dist/test/stage-speed.js`
 */
import { type Entry, encodeMask } from '../../model/annotation/index.ts'
import type { FrameEntries } from '../../webview/protocol/index.ts'
import { WebviewPage } from './webview-page.ts'
import { scene } from './webview-scenes.ts'

const WIDTH = 1920
const HEIGHT = 1080
const OBJECTS = 20
const FRAMES = 30

/** An ellipse with a wavy edge, so that its outline is as long as that of a real mask. */
function blob(centreX: number, centreY: number): Entry {
  const mask = new Uint8Array(WIDTH * HEIGHT)
  for (let y = 0; y < HEIGHT; y++)
    for (let x = 0; x < WIDTH; x++) {
      const dx = (x - centreX) / 160
      const dy = (y - centreY) / 110
      if (dx * dx + dy * dy < 1 + 0.12 * Math.sin(12 * Math.atan2(dy, dx))) mask[y * WIDTH + x] = 1
    }
  return {
    state: 'propagated',
    run: 1,
    confidence: 0.8,
    occluded: false,
    mask: encodeMask(mask, WIDTH, HEIGHT),
  }
}

const entries: FrameEntries[] = Array.from({ length: 3 }, (_, frame) => ({
  frame,
  entries: Array.from({ length: OBJECTS }, (_, i) => [
    i + 1,
    blob(200 + (i % 5) * 370 + frame * 8, 150 + Math.floor(i / 5) * 250),
  ]),
}))
const every: FrameEntries[] = Array.from({ length: FRAMES }, (_, frame) => ({
  frame,
  entries: entries[frame % 3]!.entries,
}))

const opened = scene(FRAMES, OBJECTS)
const view = await WebviewPage.open({ size: { width: 1600, height: 1100 }, entries: every })
const { page } = view
await view.send({
  ...opened,
  clip: { ...opened.clip, width: WIDTH, height: HEIGHT },
  settings: { ...opened.settings, takeOver: true },
  view: { frame: 0, tool: 'brush', objectId: 1 },
})
await page.waitForSelector('.stage[data-frame="0"]')
await page.waitForTimeout(1500)

const session = await page.context().newCDPSession(page)
await session.send('Performance.enable')
async function busy(): Promise<{ script: number; task: number }> {
  const { metrics } = await session.send('Performance.getMetrics')
  const of = (name: string) => 1000 * (metrics.find((metric) => metric.name === name)?.value ?? 0)
  return { script: of('ScriptDuration'), task: of('TaskDuration') }
}

/** Main thread milliseconds per repetition, and the gaps between the screen's pictures meanwhile. */
async function measure(name: string, count: number, act: (i: number) => Promise<void>): Promise<void> {
  await page.evaluate(`window.gaps = []; window.counting = true; (() => {
    let last = performance.now()
    requestAnimationFrame(function tick(now) {
      gaps.push(now - last); last = now
      if (window.counting) requestAnimationFrame(tick)
    })
  })()`)
  const before = await busy()
  for (let i = 0; i < count; i++) await act(i)
  const after = await busy()
  const gaps = (await page.evaluate(
    'window.counting = false, gaps.slice(1).sort((a, b) => a - b)',
  )) as number[]
  const at = (part: number) => (gaps[Math.floor(part * (gaps.length - 1))] ?? 0).toFixed(1)
  console.log(
    `${name}: script ${((after.script - before.script) / count).toFixed(2)} ms, ` +
      `main thread ${((after.task - before.task) / count).toFixed(2)} ms each; ` +
      `between pictures ${at(0.5)} ms (median), ${at(0.95)} ms (95 %)`,
  )
}

const box = (await page.locator('.stage').boundingBox())!
const along = (i: number, count: number): [number, number] => [
  box.x + 100 + ((box.width - 200) * i) / count,
  box.y + box.height / 2 + 150 * Math.sin(i / 12),
]
for (const size of [24, 120, 400]) {
  await view.send({ type: 'settings', settings: { ...opened.settings, takeOver: true, brushSize: size } })
  await page.mouse.move(...along(0, 120))
  await measure(`pointer down, brush of ${size} px`, 1, () => page.mouse.down())
  await measure(`stroke, brush of ${size} px, per move`, 120, (i) => page.mouse.move(...along(i, 120)))
  await measure(`pointer up, brush of ${size} px`, 1, async () => {
    await page.mouse.up()
    await page.waitForTimeout(100)
  })
}
await measure('step to a frame whose picture is there', 20, async (i) => {
  await view.send({ type: 'command', command: { name: 'goToFrame', frame: 1 + (i % 2) } })
  await page.waitForSelector(`.stage[data-frame="${1 + (i % 2)}"]`)
})
await measure('zoom by the wheel', 40, (i) => page.mouse.wheel(0, i < 20 ? -60 : 60))
await view.close()
