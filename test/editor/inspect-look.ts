/**
 * Pictures of the inspector for somebody to look at: correspondence and attention on the sample clip, in every theme.
 * `npx esbuild test/editor/inspect-look.ts --bundle --platform=node --format=esm --packages=external --outfile=dist/test/inspect-look.js && node dist/test/inspect-look.js [folder] [part of a name]`
 */
import type { HostMessage } from '../../webview/protocol/index.ts'
import { startInspector } from './support/inspector.ts'
import { koi } from './support/koi.ts'
import { StagePage } from './support/stage-page.ts'
import type { ThemeName } from './themes.ts'
import { WebviewPage } from './webview-page.ts'
import { runningRun } from './webview-scenes.ts'

const folder = process.argv[2] ?? 'test-output/inspect'
const only = process.argv[3] ?? ''
const marked = await koi(true)
const inspector = await startInspector(480)

interface How {
  readonly theme?: ThemeName
  readonly frame?: number
  readonly size?: { readonly width: number; readonly height: number }
  readonly kept?: Record<string, unknown>
  readonly opened?: Partial<Extract<HostMessage, { type: 'opened' }>>
}

async function look(name: string, how: How, act: (stage: StagePage) => Promise<void>): Promise<void> {
  if (!name.includes(only)) return
  const frame = how.frame ?? 0
  const view = await WebviewPage.open({
    theme: how.theme ?? 'dark',
    entries: marked.entries,
    picture: marked.picture,
    inspect: inspector.answer,
    ...(how.size && { size: how.size }),
    ...(how.kept && { kept: how.kept }),
  })
  await view.send({ ...marked.opened, ...how.opened, view: { frame, tool: 'inspect', objectId: 1 } })
  await view.page.waitForSelector(`.stage[data-frame="${frame}"]`)
  await act(new StagePage(view))
  await view.page.waitForTimeout(400)
  await view.screenshot(`${folder}/${name}.png`)
  await view.close()
  console.log(`${folder}/${name}.png`)
}

/** Until the model has answered the last question. */
const seen = (stage: StagePage) =>
  stage.page.waitForFunction(
    "posted.some((one) => one.type === 'inspect') && document.querySelector('.inspect-looking.idle, .inspect-problem') && document.querySelector('.inspect-network')",
    undefined,
    { timeout: 120_000 },
  )

const pointing = async (stage: StagePage) => {
  await stage.move([199, 215])
  await stage.page.waitForTimeout(100)
  await seen(stage)
}
const stepping = async (stage: StagePage) => {
  await stage.click([199, 215])
  await stage.command({ name: 'goToFrame', frame: 5 })
  await stage.shows(5)
  await stage.page.waitForTimeout(100)
  await seen(stage)
}

for (const theme of ['dark', 'light', 'high-contrast', 'high-contrast-light'] as const) {
  await look(`pointing-${theme}`, { theme }, pointing)
  await look(`pinned-${theme}`, { theme }, stepping)
  await look(`attention-${theme}`, { theme }, async (stage) => {
    await stage.command({ name: 'inspect', what: 'attention' })
    await stage.page.waitForSelector('.inspect-head', { timeout: 120_000 })
    await stage.page.locator('.inspect-head').nth(1).click()
    await stage.move([150, 215])
  })
}
await look('small', { size: { width: 640, height: 420 } }, stepping)
await look('untrusted', { opened: { trusted: false } }, async () => {})
await look('running', { theme: 'light', opened: { run: runningRun(40) } }, async () => {})
await look('nothing-yet', {}, async () => {})
await WebviewPage.closeBrowser()
await inspector.stop()
