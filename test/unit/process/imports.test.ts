/** Protects: the editor's import reads, checks and writes a model, asks what a file does not tell, and can be stopped. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { encoderConfig, encoderLayout, initialiseEncoder } from '../../../model/siammae/index.ts'
import { readEncoder } from '../../../model/weights/index.ts'
import { type Nested, torchZip } from '../../support/checkpoints.ts'
import { type ModelProcess, startModelProcess } from '../../support/model-process.ts'
import { temporaryFolder } from '../video/numbered-clips.ts'

const folder = temporaryFolder()
const file = (name: string): string => join(folder.path, name)
let model: ModelProcess

beforeAll(() => {
  model = startModelProcess()
})
afterAll(async () => {
  await model.stop()
  await folder.remove()
})

const config = { ...encoderConfig('Ti', 16), depth: 1, positionGrid: 6 }

/** A training checkpoint of a small network. @param dim channels; of 192 the heads are known */
function checkpoint(name: string, dim = 192): string {
  const small = { ...config, dim }
  const start = initialiseEncoder(small, 4)
  const net: Nested = Object.fromEntries(
    [...encoderLayout(small)].map(([key, shape]) => [key, { shape, values: start.get(key)! }]),
  )
  writeFileSync(file(name), torchZip({ model: net, epoch: 1 }))
  return file(name)
}

it('reads, checks and writes, and says on the way how far it is', async () => {
  const source = checkpoint('plain.pth')
  const out = file('plain.safetensors')
  const answer = await model.calls.importModel('a', {
    file: source,
    out,
    licence: 'MIT',
    source: 'https://example.org/plain.pth',
  })
  expect(answer).toMatchObject({
    kind: 'done',
    name: 'ViT 192x1/16',
    licence: 'MIT',
    heads: 3,
    report: { arch: 'dino', part: 'model.', sha256: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) },
    check: { finite: true },
  })
  expect((await readEncoder(out)).metadata).toMatchObject({
    licence: 'MIT',
    'import.file': 'plain.pth',
    'import.source': 'https://example.org/plain.pth',
    'import.sha256': (answer as { report: { sha256: string } }).report.sha256,
  })
  const steps = model.told.importing.filter(({ job }) => job === 'a').map(({ step }) => step)
  expect([...new Set(steps)]).toEqual(['reading', 'checking', 'writing'])
})

it('asks for heads where the channels do not tell, and goes on with the answer', async () => {
  const source = checkpoint('odd.pth', 128)
  const out = file('odd.safetensors')
  expect(await model.calls.importModel('b', { file: source, out })).toMatchObject({
    kind: 'question',
    about: 'heads',
    suggestions: expect.arrayContaining([2, 4, 8]),
  })
  expect(existsSync(out)).toBe(false)
  expect(await model.calls.importModel('b', { file: source, out, heads: 2 })).toMatchObject({
    kind: 'done',
    heads: 2,
    licence: 'unknown',
  })
})

it('writes nothing when it is stopped, or when the file is no model', async () => {
  const source = checkpoint('stopped.pth')
  const out = file('stopped.safetensors')
  const work = model.calls.importModel('c', { file: source, out })
  await Promise.all([
    expect(work).rejects.toThrow('Stopped on request.'),
    model.heard('importing', ({ job }) => job === 'c').then(() => model.calls.cancelImport('c')),
  ])
  writeFileSync(file('text.pth'), 'no model')
  await expect(model.calls.importModel('d', { file: file('text.pth'), out })).rejects.toThrow(
    /text\.pth is no model file/,
  )
  expect(existsSync(out)).toBe(false)
})

it('exports a model as a graph of the size that was asked for', async () => {
  const out = file('plain.onnx')
  const request = { file: file('plain.safetensors'), out, width: 64, height: 48 }
  await expect(model.calls.exportModel({ ...request, width: 60 })).rejects.toThrow(
    /multiple of the patch, 16/,
  )
  expect(existsSync(out)).toBe(false)
  await model.calls.exportModel(request)
  expect(existsSync(out)).toBe(true)
})
