/** What can happen to the file of a document while and before it is open, as a person sees it. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readSidecar, writeSidecar } from '../../model/formats/index.ts'
import { sampleDocument } from './support/documents.ts'
import { editorSuite, MAGENTA } from './support/suite.ts'
import { HEIGHT, liesOn, truth, WIDTH, wayThrough } from './support/truth.ts'
import { until } from './support/until.ts'

const write = async (folder: string, name = 'sample') =>
  writeSidecar(join(folder, `${name}.siam.json`), await sampleDocument('sample.mp4', [0]))

editorSuite('a damaged side-car', { prepare: (folder) => write(folder) }, (place) => {
  it('is reported with the place of the damage, and stays as it is', async () => {
    const { workbench, folder } = place()
    const path = join(folder, 'sample.siam.json')
    const damaged = readFileSync(path, 'utf8').replace('"keyframe"', '"keyfrme"')
    writeFileSync(path, damaged)
    await workbench.open('sample.siam.json')
    const failed = await until('the message', async () => {
      const frame = (await workbench.views())[0]
      return (await frame?.$('.failed')) ?? undefined
    })
    const text = (await failed.textContent()) ?? ''
    expect(text).toMatch(/damaged at line \d+/)
    await workbench.screenshot('damaged')
    await workbench.page.keyboard.press('Control+s')
    await workbench.closeEditor()
    expect(readFileSync(path, 'utf8')).toBe(damaged)
  })
})

editorSuite('a video that is not where it was', { prepare: (folder) => write(folder) }, (place) => {
  it('is asked for, and nothing is shown in its place', async () => {
    const { workbench, folder } = place()
    renameSync(join(folder, 'sample.mp4'), join(folder, 'moved.mp4'))
    await workbench.open('sample.siam.json')
    const failed = await until('the message', async () => {
      const frame = (await workbench.views())[0]
      return (await frame?.$('.failed')) ?? undefined
    })
    expect(await failed.textContent()).toContain('sample.mp4')
    await workbench.screenshot('video-missing')
  })
})

editorSuite('a side-car that changes on disk', { prepare: (folder) => write(folder) }, (place) => {
  it('is shown anew while the document is clean', async () => {
    const { workbench, folder } = place()
    await workbench.open('sample.siam.json')
    const view = await workbench.view()
    const onScreen = async (object: 1 | 2) =>
      liesOn(await view.painted(WIDTH, HEIGHT, MAGENTA), await truth(0, object))
    await until('the mask', () => onScreen(2))
    const other = await sampleDocument('sample.mp4', [0], { object: 1 })
    await writeSidecar(join(folder, 'sample.siam.json'), other)
    await until('the other mask', () => onScreen(1))
    expect((await workbench.activeTab()).dirty).toBe(false)
  })

  it('asks before unsaved work would be lost', async () => {
    const { workbench, folder } = place()
    const view = await workbench.view()
    await view.key('1')
    await view.tool('brush')
    await view.draw(wayThrough(await truth(0, 2), 14))
    await until('the dirty mark', async () => (await workbench.activeTab()).dirty)
    await writeSidecar(join(folder, 'sample.siam.json'), await sampleDocument('sample.mp4', [0, 1]))
    await until('the question', async () =>
      (await workbench.questions()).some((text) => /changed/i.test(text)),
    )
    await workbench.screenshot('changed-on-disk')
    expect((await workbench.activeTab()).dirty).toBe(true)
  })
})

editorSuite('unsaved work', {}, (place) => {
  it('is there again after the window was closed without saving', async () => {
    const { workbench, folder } = place()
    const view = await workbench.annotate('sample.mp4')
    await view.waitForFrame(0)
    await workbench.newObject('koi', 'black koi')
    await view.draw(wayThrough(await truth(0, 2), 14))
    await until('the mask', async () => liesOn(await view.painted(WIDTH, HEIGHT, MAGENTA), await truth(0, 2)))
    await workbench.backedUp()
    await workbench.load(folder)
    const again = await workbench.view()
    await until('the mask again', async () =>
      liesOn(await again.painted(WIDTH, HEIGHT, MAGENTA), await truth(0, 2)),
    )
    expect((await workbench.activeTab()).dirty).toBe(true)
    await workbench.save()
    const saved = await readSidecar(join(folder, 'sample.siam.json'))
    expect(saved.entry(1, 0)?.state).toBe('keyframe')
  })
})

editorSuite(
  'a workspace that is not trusted',
  { trustAll: false, prepare: (folder) => write(folder) },
  (place) => {
    it('shows and draws, does not run the model, and says so', async () => {
      const { workbench } = place()
      await workbench.open('sample.siam.json')
      const view = await workbench.view()
      await view.waitForFrame(0)
      await until('the sentence', async () => (await view.frame.$('.notice')) !== null)
      expect(await view.frame.locator('.notice').first().textContent()).toContain('not trusted')
      await view.tool('brush')
      await view.draw(wayThrough(await truth(0, 1), 14))
      await until('the dirty mark', async () => (await workbench.activeTab()).dirty)
      await view.key('f')
      await until('the question', async () =>
        (await workbench.questions()).some((text) => /trust/i.test(text)),
      )
      expect(await view.run()).toBeUndefined()
      await workbench.screenshot('untrusted')
    })
  },
)
