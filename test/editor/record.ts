/**
 * Records the main job as a moving picture: open, trace an object of the first frame with the polygon tool, propagate,
 * look at the result. Everything is done with pointer and keyboard in the real editor.
 *
 *     npm run build && npx esbuild test/editor/record.ts --bundle --platform=node --format=esm --packages=external \
 *       --outfile=dist/test/record.js && node dist/test/record.js media/editor.webp
 *
 * A folder of images and the folder of its masks as second and third argument record that clip instead.
 */
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, extname, join } from 'node:path'
import sharp from 'sharp'
import { encodeMask } from '../../model/annotation/index.ts'
import { readIndexedPng } from '../../model/formats/index.ts'
import { traceContours } from '../../webview/app/masks/index.ts'
import { root } from './build.ts'
import type { Point } from './driver/view.ts'
import { Workbench } from './driver/workbench.ts'
import { SAMPLE } from './support/truth.ts'
import { until } from './support/until.ts'
import { findChromium } from './vscode/chromium.ts'
import { installServer } from './vscode/install-vscode.ts'

const [out = 'test-output/editor.webp', clip = SAMPLE, masks = join(root, 'media', 'sample', 'masks')] =
  process.argv.slice(2)
const SIZE = { width: 1280, height: 800 }
/** Width of the moving picture. */
const WIDTH = 800

/** Corners around the first object of the first mask, as somebody clicks them: every few pixels. */
async function corners(folder: string, spacing: number): Promise<Point[]> {
  const first = readdirSync(folder).sort()[0]!
  const { indices, width, height } = await readIndexedPng(join(folder, first))
  // The first object's value; 255 where a mask is black and white.
  const id = indices.reduce((least, value) => (value > 0 && value < least ? value : least), 255)
  const mask = encodeMask(
    Uint8Array.from(indices, (value) => Number(value === id)),
    width,
    height,
  )
  const outline = traceContours(mask).reduce((a, b) => (b.length > a.length ? b : a))
  const points: Point[] = []
  for (let i = 0; i < outline.length; i += 2) {
    const point = { x: outline[i]! - 0.5, y: outline[i + 1]! - 0.5 }
    const last = points.at(-1)
    if (!last || Math.hypot(point.x - last.x, point.y - last.y) >= spacing) points.push(point)
  }
  return points
}

const server = await installServer(console.log)
const chromium = findChromium()
if (!server || !chromium) throw new Error('This needs code-server and chromium; see test/editor/README.md.')
const workspace = mkdtempSync(join(tmpdir(), 'siam-record-'))
const name = basename(clip)
cpSync(clip, join(workspace, name), { recursive: true })
const workbench = await Workbench.start({
  server,
  chromium,
  folder: workspace,
  size: SIZE,
  settings: {
    'workbench.colorTheme': 'Dark 2026',
    'siammae.labels': [{ name: 'animal', colour: '#ffb000' }],
    'siammae.device': 'cpu',
  },
})
const shots: { picture: Buffer; milliseconds: number }[] = []
const shoot = async (milliseconds: number) => {
  shots.push({ picture: await workbench.page.screenshot(), milliseconds })
}
try {
  await workbench.file(name).click({ button: 'right' })
  await shoot(900)
  await workbench.menuItem('Annotate').click()
  const view = await workbench.view()
  await view.waitForFrame(0)
  await workbench.page.keyboard.press('Control+b')
  await workbench.newObject('animal', 'the one to follow')
  await view.frame.locator('[data-object-id]').first().waitFor()
  await view.press('Polygon (P)')
  await shoot(700)
  const points = await corners(masks, 12)
  for (const [i, point] of points.entries()) {
    await view.click(point)
    if (i % 5 === 0) await shoot(90)
  }
  await view.key('Enter')
  await until('the object to be marked', async () => (await workbench.activeTab()).dirty)
  await shoot(1000)
  await view.key('f')
  await until('a run', () => view.run())
  let seen = -1
  await until(
    'the run to end',
    async () => {
      const run = await view.run()
      if (!run) return true
      if (run.done > seen + 4) {
        seen = run.done
        await view.frame.locator('.frame-box input').fill(String(Math.max(0, seen - 1)))
        await workbench.page.keyboard.press('Enter')
        await view.waitForFrame(Math.max(0, seen - 1))
        await shoot(160)
      }
      return false
    },
    3600,
  )
  await view.key('Home')
  await view.waitForFrame(0)
  await shoot(700)
  const last = Number(
    /\d+/.exec((await view.frame.locator('.frame-box').innerText()).split('/').at(-1) ?? '')?.[0],
  )
  for (let frame = 4; frame <= last; frame += 4) {
    for (let step = 0; step < 4; step++) await view.key('ArrowRight')
    await view.waitForFrame(frame)
    await shoot(110)
  }
  await workbench.save()
  await shoot(1500)
} finally {
  await workbench.stop()
  rmSync(workspace, { recursive: true, force: true })
}
const pages = await Promise.all(shots.map(({ picture }) => sharp(picture).resize(WIDTH).png().toBuffer()))
const options = { delay: shots.map(({ milliseconds }) => milliseconds), loop: 0 }
const moving = sharp(pages, { join: { animated: true } })
await (extname(out) === '.gif'
  ? moving.gif({ ...options, colours: 96, interFrameMaxError: 6 })
  : moving.webp({ ...options, quality: 62, effort: 5 })
).toFile(out)
console.log(`${shots.length} pictures in ${join(dirname(out), basename(out))}`)
