/** The package as people get it: built, installed into an empty VS Code, and the main job done in it once. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { readSidecar } from '../../model/formats/index.ts'
import { root } from './build.ts'
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
    place = await makePlace({ home, development: false })
  })
  afterAll(async () => {
    await endPlace(place)
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
})
