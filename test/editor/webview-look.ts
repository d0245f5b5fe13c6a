/**
 * Pictures of the webview's states for somebody to look at: every theme, two sizes, from no object to twenty.
 * `npx esbuild test/editor/webview-look.ts --bundle --platform=node --format=esm --packages=external --outfile=dist/test/look.js && node dist/test/look.js [folder] [part of a name]`
 */

import type { ThemeName } from './themes.ts'
import { WebviewPage } from './webview-page.ts'
import { runningRun, scene } from './webview-scenes.ts'

const folder = process.argv[2] ?? 'test-output/webview'
const only = process.argv[3] ?? ''
const SIZES = { small: [600, 400], laptop: [1280, 800], desk: [1920, 1080] } as const
type Size = keyof typeof SIZES

async function look(
  name: string,
  theme: ThemeName,
  size: Size,
  act: (view: WebviewPage) => Promise<void>,
): Promise<void> {
  const file = `${name}-${theme}-${size}`
  if (!file.includes(only)) return
  const [width, height] = SIZES[size]
  const view = await WebviewPage.open({ theme, size: { width, height } })
  await act(view)
  await view.page.waitForTimeout(400)
  await view.screenshot(`${folder}/${file}.png`)
  await view.close()
  console.log(`${folder}/${file}.png`)
}

const working = async (view: WebviewPage) => {
  await view.send({ ...scene(100, 3), view: { frame: 37, tool: 'brush', range: [20, 56] } })
}

for (const theme of ['dark', 'light', 'high-contrast', 'high-contrast-light'] as const) {
  await look('three', theme, 'laptop', working)
  await look('brightness', theme, 'laptop', async (view) => {
    await working(view)
    await view.page.getByRole('button', { name: 'Brightness and Contrast of the Picture' }).click()
    await view.page.getByRole('slider', { name: 'Brightness' }).focus()
    for (let turn = 0; turn < 12; turn++) await view.page.keyboard.press('ArrowRight')
  })
  await look('run', theme, 'laptop', async (view) => {
    await working(view)
    await view.send({ type: 'run', run: runningRun(100) })
  })
}
await look('three', 'dark', 'desk', working)
await look('three', 'dark', 'small', working)
await look('run', 'dark', 'small', async (view) => {
  await working(view)
  await view.send({ type: 'run', run: runningRun(100) })
})
await look('empty', 'dark', 'laptop', (view) => view.send(scene(100, 0)))
await look('empty', 'light', 'small', (view) => view.send(scene(100, 0)))
await look('one', 'light', 'laptop', (view) => view.send({ ...scene(48, 1), view: { tool: 'keypoints' } }))
await look('twenty', 'dark', 'desk', (view) => view.send({ ...scene(100_000, 20), view: { frame: 31_234 } }))
await look('twenty', 'high-contrast', 'laptop', (view) =>
  view.send({ ...scene(3000, 20), view: { frame: 1234 } }),
)
await look('opening', 'dark', 'laptop', (view) => view.send({ type: 'opening', done: 12_345, total: 54_000 }))
await look('failed', 'dark', 'laptop', (view) =>
  view.send({
    type: 'failed',
    message: 'The video clip.mp4 was not found beside clip.siam.json; locate it to go on.',
    actions: [
      { title: 'Locate Video...', command: 'siammae.locateVideo' },
      { title: 'Open Annotations as Text', command: 'siammae.openAsText' },
    ],
  }),
)
await look('notices', 'dark', 'laptop', async (view) => {
  const opened = scene(100, 3)
  const warnings = ['The file is cut off: 12 frames at the end could not be read.']
  await view.send({ ...opened, trusted: false, clip: { ...opened.clip, warnings }, view: { tool: 'brush' } })
  await view.send({ type: 'offer', offer: { objectId: 1, range: [20, 56] } })
})
await look('menu', 'light', 'laptop', async (view) => {
  await working(view)
  await view.page.locator('.split-more').click()
})
await look('object-menu', 'high-contrast', 'laptop', async (view) => {
  await working(view)
  await view.page.locator('.lane-header').nth(1).click({ button: 'right' })
})
await look('zoomed', 'dark', 'laptop', async (view) => {
  await working(view)
  const track = view.page.locator('.track')
  await track.hover({ position: { x: 300, y: 60 } })
  await view.page.keyboard.down('Control')
  await view.page.mouse.wheel(0, -400)
  await view.page.keyboard.up('Control')
  await track.hover({ position: { x: 320, y: 45 } })
  await view.page.waitForTimeout(500)
})
await WebviewPage.closeBrowser()
