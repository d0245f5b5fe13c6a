import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CancelledError } from '../../../model/errors.ts'
import { type DavisScore, formatDavisScore, scoreDavis, scoreFrame } from '../../../model/evaluation/index.ts'
import { readIndexedPng, writeIndexedPng } from '../../../model/formats/index.ts'
import { describeWithData, describeWithReference } from '../../support/reference.ts'

interface Table {
  sequences: string[]
  global: Record<string, number>
  per_object: Record<string, Record<'JM' | 'JR' | 'JD' | 'FM' | 'FR' | 'FD', number>>
}

interface Metrics {
  tables: Record<string, Table>
  sequences: Record<string, { J_F_per_frame_and_object: [number, number][][] }>
}

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'davis-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const width = 12
const height = 8

/** A filled box as a label map. */
function box(id: number, x0: number, y0: number, size: number): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const x = i % width
    const y = Math.floor(i / width)
    return x >= x0 && x < x0 + size && y >= y0 && y < y0 + size ? id : 0
  })
}

async function writeSequence(place: string, maps: Uint8Array[]): Promise<void> {
  const target = join(folder, place)
  await mkdir(target, { recursive: true })
  for (const [i, indices] of maps.entries())
    await writeIndexedPng(join(target, `${String(i).padStart(5, '0')}.png`), { width, height, indices })
}

function score(options: Partial<Parameters<typeof scoreDavis>[0]> = {}): Promise<DavisScore> {
  return scoreDavis({ predictions: join(folder, 'pred'), groundTruth: join(folder, 'gt'), ...options })
}

describe('ids', () => {
  const truth = [box(1, 2, 2, 4), box(1, 2, 2, 4), box(1, 2, 2, 4)]
  const binary = (maps: Uint8Array[]) => maps.map((map) => map.map((id) => (id ? 255 : 0)))

  it('a 0/255 ground truth is object 1, for 0/255 and for id predictions', async () => {
    await writeSequence('gt/ball', binary(truth))
    for (const prediction of [truth, binary(truth)]) {
      await writeSequence('pred/ball', prediction)
      const { sequences } = await score()
      expect(sequences[0]!.objects.map(({ id, jf }) => [id, jf])).toEqual([[1, 1]])
    }
  })

  it('255 beside other ids is void: background, and no object of its own', async () => {
    const withVoid = truth.map((map) => map.map((id, i) => (i > 80 ? 255 : id)))
    await writeSequence('gt/ball', withVoid)
    await writeSequence('pred/ball', truth)
    const { sequences } = await score()
    expect(sequences[0]!.objects.map(({ id, jf }) => [id, jf])).toEqual([[1, 1]])
  })

  it('void in a later frame stays void in a sequence that has ids', async () => {
    await writeSequence('gt/ball', [truth[0]!, truth[0]!.map((id) => (id ? 255 : 0)), truth[0]!])
    await writeSequence('pred/ball', truth)
    expect((await score()).sequences[0]!.objects[0]!.jPerFrame).toEqual([0])
  })

  it('objects come from the first frame, also when their ids have gaps', async () => {
    const map = box(2, 0, 0, 3).map((id, i) => id || box(7, 6, 2, 4)[i]!)
    await writeSequence('gt/two', [map, map, map, map])
    await writeSequence('pred/two', [map, map.map((id) => (id === 7 ? 9 : id)), map, map])
    const [two, seven] = (await score()).sequences[0]!.objects
    expect([two!.id, seven!.id]).toEqual([2, 7])
    expect(two!.jPerFrame).toEqual([1, 1])
    expect(seven!.jPerFrame).toEqual([0, 1])
  })
})

describe('folders', () => {
  const maps = [0, 1, 2, 3].map((x) => box(1, x, 1, 4))

  it('every accepted layout gives the same score', async () => {
    await writeSequence('gt/Annotations/480p/ball', maps)
    await writeSequence('gt/JPEGImages/480p/ball', [])
    await writeSequence('pred/ball', maps)
    await writeSequence('other/Annotations/Full/ball', maps)
    const expected = (await score()).sequences
    expect(expected[0]!.name).toBe('ball')
    expect(expected[0]!.frames).toEqual(['00001.png', '00002.png'])
    for (const groundTruth of ['gt/Annotations', 'gt/Annotations/480p', 'gt/Annotations/480p/ball', 'other'])
      expect((await score({ groundTruth: join(folder, groundTruth) })).sequences).toEqual(expected)
  })

  it('one clip can be scored against a whole set, and the rest is listed', async () => {
    await writeSequence('gt/ball', maps)
    await writeSequence('gt/swan', maps)
    await writeSequence('pred/ball', maps)
    const result = await score()
    expect(result.notPredicted).toEqual(['swan'])
    expect(formatDavisScore(result)).toContain('Not scored, no prediction: swan.')
    await expect(score({ sequences: ['swan'] })).rejects.toThrow(/no sequence swan in .*pred; it holds ball/)
  })

  it('names what is missing or of another size', async () => {
    await writeSequence('gt/ball', maps)
    await writeSequence('pred/ball', maps)
    await rm(join(folder, 'pred/ball/00002.png'))
    await expect(score()).rejects.toThrow(/pred\/ball\/00002\.png is missing; every frame/)
    await writeIndexedPng(join(folder, 'pred/ball/00002.png'), {
      width: 8,
      height: 12,
      indices: new Uint8Array(96),
    })
    await expect(score()).rejects.toThrow(/00002\.png is 8x12 pixels but .*gt.* is 12x8/)
    await expect(score({ predictions: join(folder, 'none') })).rejects.toThrow(/none: it does not exist/)
    await mkdir(join(folder, 'empty'))
    await expect(score({ predictions: join(folder, 'empty') })).rejects.toThrow(/No label maps were found/)
    await writeSequence('strange/swan', maps)
    await expect(score({ predictions: join(folder, 'strange') })).rejects.toThrow(/No sequence of .*\(swan\)/)
  })

  it('a first frame without an object, or too few frames, is refused', async () => {
    await writeSequence('pred/ball', maps)
    await writeSequence('gt/ball', [new Uint8Array(width * height), ...maps])
    await writeSequence('pred/ball', [...maps, maps[0]!])
    await expect(score()).rejects.toThrow(/00000\.png marks no object/)
    await writeSequence('short/ball', maps.slice(0, 2))
    await expect(score({ groundTruth: join(folder, 'short') })).rejects.toThrow(/at least 3 are needed/)
  })

  it('tells its progress and stops when asked', async () => {
    await writeSequence('gt/ball', maps)
    await writeSequence('pred/ball', maps)
    const stop = new AbortController()
    const seen: string[] = []
    const onProgress = ({ sequence, done, total }: { sequence: string; done: number; total: number }) => {
      seen.push(`${sequence} ${done}/${total}`)
      stop.abort()
    }
    await expect(score({ onProgress, signal: stop.signal })).rejects.toThrow(CancelledError)
    expect(seen).toEqual(['ball 1/2'])
  })
})

