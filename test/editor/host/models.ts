/** Protects: a checkpoint of others becomes a model on the list, is used by this workspace alone, compared and removed. */
import { strict as assert } from 'node:assert'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'mocha'
import * as vscode from 'vscode'
import type { AnnotatorDocument } from '../../../extension/editor/index.ts'
import type { ModelEntry, Models } from '../../../extension/models/index.ts'
import { encoderConfig, encoderLayout, initialiseEncoder } from '../../../model/siammae/index.ts'
import { readEncoder } from '../../../model/weights/index.ts'
import { type Nested, torchZip } from '../../support/checkpoints.ts'
import { until } from '../support/until.ts'
import { closeAll, editors, extension, makeClip, OBJECT, open, removeClip } from './support.ts'

const command = <T>(name: string, ...values: unknown[]) => vscode.commands.executeCommand<T>(name, ...values)
const models = (): Models => (extension().exports as unknown as { models: Models }).models
const setting = (name: string, value: unknown) =>
  vscode.workspace.getConfiguration('siammae').update(name, value, vscode.ConfigurationTarget.Global)

/** A training checkpoint as PyTorch writes it, of a small network. */
async function checkpoint(path: string): Promise<void> {
  const config = encoderConfig('Ti', 16, { depth: 1, positionGrid: 6 })
  const start = initialiseEncoder(config, 4)
  const net: Nested = Object.fromEntries(
    [...encoderLayout(config)].map(([name, shape]) => [name, { shape, values: start.get(name)! }]),
  )
  await writeFile(path, torchZip({ model: net, epoch: 1 }))
}

describe('models', function () {
  this.timeout(300_000)
  let clip: Awaited<ReturnType<typeof makeClip>>
  let document: AnnotatorDocument
  let model: ModelEntry | undefined
  beforeEach(async () => {
    await setting('device', 'cpu')
    await setting('networkSize', 96)
    clip = await makeClip()
    document = await open(clip.sidecar)
    await until('the view', () => editors().active?.document === document)
    editors().active!.command({ name: 'selectObject', objectId: OBJECT })
    await until('the object to be chosen', () => editors().active!.view.objectId === OBJECT)
    const file = join(clip.folder, 'bought.pth')
    await checkpoint(file)
    model = await command<ModelEntry>('siammae.importModel', { file, licence: 'CC BY 4.0' })
  })
  afterEach(async () => {
    await models().activate('starter')
    if (model !== undefined)
      await models()
        .registry.remove(model.id)
        .catch(() => {})
    await closeAll()
    await removeClip(clip.folder)
  })

  it('a checkpoint is imported, tried, listed, used in this workspace, and what runs follows', async () => {
    assert.ok(model !== undefined)
    assert.deepEqual(
      { name: model.name, size: model.size, licence: model.licence, origin: model.origin },
      { name: 'bought', size: 'ViT 192x1/16', licence: 'CC BY 4.0', origin: 'imported' },
    )
    const source = join(clip.folder, 'bought.pth')
    assert.equal(model.source, source)
    const written = await readEncoder(model.file)
    assert.equal(written.metadata['import.source'], source)
    assert.equal(written.metadata['import.sha256'], model.sourceSha256)
    const listed = await models().list()
    assert.equal(listed[0]?.id, 'starter')
    assert.equal(listed.at(-1)?.id, model.id)
    assert.ok(models().isActive(listed[0]!))

    await command('siammae.activateModel', model.id)
    const inspected = vscode.workspace.getConfiguration('siammae').inspect<string>('model')
    assert.equal(inspected?.workspaceValue, model.file)
    assert.equal(inspected?.globalValue, undefined)
    assert.ok(models().isActive(model))
    await command('siammae.propagateForward')
    await until('the first results', () => document.annotations.entry(OBJECT, 3) !== undefined, 200)
    await command('siammae.cancelPropagation')
    assert.equal([...document.annotations.runs.values()][0]?.model.hash, written.hash)

    // Back to the starter: nothing is left of it in the workspace's settings.
    await command('siammae.activateModel', 'starter')
    assert.equal(vscode.workspace.getConfiguration('siammae').inspect('model')?.workspaceValue, undefined)
    await models().registry.remove(model.id)
    assert.equal(existsSync(model.file), false)
    assert.ok((await readFile(source)).length > 0)
  })

  it('two models are compared without touching the document, and one is kept in one step', async () => {
    assert.ok(model !== undefined)
    const before = document.annotations.entryCount(OBJECT)
    await command('siammae.compareModels', 'starter', model.id)
    const shown = () => (document as unknown as { comparison?: { view: { state: string } } }).comparison?.view
    await until('the comparison', () => shown()?.state === 'done', 200)
    assert.equal(document.annotations.entryCount(OBJECT), before)
    assert.equal(document.annotations.runs.size, 0)
    assert.equal(vscode.window.tabGroups.activeTabGroup.activeTab?.isDirty, false)
    await command('siammae.keepComparisonB')
    assert.equal(shown(), undefined)
    assert.equal(document.annotations.entryCount(OBJECT), before + 24)
    assert.equal([...document.annotations.runs.values()][0]?.model.file, (await readEncoder(model.file)).file)
    await until('the mark of a change', () => vscode.window.tabGroups.activeTabGroup.activeTab?.isDirty)
    await command('undo')
    await until('the undo', () => document.annotations.entryCount(OBJECT) === before)
  })
})
