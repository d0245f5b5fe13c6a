/** A model file is untrusted: it is read exactly, or refused with a sentence; it never crashes the reader. */
import { mkdtempSync, readFileSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { UserError } from '../../../model/errors.ts'
import {
  bfloatToFloat,
  halfToFloat,
  parseSafetensors,
  readSafetensors,
  type SafetensorsDType,
  type StoredTensor,
  serialiseSafetensors,
  toFloat32,
  writeSafetensors,
} from '../../../model/weights/index.ts'
import { describeWithReference } from '../../support/reference.ts'
import { expectClose, values } from '../../support/tensors.ts'

const folder = mkdtempSync(join(tmpdir(), 'siammae-weights-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

const BYTES: Record<SafetensorsDType, number> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
}

const tensor: fc.Arbitrary<StoredTensor> = fc
  .record({
    dtype: fc.constantFrom(...(Object.keys(BYTES) as SafetensorsDType[])),
    shape: fc.array(fc.nat(4), { maxLength: 4 }),
    seed: fc.nat(255),
  })
  .map(({ dtype, shape, seed }) => {
    const size = shape.reduce((a, b) => a * b, BYTES[dtype])
    return { dtype, shape, bytes: Uint8Array.from({ length: size }, (_, i) => (i * 31 + seed) & 255) }
  })
const file = fc.record({
  tensors: fc
    .uniqueArray(fc.tuple(fc.string({ minLength: 1 }), tensor), { selector: ([name]) => name, maxLength: 6 })
    .map((entries) => new Map(entries.filter(([name]) => name !== '__metadata__' && name !== '__proto__'))),
  metadata: fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { noNullPrototype: true, maxKeys: 3 }),
})

describe('safetensors', () => {
  it('reads back what it wrote, bit for bit, whatever the names, types and shapes', () => {
    fc.assert(
      fc.property(file, (content) => {
        const read = parseSafetensors(serialiseSafetensors(content), 'test')
        expect([...read.tensors.keys()].sort()).toEqual([...content.tensors.keys()].sort())
        for (const [name, { dtype, shape, bytes }] of content.tensors) {
          const back = read.tensors.get(name)!
          expect([back.dtype, [...back.shape], Buffer.from(back.bytes)]).toEqual([
            dtype,
            [...shape],
            Buffer.from(bytes),
          ])
        }
        expect(read.metadata).toEqual(content.metadata)
      }),
      { seed: 1, numRuns: 200 },
    )
  })

  it('refuses a header that does not fit before the bytes behind it are read', async () => {
    const path = join(folder, 'huge.safetensors')
    const header = Buffer.from('{"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}}')
    const start = Buffer.alloc(8)
    start.writeBigUInt64LE(BigInt(header.length))
    const handle = await open(path, 'w')
    await handle.write(Buffer.concat([start, header]))
    // A hole: the file takes no room on the disk, but 2 GB of memory when it is read.
    await handle.truncate(2 * 1024 ** 3)
    await handle.close()
    const before = process.resourceUsage().maxRSS
    await expect(readSafetensors(path)).rejects.toThrow(
      /huge\.safetensors.*bytes at its end belong to no tensor/,
    )
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(200_000)
  })

  it('refuses or reads any damaged file, and throws nothing but a sentence', () => {
    const sound = serialiseSafetensors({
      tensors: new Map([
        ['a', { dtype: 'F32', shape: [2, 3], bytes: new Uint8Array(24) }],
        ['b', { dtype: 'U8', shape: [5], bytes: new Uint8Array(5) }],
      ]),
      metadata: { origin: 'test' },
    })
    fc.assert(
      fc.property(fc.nat(sound.length - 1), fc.nat(255), fc.nat(sound.length), (at, value, length) => {
        const damaged = sound.slice(0, length === sound.length ? undefined : length + 8)
        if (at < damaged.length) damaged[at] = value
        try {
          const { tensors } = parseSafetensors(damaged, 'x.safetensors')
          for (const { dtype, shape, bytes } of tensors.values())
            expect(bytes.length).toBe(shape.reduce((a, b) => a * b, BYTES[dtype]))
        } catch (error) {
          expect(error).toBeInstanceOf(UserError)
          expect((error as Error).message).toMatch(
            /^x\.safetensors is not a sound safetensors file: .*\. Use another copy of the file\.$/s,
          )
        }
      }),
      { seed: 2, numRuns: 2000 },
    )
  })

  it('writes atomically: a place that cannot be written leaves nothing and names the file', async () => {
    const blocked = join(folder, 'file')
    await writeSafetensors(blocked, { tensors: new Map(), metadata: {} })
    await expect(
      writeSafetensors(join(blocked, 'x.safetensors'), { tensors: new Map(), metadata: {} }),
    ).rejects.toThrow(/Cannot write .*x\.safetensors/)
  })

  it('names a missing file', async () => {
    await expect(readSafetensors(join(folder, 'none.safetensors'))).rejects.toThrow(
      /none\.safetensors: it does not exist/,
    )
  })

  it('widens half precision exactly, for all 65,536 values', () => {
    const view = new DataView(new ArrayBuffer(4))
    for (let bits = 0; bits < 65536; bits++) {
      const half = halfToFloat(bits)
      const sign = bits & 0x8000 ? -1 : 1
      const exponent = (bits >> 10) & 31
      const fraction = bits & 1023
      if (exponent === 31)
        expect(fraction ? Number.isNaN(half) : half === sign * Number.POSITIVE_INFINITY).toBe(true)
      else
        expect(half).toBe(sign * (exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24))
      view.setUint32(0, bits * 65536)
      expect(Object.is(bfloatToFloat(bits), view.getFloat32(0)) || Number.isNaN(view.getFloat32(0))).toBe(
        true,
      )
    }
  })
})

describeWithReference('safetensors written by others', (reference) => {
  it('refuses every hostile file', () => {
    const hostile = join(reference, 'vit', 'hostile')
    const index = JSON.parse(readFileSync(join(hostile, 'index.json'), 'utf8')) as unknown
    const names = [...JSON.stringify(index).matchAll(/[\w.-]+\.safetensors/g)].map(([name]) => name)
    expect(names.length).toBeGreaterThan(5)
    for (const name of new Set(names))
      expect(() => parseSafetensors(readFileSync(join(hostile, name)), name), name).toThrow(UserError)
  })

  it('reads float32, float16 and bfloat16 of the same weights', async () => {
    const vit = join(reference, 'vit')
    const full = await readSafetensors(join(vit, 'vit.safetensors'))
    const half = await readSafetensors(join(vit, 'vit_fp16.safetensors'))
    const bfloat = await readSafetensors(join(vit, 'vit_bf16.safetensors'))
    for (const name of full.tensors.keys()) {
      const exact = values(full, name)
      const scale = exact.reduce((max, value) => Math.max(max, Math.abs(value)), 1e-6)
      expectClose(values(half, name), exact, scale * 2 ** -11)
      expectClose(values(bfloat, name), exact, scale * 2 ** -8)
    }
  })

  it('reads odd tensors: empty, scalar, integer, bool, unusual names', async () => {
    const { tensors } = await readSafetensors(join(reference, 'vit', 'odd_tensors_expected.safetensors'))
    expect(tensors.size).toBeGreaterThan(5)
    for (const stored of tensors.values())
      if (stored.dtype.includes('F'))
        expect(toFloat32(stored).length).toBe(stored.shape.reduce((a, b) => a * b, 1))
  })
})