describeWithReference('golden tables of the public DAVIS code', (reference) => {
  const metrics = join(reference, 'metrics')

  it('every sequence, object, frame and table', async () => {
    const golden = JSON.parse(await readFile(join(metrics, 'metrics.json'), 'utf8')) as Metrics
    for (const table of Object.values(golden.tables)) {
      const result = await scoreDavis({
        predictions: join(metrics, 'predictions'),
        groundTruth: join(metrics, 'ground_truth'),
        sequences: table.sequences,
      })
      const { jf, j, f } = result.overall
      const found = [jf, j.mean, j.recall, j.decay, f.mean, f.recall, f.decay]
      const names = ['J&F-Mean', 'J-Mean', 'J-Recall', 'J-Decay', 'F-Mean', 'F-Recall', 'F-Decay']
      names.forEach((name, i) => {
        expect(found[i], name).toBeCloseTo(table.global[name]!, 9)
      })
      const objects = result.sequences.flatMap(({ name, objects }) =>
        objects.map((object) => ({ name: `${name}_${object.id}`, object })),
      )
      expect(objects.map(({ name }) => name)).toEqual(Object.keys(table.per_object))
      for (const { name, object } of objects) {
        const { JM, JR, JD, FM, FR, FD } = table.per_object[name]!
        const { j, f } = object
        ;[JM, JR, JD, FM, FR, FD].forEach((value, i) => {
          expect([j.mean, j.recall, j.decay, f.mean, f.recall, f.decay][i], name).toBeCloseTo(value, 9)
        })
      }
      for (const { name, objects } of result.sequences) {
        const frames = golden.sequences[name]!.J_F_per_frame_and_object.slice(1, -1)
        objects.forEach(({ jPerFrame, fPerFrame }, index) => {
          frames.forEach((values, frame) => {
            expect(jPerFrame[frame], name).toBeCloseTo(values[index]![0], 9)
            expect(fPerFrame[frame], name).toBeCloseTo(values[index]![1], 9)
          })
        })
      }
      const text = formatDavisScore(result)
      expect(text).toContain(`all${' '.repeat(0)}`)
      expect(text.split('\n')).toHaveLength(objects.length + 7)
    }
  })

  it('the first and last frame too, which the tables leave out', async () => {
    const golden = JSON.parse(await readFile(join(metrics, 'metrics.json'), 'utf8')) as Metrics
    for (const [name, { J_F_per_frame_and_object: frames }] of Object.entries(golden.sequences))
      for (const index of [0, frames.length - 1]) {
        const file = `${String(index).padStart(5, '0')}.png`
        const truth = await readIndexedPng(join(metrics, 'ground_truth', name, file))
        const prediction = await readIndexedPng(join(metrics, 'predictions', name, file))
        // One-object sequences store 0/255.
        for (const { indices } of [truth, prediction])
          if (frames[0]!.length === 1)
            indices.forEach((id, i) => {
              if (id === 255) indices[i] = 1
            })
        const ids = frames[0]!.map((_, i) => i + 1)
        const found = scoreFrame(
          { truth: truth.indices, prediction: prediction.indices },
          ids,
          truth.width,
          truth.height,
        )
        found.forEach(({ j, f }, object) => {
          expect(j).toBeCloseTo(frames[index]![object]![0], 9)
          expect(f).toBeCloseTo(frames[index]![object]![1], 9)
        })
      }
  })
})

describeWithData('real DAVIS-2016 masks', (data) => {
  it('car-shadow against itself scores 100', async () => {
    const source = join(data, 'davis/Annotations/480p/car-shadow')
    const names = (await readdir(source)).sort().slice(0, 5)
    for (const name of names) await cp(join(source, name), join(folder, 'pred/car-shadow', name))
    for (const name of names) await cp(join(source, name), join(folder, 'gt/car-shadow', name))
    const { overall } = await score()
    expect([overall.jf, overall.j.recall, overall.f.recall, overall.j.decay]).toEqual([1, 1, 1, 0])
  })
})
