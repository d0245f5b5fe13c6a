/** Protects: the list of models survives damage and other windows, and no file of a person is ever removed. */
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ModelRegistry } from '../../../extension/models/registry.ts'
import type { ModelEntry, NewModel } from '../../../extension/models/types.ts'

let home = ''
let folder = ''
let told: string[] = []
const registries: ModelRegistry[] = []

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'siammae-models-'))
  folder = join(home, 'models')
  told = []
})

afterEach(() => {
  for (const registry of registries.splice(0)) registry.dispose()
  rmSync(home, { recursive: true, force: true })
})

const starter = { id: 'starter', name: 'Starter model', origin: 'starter' } as ModelEntry

/** The registry as one window has it. */
function open(): ModelRegistry {
  const registry = new ModelRegistry({
    folder,
    starter: async () => starter,
    tellDamage: (sentence) => told.push(sentence.message),
  })
  registries.push(registry)
  return registry
}

async function newModel(registry: ModelRegistry, name: string): Promise<NewModel> {
  const file = await registry.fileFor(name)
  writeFileSync(file, name)
  return { name, family: 'DINO', size: 'ViT-S/16', origin: 'imported', source: '/w/dino.pth', file }
}

describe('the registry of models', () => {
  test('lists the starter first, and what was added as it was told, with size and hash', async () => {
    const registry = open()
    expect(await registry.list()).toEqual([starter])
    const added = await registry.add(await newModel(registry, 'dino'))
    expect(added).toMatchObject({
      name: 'dino',
      licence: 'unknown',
      bytes: 4,
    })
    expect(added.sha256).toBe(`sha256:${createHash('sha256').update('dino').digest('hex')}`)
    expect(await open().list()).toEqual([starter, added])
    expect(await registry.find(added.id)).toEqual(added)
  })

  test('keeps names apart, and refuses names that are taken', async () => {
    const registry = open()
    const first = await registry.add(await newModel(registry, 'dino'))
    const second = await registry.add(await newModel(registry, 'dino'))
    expect(second.name).toBe('dino (2)')
    await expect(registry.rename(second.id, 'dino')).rejects.toThrow('There is a model called dino already.')
    await expect(registry.rename(second.id, '  ')).rejects.toThrow('The name is empty.')
    await expect(registry.rename('starter', 'x')).rejects.toThrow(/belongs to the extension/)
    await registry.rename(second.id, ' other ')
    expect((await registry.list()).map(({ name }) => name)).toEqual(['Starter model', 'dino', 'other'])
    expect((await registry.find(first.id)).name).toBe('dino')
  })

  test('a file added again keeps its id', async () => {
    const registry = open()
    const model = await newModel(registry, 'dino')
    const { id } = await registry.add(model)
    writeFileSync(model.file, 'trained on')
    const again = await registry.add({ ...model, size: 'ViT-B/16' })
    expect(again).toMatchObject({ id, size: 'ViT-B/16', bytes: 10, name: 'dino' })
    expect(await registry.list()).toHaveLength(2)
  })

  test('removes its own files with their entries, and never one that a person brought', async () => {
    const registry = open()
    const own = await newModel(registry, 'own')
    const brought = { ...own, name: 'brought', file: join(home, 'brought.safetensors') }
    writeFileSync(brought.file, 'weights')
    const first = await registry.add(own)
    const second = await registry.add(brought)
    expect(await registry.remove(first.id)).toBe(true)
    expect(await registry.remove(second.id)).toBe(false)
    expect(readdirSync(folder)).toEqual(['models.json'])
    expect(readFileSync(brought.file, 'utf8')).toBe('weights')
    await expect(registry.remove(first.id)).rejects.toThrow(/another window may have removed it/)
    await expect(registry.remove('starter')).rejects.toThrow(/belongs to the extension/)
  })

  test('the folder can move with its models', async () => {
    const registry = open()
    await registry.add(await newModel(registry, 'dino'))
    expect(readFileSync(join(folder, 'models.json'), 'utf8')).not.toContain(home)
  })

  test.each(['{"version":1,"models":[{', '[]', '{"version":1,"models":[{"id":"../x"}]}', ''])(
    'a damaged file is set aside and said once: %s',
    async (content) => {
      mkdirSync(folder)
      writeFileSync(join(folder, 'models.json'), content)
      const registry = open()
      expect(await registry.list()).toEqual([starter])
      expect(told).toEqual([
        expect.stringMatching(/^The list of models was damaged and is now .*damaged-.*json/),
      ])
      const aside = readdirSync(folder).filter((name) => name.startsWith('models.damaged'))
      expect(aside).toHaveLength(1)
      expect(readFileSync(join(folder, aside[0]!), 'utf8')).toBe(content)
      await registry.add(await newModel(registry, 'dino'))
      expect(await open().list()).toHaveLength(2)
      expect(told).toHaveLength(1)
    },
  )

  test('the list of a newer version is neither read nor overwritten', async () => {
    mkdirSync(folder)
    const content = '{"version":2,"models":{}}'
    writeFileSync(join(folder, 'models.json'), content)
    const registry = open()
    await expect(registry.list()).rejects.toThrow(/newer version/)
    await expect(registry.add(await newModel(registry, 'dino'))).rejects.toThrow(/newer version/)
    expect(readFileSync(join(folder, 'models.json'), 'utf8')).toBe(content)
  })

  test('another window sees what one has changed, and is told', async () => {
    const one = open()
    const other = open()
    await other.watch()
    const changed = new Promise<void>((resolve) => other.onDidChange(resolve))
    const { id } = await one.add(await newModel(one, 'dino'))
    await changed
    expect(await other.find(id)).toMatchObject({ name: 'dino' })
  })

  test('two windows that add at the same time lose nothing', async () => {
    // The lock is a file, so it does not matter that both live in one process here.
    const windows = [open(), open()]
    const models = await Promise.all(
      Array.from({ length: 24 }, async (_, i) => newModel(windows[i % 2]!, `model ${i}`)),
    )
    await Promise.all(models.map((model, i) => windows[i % 2]!.add(model)))
    expect(await open().list()).toHaveLength(25)
  })

  test('a lock that a dead window left holds nobody up', async () => {
    mkdirSync(folder)
    const lock = join(folder, 'models.json.lock')
    writeFileSync(lock, '')
    const long = new Date(Date.now() - 60_000)
    utimesSync(lock, long, long)
    const registry = open()
    await registry.add(await newModel(registry, 'dino'))
    expect(await registry.list()).toHaveLength(2)
  })

  test('a file that is not there is named', async () => {
    const registry = open()
    const model = await newModel(registry, 'dino')
    rmSync(model.file)
    await expect(registry.add(model)).rejects.toThrow(`Cannot read ${model.file}: it does not exist`)
    await expect(registry.add({ ...model, file: 'dino.safetensors' })).rejects.toThrow(/not absolute/)
  })
})
