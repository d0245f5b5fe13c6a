/** The package as people get it: built, installed into an empty VS Code, and the main job done in it once. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { formats, readSidecar } from '../../model/formats/index.ts'
import { root } from './build.ts'
import { appears } from './driver/workbench.ts'
import { endPlace, MAGENTA, makePlace, type Place } from './support/suite.ts'
import { HEIGHT, liesOn, truth, WIDTH, wayThrough } from './support/truth.ts'
import { until } from './support/until.ts'
import { makeHome, serverArguments, serverEnvironment } from './vscode/code-server.ts'

const server = inject('server')

describe.skipIf(!server || !inject('chromium'))('the installed package', () => {
  let place: Place | undefined
  let home: string | undefined
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'siam-vsix-'))
    makeHome({ home })
    const vsix = join(home, 'siammae.vsix')
    const said = execFileSync(process.execPath, ['scripts/package.mjs', '--no-build', '--out', vsix], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    console.log(said.split('\n').findLast((line) => line.includes('packed')))
    execFileSync(server!.node, [...serverArguments(server!, home), '--install-extension', vsix], {
      env: serverEnvironment(),
      stdio: 'pipe',
    })
    expect(readdirSync(join(home, 'extensions')).some((name) => name.startsWith('siammae.'))).toBe(true)
  })
  beforeEach(async () => {
    place = await makePlace({ home: home!, development: false })
  })
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail')
      await place?.workbench.screenshot(`failed-${task.name.replaceAll(/\W+/g, '-')}`)
    await endPlace(place)
  })
  afterAll(() => {
    if (home) rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  })

  it('marks a koi, propagates it with the model of the package, and saves', async () => {
    const { workbench, folder } = place!
    const view = await workbench.annotate('sample.mp4')
    await view.waitForFrame(0)
    await workbench.newObject('koi', 'black koi')
    await view.tool('brush')
    await view.draw(wayThrough(await truth(0, 2), 14))
    await view.key('f')
    await until('some results', async () => ((await view.run())?.done ?? 0) > 8, 120)
    await view.press('Cancel Propagation')
    await view.runEnd()
    for (let frame = 1; frame <= 5; frame++) {
      await view.key('ArrowRight')
      await view.waitForFrame(frame)
    }
    const onKoi = async () => liesOn(await view.painted(WIDTH, HEIGHT, MAGENTA), await truth(5, 2))
    await until('the mask on frame 5', onKoi)
    await workbench.save()
    const saved = await readSidecar(join(folder, 'sample.siam.json'))
    expect([...saved.runs.values()][0]?.device).toBe('cpu')
    await workbench.screenshot('installed')
  })

  it('leads whoever follows its walkthrough, button by button, to an exported dataset', async () => {
    const { workbench, folder } = place!
    const { page } = workbench
    // The annotator covers the walkthrough, which one goes back to by its tab and its entry there.
    const tab = page.locator('.tab', { hasText: 'Welcome' })
    const category = page
      .locator('.getting-started-category', { hasText: 'Annotate your first clip' })
      .first()
    const press = async (step: string, button: string) => {
      const link = page.getByRole('button', { name: button, exact: true })
      const heading = page.locator('.getting-started-step', { hasText: step }).first()
      await until(`the button ${button}`, async () => {
        if (await link.isVisible()) return true
        const way = [heading, category, tab]
        for (const place of way)
          if ((await place.isVisible()) && (await place.isEnabled())) {
            // The page is built anew while steps are ticked off.
            await place.click({ timeout: 2000 }).catch(() => {})
            break
          }
        return appears(link)
      })
      await link.click({ timeout: 5000 })
    }
    await workbench.command('SiamMAE: Open Walkthrough')
    await press('Open the sample clip', 'Open Sample Clip')
    await page.locator('.quick-input-list .monaco-list-row', { hasText: 'In the folder' }).click()
    await (await workbench.view()).waitForFrame(0)
    await press('Make an object', 'New Object')
    await workbench.nameObject('koi', 'black koi')
    await press('Mark it on this frame', 'Take the Brush')
    let view = await workbench.view()
    await view.frame.locator('[data-tool=brush][aria-checked=true]').waitFor()
    await view.draw(wayThrough(await truth(0, 2), 14))
    await until('the mark', async () => (await view.painted(WIDTH, HEIGHT, MAGENTA)).includes(1))
    await press('Watch it travel', 'Propagate Forward')
    view = await workbench.view()
    await until('some results', async () => ((await view.run())?.done ?? 0) > 8, 120)
    await view.press('Cancel Propagation')
    await view.runEnd()
    await press('Correct it where it drifts', 'Next Frame Worth Checking')
    await press('Save and export a dataset', 'Export Dataset')
    // Format, annotations alone, and the folder beside the clip: the first of each.
    const asked = page.locator('.quick-input-widget')
    await until('the dataset', async () => {
      if (existsSync(join(folder, 'siammae-export.json'))) return true
      if (await asked.isVisible()) await page.keyboard.press('Enter')
      await page.waitForTimeout(300)
      return false
    })
    const read = await formats.davis.read(folder)
    const [object] = read.objects.keys()
    expect(read.frames(object!).length).toBeGreaterThan(8)
    await tab.click()
    if ((await category.isVisible()) && (await category.isEnabled())) await category.click()
    const done = page.locator('.getting-started-step .codicon-getting-started-step-checked:visible')
    await until('six steps to be ticked off', async () => (await done.count()) >= 6)
    await workbench.screenshot('walkthrough')
  })
})
