/** Protects: a propagation leaves the extension host free, is one undo step, and never touches a person's frame. */
import { strict as assert } from 'node:assert'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterEach, beforeEach, describe, it } from 'mocha'
import * as vscode from 'vscode'
import type { AnnotatorDocument } from '../../../extension/editor/index.ts'
import type { OpenDocument } from '../../../extension/editor/open-document.ts'
import type { Entry } from '../../../model/annotation/index.ts'
import { childrenOf } from '../driver/processes.ts'
import { until } from '../support/until.ts'
import { print } from './print.ts'
import { closeAll, editors, makeClip, OBJECT, open, removeClip } from './support.ts'

const setting = (name: string, value: unknown) =>
  vscode.workspace.getConfiguration('siammae').update(name, value, vscode.ConfigurationTarget.Global)

function entries(document: AnnotatorDocument): (Entry | undefined)[] {
  return Array.from({ length: document.clip.frameCount }, (_, frame) =>
    document.annotations.entry(OBJECT, frame),
  )
}

describe('a propagation', function () {
  this.timeout(300_000)
  let clip: Awaited<ReturnType<typeof makeClip>>
  let document: AnnotatorDocument
  beforeEach(async () => {
    await setting('device', 'cpu')
    // What runs is the same, only coarser: two cores must do in a test.
    await setting('networkSize', 128)
    clip = await makeClip()
    document = await open(clip.sidecar)
    await until('the view', () => editors().active?.document === document)
    editors().active!.command({ name: 'selectObject', objectId: OBJECT })
    await until('the object to be chosen', () => editors().active!.view.objectId === OBJECT)
  })
  afterEach(async () => {
    await closeAll()
    await removeClip(clip.folder)
  })

  it('labels every frame and leaves the event loop gap under 50 ms at the 99th percentile', async () => {
    const delay = monitorEventLoopDelay({ resolution: 1 })
    const memory = process.memoryUsage().rss
    delay.enable()
    const start = performance.now()
    await vscode.commands.executeCommand('siammae.propagateForward')
    await until('the last frame', () => document.annotations.entry(OBJECT, 99) !== undefined, 200)
    delay.disable()
    const seconds = (performance.now() - start) / 1000
    const gap = delay.percentile(99) / 1e6
    const grown = (process.memoryUsage().rss - memory) / 2 ** 20
    print(
      `propagation of 99 frames: ${seconds.toFixed(1)} s; event loop gap of the extension host: ` +
        `99th percentile ${gap.toFixed(1)} ms, largest ${(delay.max / 1e6).toFixed(1)} ms; ` +
        `memory grown by ${grown.toFixed(0)} MB`,
    )
    assert.ok(gap < 50, `the gap was ${gap.toFixed(1)} ms`)
    assert.equal(entries(document).filter((entry) => entry === undefined).length, 0)
  })

  it('is ended, with what is done, by a restart where the model process hangs', async function () {
    if (process.platform !== 'linux') this.skip()
    await vscode.commands.executeCommand('siammae.propagateForward')
    await until('a first result', () => document.annotations.entry(OBJECT, 1) !== undefined)
    const [hanging] = childrenOf(process.pid).filter(({ command }) => /model-process\.js/.test(command))
    process.kill(hanging!.id, 'SIGSTOP')
    const cancelled = vscode.commands.executeCommand('siammae.cancelPropagation')
    await vscode.commands.executeCommand('siammae.restartModelProcess')
    await cancelled
    assert.deepEqual(
      childrenOf(process.pid).filter(({ id }) => id === hanging!.id),
      [],
    )
    assert.notEqual(document.annotations.entry(OBJECT, 1), undefined)
    assert.equal(document.annotations.entry(OBJECT, 99), undefined)
    // The next one runs in the next process, as if nothing had been.
    await vscode.commands.executeCommand('siammae.propagateForward')
    await until('the last frame', () => document.annotations.entry(OBJECT, 99) !== undefined, 200)
  })

  it('is one step to undo and to redo', async () => {
    await vscode.commands.executeCommand('siammae.propagateForward')
    await until('the last frame', () => document.annotations.entry(OBJECT, 99) !== undefined, 200)
    const after = entries(document)
    await vscode.commands.executeCommand('undo')
    await until('the run to be undone', () => document.annotations.entry(OBJECT, 99) === undefined)
    assert.deepEqual(
      entries(document).flatMap((entry, frame) => (entry ? [frame] : [])),
      [0],
    )
    await vscode.commands.executeCommand('redo')
    await until('the run to be back', () => document.annotations.entry(OBJECT, 99) !== undefined)
    assert.deepEqual(entries(document), after)
  })

  it('is over the range that was set just before, not over an older one', async () => {
    const command = (name: string, ...values: unknown[]) => vscode.commands.executeCommand(name, ...values)
    await command('siammae.rangeStart')
    await command('siammae.goToFrame', 40)
    await command('siammae.rangeEnd')
    await until('the older range', () => editors().active!.view.range?.[1] === 40)
    await command('siammae.goToFrame', 4)
    await command('siammae.rangeEnd')
    await command('siammae.propagateRange')
    await until(
      'the end of the run',
      () =>
        document.annotations.entry(OBJECT, 4) !== undefined && (document as OpenDocument).run === undefined,
      200,
    )
    const labelled = entries(document).flatMap((entry, frame) => (entry ? [frame] : []))
    assert.deepEqual(labelled, [0, 1, 2, 3, 4])
  })

  it('leaves the frames of a person alone', async () => {
    const mine: Entry = { state: 'absent', by: 'person' }
    document.perform({ kind: 'setEntry', objectId: OBJECT, frame: 12, entry: mine }, 'Mark object as absent')
    await vscode.commands.executeCommand('siammae.propagateForward')
    await until('the last frame', () => document.annotations.entry(OBJECT, 99) !== undefined, 200)
    assert.deepEqual(document.annotations.entry(OBJECT, 12), mine)
  })
})
