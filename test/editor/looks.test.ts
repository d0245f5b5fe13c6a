/**
 * Pictures of the states that a person meets, in dark, light and high contrast, for eyes to look at (test-output/);
 * what is asserted is that the theme reached the editor and nothing sticks out of the window.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type AnnotationDocument, encodeMask } from '../../model/annotation/index.ts'
import { writeSidecar } from '../../model/formats/index.ts'
import { RUN, sampleDocument } from './support/documents.ts'
import { editorSuite } from './support/suite.ts'
import { HEIGHT, truth, WIDTH } from './support/truth.ts'
import { until } from './support/until.ts'

const THEMES = [
  ['dark', 'Default Dark Modern', 'vscode-dark'],
  ['light', 'Default Light Modern', 'vscode-light'],
  ['high-contrast', 'Default High Contrast', 'vscode-high-contrast'],
  ['high-contrast-light', 'Default High Contrast Light', 'vscode-high-contrast-light'],
] as const
const SIZES = [
  [1280, 800],
  [1920, 1080],
] as const

const COLOURS = ['#e6194b', '#3cb44b', '#ffe119', '#4363d8', '#f58231', '#911eb4', '#46f0f0', '#f032e6']

/** Both koi over the whole clip, and as many more as make the list long, one with a name that is too long. */
async function crowded(): Promise<AnnotationDocument> {
  const document = await sampleDocument('sample.mp4', [0, 40], { propagated: true })
  document.apply({ kind: 'putLabel', label: { id: 2, name: 'fish', colour: COLOURS[1]! } })
  for (let id = 2; id <= 14; id++) {
    const name =
      id === 3
        ? 'the white and orange koi that passes under the lily pad in the middle of the pond'
        : `fish ${id}`
    const colour = COLOURS[id % COLOURS.length]!
    document.apply({ kind: 'putObject', object: { id, name, labelId: 2, colour } })
    for (let frame = 0; frame < 100; frame++) {
      if (id > 2 && (frame * 7 + id * 13) % 100 < 15 + id) continue
      const mask = encodeMask(await truth(frame, 1), WIDTH, HEIGHT)
      const entry =
        id > 2 && frame % 31 === 5
          ? ({ state: 'absent', by: 'person' } as const)
          : frame === id
            ? ({ state: 'keyframe', occluded: id % 2 === 0, ...(id === 2 ? { mask } : {}) } as const)
            : ({
                state: 'propagated',
                run: RUN.id,
                confidence: Math.abs(Math.sin((frame + id * 5) / 11)),
                occluded: false,
                ...(id === 2 ? { mask } : {}),
              } as const)
      document.apply({ kind: 'setEntry', objectId: id, frame, entry })
    }
  }
  return document
}

async function prepare(folder: string): Promise<void> {
  await writeSidecar(join(folder, 'sample.siam.json'), await crowded())
  writeFileSync(
    join(folder, 'broken.siam.json'),
    '{ "format": "siammae-annotations", "version": 1, "video": ',
  )
}

for (const [name, theme, kind] of THEMES) {
  const settings = {
    'siammae.maskOpacity': 0.5,
    'siammae.maskStyle': 'both',
    'workbench.colorTheme': theme,
  }
  editorSuite(`how it looks in ${name}`, { settings, prepare }, (place) => {
    it('at both sizes of the window', async () => {
      const { workbench } = place()
      await workbench.open('sample.siam.json')
      const view = await workbench.view()
      expect(await view.frame.getAttribute('body', 'data-vscode-theme-kind')).toBe(kind)
      await view.tool('brush')
      for (const [width, height] of SIZES) {
        await workbench.page.setViewportSize({ width, height })
        await until('the picture to fit', async () => {
          const { left, scale } = await view.placement()
          return left > 0 && left + WIDTH * scale < width
        })
        const outside = await view.frame.evaluate(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        )
        expect(outside).toBe(0)
        await workbench.screenshot(`looks-${name}-${width}x${height}`)
      }
      await workbench.page.setViewportSize({ width: 1280, height: 800 })
    })

    it('with the trees', async () => {
      const { workbench } = place()
      await workbench.sideBar('SiamMAE')
      await workbench.rows('Objects').filter({ hasText: 'fish 2' }).first().waitFor()
      await workbench.rows('Frames Worth Checking').first().waitFor()
      await workbench.screenshot(`looks-${name}-trees`)
      // A name that is too long is cut, not the tree widened.
      const bar = (await workbench.page.locator('.part.sidebar').boundingBox())!
      for (const row of await workbench.rows('Objects').all())
        expect((await row.boundingBox())!.width).toBeLessThanOrEqual(bar.width)
    })
  })
}

editorSuite('how it looks when something is wrong', { prepare }, (place) => {
  it('with a damaged file', async () => {
    const { workbench } = place()
    await workbench.open('broken.siam.json')
    await until('the message', async () => (await (await workbench.views())[0]?.$('.failed')) ?? undefined)
    await workbench.screenshot('looks-damaged')
  })
})
