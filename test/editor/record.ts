/**
 * Records the main job as a moving picture: open, trace an object of the first frame with the polygon tool, propagate,
 * correct it where that was planned, look at the result. Everything is done with pointer and keyboard in the real editor.
 *
 *     npm run build && npx esbuild test/editor/record.ts --bundle --platform=node --format=esm --packages=external \
 *       --outfile=dist/test/record.js && node dist/test/record.js --out media/editor.webp
 *
 * --clip      a video or a folder of images in place of the sample clip
 * --outlines  what is traced on which frame (test/editor/outlines.ts), in place of the sample's first mask
 * --label     of what is traced
 * --without-picture  turns the picture's brightness down to nothing, for footage that must not be shown elsewhere
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, extname, join } from 'node:path'
import { parseArgs } from 'node:util'
import sharp from 'sharp'
import type { AnnotatorView } from './driver/view.ts'
import { Workbench } from './driver/workbench.ts'
import { type Outline, outlineOfMask, outlinesOf } from './outlines.ts'
import { SAMPLE } from './support/truth.ts'
import { until } from './support/until.ts'
import { findChromium } from './vscode/chromium.ts'
import { installServer } from './vscode/install-vscode.ts'

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'test-output/editor.webp' },
    clip: { type: 'string', default: SAMPLE },
    outlines: { type: 'string' },
    label: { type: 'string', default: 'animal' },
    'without-picture': { type: 'boolean', default: false },
  },
})
const { out, clip, label } = values
const isVideo = extname(clip) !== ''
const [first, ...corrections] = values.outlines ? outlinesOf(values.outlines) : [await outlineOfMask()]
if (!first) throw new Error(`${values.outlines} has no outline.`)
const SIZE = { width: 1280, height: 800 }
/** Width of the moving picture. */
const WIDTH = 800

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
    'siammae.labels': [{ name: label, colour: '#ffb000' }],
    'siammae.device': 'cpu',
  },
})
const shots: { picture: Buffer; milliseconds: number }[] = []
const shoot = async (milliseconds: number) => {
  shots.push({ picture: await workbench.page.screenshot(), milliseconds })
}
/** Clicks around every polygon of a frame that is on screen. */
async function trace(view: AnnotatorView, { polygons }: Outline): Promise<void> {
  await view.press('Polygon (P)')
  await shoot(700)
  for (const { points, subtract } of polygons) {
    if (subtract) await workbench.page.keyboard.down('Shift')
    for (const [i, [x, y]] of points.entries()) {
      await view.click({ x, y })
      if (i % 5 === 0) await shoot(90)
    }
    if (subtract) await workbench.page.keyboard.up('Shift')
    await view.key('Enter')
    await shoot(300)
  }
  await until('the object to be marked', async () => (await workbench.activeTab()).dirty)
  await shoot(1000)
}

/** Types a frame's number into the field. */
async function goTo(view: AnnotatorView, frame: number): Promise<void> {
  await view.frame.locator('.frame-box input').fill(String(frame))
  await workbench.page.keyboard.press('Enter')
  await view.waitForFrame(frame)
}

async function lastFrame(view: AnnotatorView): Promise<number> {
  const text = await view.frame.locator('.frame-box').innerText()
  return Number(/\d+/.exec(text.split('/').at(-1) ?? '')?.[0])
}

/** Looks at frames from one on while a run goes on, until it ends. */
async function follow(view: AnnotatorView, from: number): Promise<void> {
  const last = await lastFrame(view)
  await until('a run', () => view.run())
  let seen = -1
  await until(
    'the run to end',
    async () => {
      const run = await view.run()
      if (!run) return true
      if (run.done > seen + 4) {
        seen = run.done
        await goTo(view, Math.min(last, from + Math.max(0, seen - 1)))
        await shoot(160)
      }
      return false
    },
    3600,
  )
}

try {
  await workbench.file(name).click({ button: 'right' })
  await shoot(900)
  await workbench.menuItem(isVideo ? 'Annotate Video' : 'Annotate Folder of Images').click()
  const view = await workbench.view()
  await view.waitForFrame(first.frame)
  if (values['without-picture']) {
    await view.press('Brightness and Contrast of the Picture')
    await view.frame.getByRole('textbox', { name: 'Brightness' }).fill('0')
    await workbench.page.keyboard.press('Enter')
    await view.press('Brightness and Contrast of the Picture: changed')
  }
  await workbench.page.keyboard.press('Control+b')
  await workbench.newObject(label, 'the one to follow')
  await view.frame.locator('[data-object-id]').first().waitFor()
  await trace(view, first)
  await view.key('f')
  await follow(view, first.frame)
  let before = first.frame
  for (const correction of corrections) {
    await goTo(view, correction.frame)
    await shoot(900)
    // What has drifted far is drawn anew.
    await view.key('Delete')
    await trace(view, correction)
    await view.frame.locator('.offer button.primary').click()
    await follow(view, before)
    before = correction.frame
  }
  await view.key('Home')
  await view.waitForFrame(0)
  await shoot(700)
  const last = await lastFrame(view)
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
