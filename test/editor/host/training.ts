/** Protects: fine-tuning from the Explorer to the active model, a killed process on the way. */
import { strict as assert } from 'node:assert'
import { readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'mocha'
import * as vscode from 'vscode'
import type { TrainingNews } from '../../../extension/training/index.ts'
import { readSidecar, writeSidecar } from '../../../model/formats/index.ts'
import { childrenOf, trainingProcesses } from '../driver/processes.ts'
import { until } from '../support/until.ts'
import { print } from './print.ts'
import { closeAll, extension, makeClip, OBJECT, removeClip, workspace } from './support.ts'

/** A network so small that a step takes milliseconds. */
const TINY = {
  model: {
    imageSize: 32,
    encoder: { patch: 8, dim: 32, depth: 2, heads: 2 },
    decoder: { dim: 16, depth: 1, heads: 2 },
    futureRatio: 0.75,
  },
  data: { shortSide: 48 },
  schedule: { steps: 100_000, warmupSteps: 2 },
  batch: 4,
  accumulate: 2,
  device: 'cpu',
  threads: 1,
  checkpoints: { every: 3, keep: 2 },
  previews: { every: 5, pairs: 1 },
}

const setting = (name: string, value: unknown, target = vscode.ConfigurationTarget.Global) =>
  vscode.workspace.getConfiguration('siammae').update(name, value, target)

/** Training processes that this extension host has started (Linux). */
function ownTrainings(): number[] {
  return trainingProcesses(childrenOf(process.pid)).map(({ id }) => id)
}

describe('fine-tuning', function () {
  this.timeout(300_000)
  const tuning = () => extension().exports.tuning
  const news: TrainingNews[] = []
  let clip: Awaited<ReturnType<typeof makeClip>>
  let folder: string
  let subscription: { dispose(): void }
  const run = () => tuning().trainings.find(folder)!

  before(async () => {
    await extension().activate()
    await setting('device', 'cpu')
    await setting('networkSize', 128)
    clip = await makeClip()
    folder = join(workspace(), 'siammae-runs', 'tiny')
    subscription = tuning().trainings.onNews((one) => news.push(one))
  })
  after(async () => {
    subscription.dispose()
    const { models } = extension().exports
    for (const { id, source } of await models.list()) if (source === folder) await models.registry.remove(id)
    await setting('model', undefined, vscode.ConfigurationTarget.Workspace)
    await setting('networkSize', undefined)
    await closeAll()
    await removeClip(clip.folder)
    await rm(join(workspace(), 'siammae-runs'), { recursive: true, force: true, maxRetries: 5 })
  })

  it('opens a form for what was chosen in the Explorer', async () => {
    await vscode.commands.executeCommand('siammae.fineTune', vscode.Uri.file(clip.video), [
      vscode.Uri.file(clip.video),
    ])
    const tab = await until('the panel', () => {
      const active = vscode.window.tabGroups.activeTabGroup.activeTab
      return active?.input instanceof vscode.TabInputWebview ? active : undefined
    })
    assert.match((tab.input as vscode.TabInputWebview).viewType, /siammae\.dashboard/)
    await vscode.window.tabGroups.close(tab)
  })

  it('trains, and shows the run in its list', async () => {
    await tuning().trainings.start(
      folder,
      {
        sources: [clip.video],
        start: { kind: 'random' },
        layers: [{ name: 'tiny', settings: TINY }],
      },
      TINY.schedule.steps,
    )
    assert.equal(run().device, 'cpu')
    await vscode.commands.executeCommand('siammae.openTraining', { folder })
    await until('some steps', () => run().step >= 8)
    assert.equal(run().state, 'running')
    assert.ok(run().pairsPerSecond! > 0)
    assert.equal(ownTrainings().length, 1)
  })

  it('goes on from its checkpoint when its process is killed', async function () {
    if (process.platform !== 'linux') this.skip()
    const before = run().step
    const [pid] = ownTrainings()
    process.kill(pid!, 'SIGKILL')
    await until('the news', () => news.some(({ kind }) => kind === 'lost'))
    await until('the run to go on', () => run().state === 'running' && run().step > before + 5)
    assert.notEqual(ownTrainings()[0], pid)
    assert.equal(news.filter(({ kind }) => kind === 'lost').length, 1)
    const steps = readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .slice(0, before)
      .map((line) => JSON.parse(line).step)
    assert.deepEqual(
      steps,
      steps.map((_, at) => at + 1),
    )
    print(`training process killed at step ${before}; the run goes on, now at step ${run().step}`)
  })

  it('rests while a person has paused it, and goes on', async () => {
    await vscode.commands.executeCommand('siammae.pauseTraining', { folder })
    assert.equal(run().state, 'paused')
    // The batch at work is finished.
    await new Promise((resolve) => setTimeout(resolve, 500))
    const { step } = run()
    await new Promise((resolve) => setTimeout(resolve, 500))
    assert.equal(run().step, step)
    await vscode.commands.executeCommand('siammae.resumeTraining', { folder })
    await until('more steps', () => run().step > step)
  })

  it('stops, keeps its model, and makes it the active one', async () => {
    await vscode.commands.executeCommand('siammae.keepTraining', { folder })
    assert.equal(run().state, 'stopped')
    assert.equal(run().model?.step, run().step)
    assert.deepEqual(ownTrainings(), [])
    await vscode.commands.executeCommand('siammae.useTraining', { folder })
    const { models } = extension().exports
    const entry = (await models.list()).find(
      ({ origin, source }) => origin === 'trained' && source === folder,
    )
    assert.ok(entry, 'the registry has the model')
    assert.equal(entry.licence, 'its footage')
    assert.ok(models.isActive(entry))
    assert.equal(vscode.workspace.getConfiguration('siammae').get('model'), entry.file)
    assert.equal(await tuning().isActive(folder), true)
  })

  it('measures before and after on the annotated clips of the workspace', async () => {
    const document = await readSidecar(clip.sidecar)
    const first = document.entry(OBJECT, 0)!
    document.apply({ kind: 'setEntry', objectId: OBJECT, frame: 3, entry: first })
    await writeSidecar(clip.sidecar, document)
    await tuning().evaluate(folder)
    const state = tuning().evaluationOf(folder)
    assert.equal(state.kind, 'done', JSON.stringify(state))
    if (state.kind !== 'done') return
    assert.equal(state.evaluation.models.length, 2)
    assert.equal(state.evaluation.clips[0]?.keyframes, 1)
    const [starter, tiny] = state.evaluation.overall.map(({ jf }) => jf ?? Number.NaN)
    print(`J&F of the starter ${starter?.toFixed(3)}, of a tiny network after some steps ${tiny?.toFixed(3)}`)
    assert.ok(starter! > 0.2 && starter! < 1, `${starter}`)
    assert.ok(tiny! >= 0 && tiny! < 1, `${tiny}`)
    assert.ok(readdirSync(folder).includes('evaluation.json'))
  })

  it('leaves the list when it is told to, and its folder stays', async () => {
    await vscode.commands.executeCommand('siammae.forgetTraining', { folder })
    assert.equal(tuning().trainings.find(folder), undefined)
    assert.ok(readdirSync(folder).includes('checkpoints'))
  })
})
