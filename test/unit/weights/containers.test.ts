/** Every container gives the tensors that an independent reader gives, and every hostile or damaged file is refused. */
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { UserError } from '../../../model/errors.ts'
import { openByteSource, openContainer } from '../../../model/weights/containers/index.ts'
import { readSafetensors, type StoredTensor, toFloat32 } from '../../../model/weights/index.ts'
import { describeWithReference } from '../../support/reference.ts'

/** Every tensor of a file, read. */
async function readAll(path: string): Promise<{ format: string; tensors: Map<string, StoredTensor> }> {
  const source = await openByteSource(path)
  try {
    const { format, tensors } = await openContainer(source)
    const read = new Map<string, StoredTensor>()
    for (const [name, tensor] of tensors) read.set(name, await tensor.read())
    return { format, tensors: read }
  } finally {
    await source.close()
  }
}

const plain = ({ dtype, shape, bytes }: StoredTensor) => ({ dtype, shape: [...shape], bytes: [...bytes] })

describeWithReference('containers', (folder) => {
  const file = (name: string): string => join(folder, 'vit', name)

  it.each(['odd_tensors_zip.pth', 'odd_tensors_legacy.pth', 'odd_tensors_zip_torch2_layout.pth'])(
    '%s: strided, shared, empty, scalar tensors of every type',
    async (name) => {
      const { tensors } = await readAll(file(name))
      const expected = await readSafetensors(file('odd_tensors_expected.safetensors'))
      expect([...tensors.keys()].sort()).toEqual([...expected.tensors.keys()].sort())
      for (const [key, tensor] of expected.tensors)
        expect(plain(tensors.get(key)!), key).toEqual(plain(tensor))
    },
  )

  it('odd_keys.pth: names that mean something to JavaScript are names like any other', async () => {
    const { tensors } = await readAll(file('odd_keys.pth'))
    expect([...tensors.keys()]).toEqual([
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      'prototype',
      'length',
      'model.__proto__.x',
    ])
  })

  it('training_checkpoint.pth: nested networks, the optimiser, and settings that are skipped', async () => {
    const { tensors } = await readAll(file('training_checkpoint.pth'))
    const expected = await readSafetensors(file('training_checkpoint_expected.safetensors'))
    for (const [key, tensor] of expected.tensors)
      expect(plain(tensors.get(`student.${key}`)!), key).toEqual(plain(tensor))
    expect([...tensors.keys()].filter((key) => key.startsWith('args'))).toEqual([])
  })

  it.each(['vit_zip.pth', 'vit_legacy.pth'])('%s: the same weights as in safetensors', async (name) => {
    const { tensors } = await readAll(file(name))
    const expected = await readSafetensors(file('vit.safetensors'))
    expect(tensors.size).toBe(expected.tensors.size)
    for (const [key, tensor] of expected.tensors)
      expect(Buffer.compare(tensors.get(key)!.bytes, tensor.bytes), key).toBe(0)
  })

  it.each(['vit_fp16', 'vit_bf16'])('%s: the same halves in both containers', async (name) => {
    const { tensors } = await readAll(file(`${name}.pth`))
    const expected = await readAll(file(`${name}.safetensors`))
    expect(tensors.size).toBe(expected.tensors.size)
    for (const [key, tensor] of expected.tensors) expect(tensors.get(key)).toEqual(tensor)
  })

  it('odd_arrays.npz: column order, big-endian and scalar arrays, halves and large whole numbers', async () => {
    const { tensors } = await readAll(file('odd_arrays.npz'))
    const numbers = (name: string) => [...toFloat32(tensors.get(name)!)]
    expect(numbers('f32')).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1].map(Math.fround))
    expect(tensors.get('f32')!.shape).toEqual([2, 3])
    expect(numbers('f16')).toEqual([1.5, -2])
    expect([...new BigInt64Array(tensors.get('i64')!.bytes.slice().buffer)]).toEqual([2n ** 40n, -1n])
    expect(numbers('fortran')).toEqual([0, 1, 2, 3, 4, 5])
    expect(tensors.get('fortran')!.shape).toEqual([2, 3])
    expect(numbers('big_endian')).toEqual([0, 1, 2])
    expect(numbers('scalar')).toEqual([2.5])
    expect(tensors.get('scalar')!.shape).toEqual([])
    expect(numbers('a/b/kernel')).toEqual([1, 1, 1, 1])
    const deflated = await readAll(file('odd_arrays_deflated.npz'))
    expect([...toFloat32(deflated.tensors.get('f32')!)]).toEqual(Array.from({ length: 50 }, (_, i) => i))
  })

  it('refuses every file of the hostile collection, names it, runs nothing and leaves nothing behind', async () => {
    const index = JSON.parse(await readFile(file('hostile/index.json'), 'utf8')) as Record<
      string,
      { kind: string }
    >
    const names = (await readdir(file('hostile'))).filter((name) => name !== 'index.json')
    expect(names.sort()).toEqual(Object.keys(index).sort())
    const empty = await mkdtemp(join(tmpdir(), 'siammae-hostile-'))
    const before = process.cwd()
    process.chdir(empty)
    try {
      for (const name of names) {
        const path = file(join('hostile', name))
        const error: unknown = await readAll(path).catch((caught: unknown) => caught)
        expect(error, name).toBeInstanceOf(UserError)
        const { message } = error as UserError
        expect(message.startsWith(path), message).toBe(true)
        expect(message, name).toMatch(/\.$/)
        if (index[name]!.kind !== 'data') expect(message, name).toMatch(/names code|Python objects/)
      }
      expect(await readdir(empty)).toEqual([])
      expect(existsSync('PAYLOAD_RAN')).toBe(false)
    } finally {
      process.chdir(before)
      await rm(empty, { recursive: true })
    }
  })
})
