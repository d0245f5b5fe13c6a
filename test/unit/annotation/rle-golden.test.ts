import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import {
  area,
  boundingBox,
  decodeMask,
  encodeMask,
  fromCompressed,
  fromCounts,
  intersection,
  iou,
  type Rle,
  toCompressed,
  union,
} from '../../../model/annotation/index.ts'
import { readSafetensors, type TensorFile } from '../../../model/weights/index.ts'
import { describeWithReference } from '../../support/reference.ts'

interface Case {
  name: string
  size: [height: number, width: number]
  /** Left out where there are very many. */
  counts: number[] | null
  compressed: string
  area: number
  bbox_xywh: [number, number, number, number]
  rows?: string[]
}

interface First {
  cases: Case[]
  iou: { names: string[]; matrix: number[][] }
  union: string
  intersection: string
  merged_names: string[]
}

interface More {
  cases: Case[]
  pairs: { a: string; b: string; iou: number; union: string; intersection: string }[]
}

describeWithReference("COCO's own run-length codes (pycocotools)", (reference) => {
  let first: First
  let more: More
  let masks: TensorFile

  beforeAll(async () => {
    const folder = join(reference, 'rle')
    first = JSON.parse(await readFile(join(folder, 'rle.json'), 'utf8'))
    more = JSON.parse(await readFile(join(folder, 'rle_more.json'), 'utf8'))
    masks = await readSafetensors(join(folder, 'rle.safetensors'))
  })

  const all = () => [...first.cases, ...more.cases]
  const read = ({ compressed, size }: Case) => fromCompressed(compressed, size[1], size[0])
  const named = (cases: Case[], name: string): Rle => read(cases.find((one) => one.name === name)!)

  /** The picture of a case where the golden files have it. */
  function pixelsOf(one: Case): Uint8Array | undefined {
    if (one.rows !== undefined) return Uint8Array.from([...one.rows.join('')].map(Number))
    if (first.cases.includes(one)) {
      const [height, width] = one.size
      if (one.name === 'large_disc')
        return Uint8Array.from({ length: height * width }, (_, i) =>
          (Math.floor(i / width) - 200) ** 2 + ((i % width) - 500) ** 2 < 150 ** 2 ? 1 : 0,
        )
      return masks.tensors.get(one.name)?.bytes
    }
    return undefined
  }

  it('are read with the same counts, area and box, and written back as the same string', () => {
    expect(all().length).toBe(21 + 22)
    for (const one of all()) {
      const rle = read(one)
      if (one.counts !== null) {
        expect([...rle.counts], one.name).toEqual(one.counts)
        expect(fromCounts(one.counts, one.size[1], one.size[0]), one.name).toEqual(rle)
      }
      expect(toCompressed(rle), one.name).toBe(one.compressed)
      expect(area(rle), one.name).toBe(one.area)
      expect(boundingBox(rle), one.name).toEqual(one.bbox_xywh)
    }
  })

  it('are what we make of the same pictures, and give these pictures back', () => {
    let pictures = 0
    for (const one of all()) {
      const pixels = pixelsOf(one)
      if (pixels === undefined) continue
      pictures++
      const [height, width] = one.size
      expect(toCompressed(encodeMask(pixels, width, height)), one.name).toBe(one.compressed)
      expect(Buffer.compare(decodeMask(read(one)), pixels), one.name).toBe(0)
    }
    expect(pictures).toBe(20 + 16)
  })

  it('overlap by the same intersection over union', () => {
    const { names, matrix } = first.iou
    names.forEach((a, i) => {
      names.forEach((b, j) => {
        expect(iou(named(first.cases, a), named(first.cases, b)), `${a}, ${b}`).toBe(matrix[i]![j])
      })
    })
  })

  it('merge to the same unions and intersections', () => {
    const merged = first.merged_names.map((name) => named(first.cases, name))
    const { width, height } = merged[0]!
    expect(merged.reduce(union)).toEqual(fromCompressed(first.union, width, height))
    expect(merged.reduce(intersection)).toEqual(fromCompressed(first.intersection, width, height))
    for (const pair of more.pairs) {
      const a = named(more.cases, pair.a)
      const b = named(more.cases, pair.b)
      const name = `${pair.a}, ${pair.b}`
      expect(iou(a, b), name).toBe(pair.iou)
      expect(union(a, b), name).toEqual(fromCompressed(pair.union, a.width, a.height))
      expect(intersection(a, b), name).toEqual(fromCompressed(pair.intersection, a.width, a.height))
    }
  })
})
