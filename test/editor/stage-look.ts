/**
 * Pictures of the canvas for somebody to look at: every tool and state, on the sample clip, with a real pointer.
 * `npx esbuild test/editor/stage-look.ts --bundle --platform=node --format=esm --packages=external --outfile=dist/test/stage-look.js && node dist/test/stage-look.js [folder] [part of a name]`
 */
import { koi } from './support/koi.ts'
import { StagePage } from './support/stage-page.ts'
import type { ThemeName } from './themes.ts'
import { WebviewPage } from './webview-page.ts'

const folder = process.argv[2] ?? 'test-output/stage'
const only = process.argv[3] ?? ''
const marked = await koi(true)
const empty = await koi(false)

interface Look {
  readonly theme?: ThemeName
  readonly density?: number
  readonly frame?: number
  readonly tool?: 'select' | 'brush' | 'eraser' | 'polygon' | 'keypoints' | 'pan'
  readonly from?: typeof marked
}

async function look(name: string, how: Look, act?: (stage: StagePage) => Promise<void>): Promise<void> {
  if (!name.includes(only)) return
  const from = how.from ?? marked
  const view = await WebviewPage.open({
    theme: how.theme ?? 'dark',
    density: how.density ?? 1,
    entries: from.entries,
    picture: from.picture,
  })
  await view.send({
    ...from.opened,
    view: { frame: how.frame ?? 0, tool: how.tool ?? 'select', objectId: 1 },
  })
  await view.page.waitForSelector(`.stage[data-frame="${how.frame ?? 0}"]`)
  await act?.(new StagePage(view))
  await view.page.waitForTimeout(150)
  await view.screenshot(`${folder}/${name}.png`)
  await view.close()
  console.log(`${folder}/${name}.png`)
}

for (const theme of ['dark', 'light', 'high-contrast', 'high-contrast-light'] as const)
  await look(`keyframe-${theme}`, { theme }, (stage) => stage.move([150, 215]))
await look('propagated', { frame: 15 }, (stage) => stage.move([420, 180]))
await look('occluded', { frame: 38 })
await look('outline', { frame: 15 }, (stage) =>
  stage.view.send({ type: 'settings', settings: { ...marked.opened.settings, maskStyle: 'outline' } }),
)
await look('fill', { frame: 15 }, (stage) =>
  stage.view.send({ type: 'settings', settings: { ...marked.opened.settings, maskStyle: 'fill' } }),
)
await look('double-density', { density: 2, frame: 3 }, (stage) => stage.move([150, 215]))
await look('zoomed', {}, async (stage) => {
  await stage.move([205, 215])
  for (let i = 0; i < 12; i++) await stage.page.mouse.wheel(0, -120)
})
await look('actual-size', {}, (stage) => stage.command({ name: 'actualSize' }))
await look('brush', { tool: 'brush' }, (stage) => stage.stroke([300, 80], [360, 120], [420, 90]))
await look('brush-done', { tool: 'brush' }, async (stage) => {
  await stage.stroke([300, 80], [360, 120], [420, 90])
  await stage.page.mouse.up()
})
await look('erase', { tool: 'brush' }, async (stage) => {
  await stage.page.keyboard.down('Alt')
  await stage.stroke([90, 200], [150, 230], [190, 190])
})
await look('polygon', { tool: 'polygon' }, async (stage) => {
  for (const point of [
    [330, 60],
    [420, 70],
    [440, 140],
    [350, 150],
  ] as const)
    await stage.click(point)
  await stage.move([300, 100])
})
await look('polygon-closing', { tool: 'polygon' }, async (stage) => {
  for (const point of [
    [330, 60],
    [420, 70],
    [440, 140],
  ] as const)
    await stage.click(point)
  await stage.move([331, 61])
})
await look('keypoints', { tool: 'keypoints', frame: 0 }, (stage) => stage.move([205, 215]))
await look('keypoints-placing', { tool: 'brush', from: empty }, async (stage) => {
  await stage.view.send({
    type: 'catalogue',
    labels: marked.opened.labels,
    objects: marked.opened.objects,
  })
  await stage.command({ name: 'tool', tool: 'keypoints' })
  await stage.click([205, 215])
  await stage.click([192, 206], 'right')
  await stage.click([194, 222])
  await stage.move([157, 214])
})
await look('no-object', { tool: 'brush', from: empty }, async (stage) => {
  await stage.stroke([300, 80], [360, 120], [420, 90])
  await stage.page.mouse.up()
})
await look('keyboard', { tool: 'brush' }, async (stage) => {
  await stage.page.focus('.stage')
  await stage.page.keyboard.press('Control+Enter')
  for (let i = 0; i < 8; i++) await stage.page.keyboard.press('Control+Shift+ArrowRight')
})
await look('locked', { tool: 'brush' }, async (stage) => {
  await stage.command({ name: 'toggleLock' })
  await stage.click([150, 215])
})
await look(
  'failed',
  { from: { ...marked, picture: async (n) => (n === 39 ? new Uint8Array(9) : marked.picture(n)) } },
  (stage) => stage.command({ name: 'goToFrame', frame: 39 }),
)
await look('waiting', {}, async (stage) => {
  await stage.page.evaluate('window.pictureDelay = 5000')
  await stage.command({ name: 'goToFrame', frame: 39 })
  await stage.page.waitForTimeout(400)
})
/** Two models on frames 12 to 30: the second one is late by some frames. */
async function compare(stage: StagePage, state: 'running' | 'done'): Promise<void> {
  const late = (frame: number) => marked.entries[Math.max(0, frame - 5)]!.entries
  const range = Array.from({ length: 19 }, (_, i) => 12 + i)
  const reached = state === 'done' ? 30 : 18
  await stage.view.send({
    type: 'comparison',
    comparison: {
      models: ['Starter model', 'DINOv2 ViT-S/14 with registers'],
      range: [12, 30],
      objects: [1, 2],
      state,
      side: 1,
      done: [19, reached - 11],
      total: 19,
    },
  })
  const frames = (side: 0 | 1) =>
    range
      .filter((frame) => side === 0 || frame <= reached)
      .map((frame) => ({ frame, entries: side === 0 ? marked.entries[frame]!.entries : late(frame) }))
  for (const side of [0, 1] as const) await stage.view.send({ type: 'compared', side, frames: frames(side) })
}
for (const theme of ['dark', 'light', 'high-contrast', 'high-contrast-light'] as const)
  await look(`compare-${theme}`, { theme, frame: 15 }, (stage) => compare(stage, 'done'))
await look('compare-b', { frame: 15 }, async (stage) => {
  await compare(stage, 'running')
  await stage.command({ name: 'switchComparison' })
  await stage.command({ name: 'switchComparison' })
})
await look('compare-draw', { frame: 15, tool: 'brush' }, async (stage) => {
  await compare(stage, 'done')
  await stage.click([300, 100])
})
await look('compare-elsewhere', { theme: 'light', frame: 3 }, (stage) => compare(stage, 'running'))
await WebviewPage.closeBrowser()
