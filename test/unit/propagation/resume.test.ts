/** A job that goes on from what an interrupted one gave labels the rest as that one would have, and nothing twice. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeLabels, equalMasks, iou, type Rle } from '../../../model/annotation/index.ts'
import { readIndexedPng } from '../../../model/formats/index.ts'
import type { LabelMap } from '../../../model/label-map.ts'
import {
  Affinity,
  type EarlierResults,
  FeatureCache,
  FeatureExtractor,
  type FrameResult,
  type MaskMark,
  networkSize,
  type PoseMark,
  PRESETS,
  type PropagationJob,
  packLabels,
  propagate,
  type SoftLabels,
  unpackLabels,
} from '../../../model/propagation/index.ts'
import { Engine } from '../../../model/runtime/index.ts'
import { openVideo, type VideoSource } from '../../../model/video/index.ts'
import { readEncoder } from '../../../model/weights/index.ts'
import { root } from '../../support/cli.ts'

const sample = join(root, 'media')
let video: VideoSource
let engine: Engine
let extractor: FeatureExtractor
let features: FeatureCache
let affinity: Affinity

beforeAll(async () => {
  video = await openVideo(join(sample, 'sample.mp4'))
  engine = await Engine.start('cpu')
  const model = await readEncoder(join(sample, 'models', 'starter.safetensors'))
  extractor = await FeatureExtractor.create(engine, model, networkSize(video.table, 128, model.config.patch))
  features = new FeatureCache(engine, extractor, 256 * 1024 ** 2)
  affinity = Affinity.of(engine, extractor, PRESETS.siammae)
})
afterAll(async () => {
  await engine.close()
  await video.close()
})

/** The truth of some objects on a frame. */
async function mark(frame: number, ...objects: number[]): Promise<MaskMark> {
  const path = join(sample, 'sample', 'masks', `${String(frame).padStart(5, '0')}.png`)
  const { width, height, indices } = await readIndexedPng(path)
  const data = indices.map((id) => (objects.includes(id) ? id : 0))
  return { frame, map: { width, height, data }, objects }
}

type Changes = Partial<PropagationJob> & Pick<PropagationJob, 'masks' | 'range'>

function job(changes: Changes) {
  const settings = PRESETS.siammae
  const shared = { video, engine, extractor, features, affinity, settings, poses: [] }
  return propagate({ ...shared, direction: 'forward', ...changes })
}

/** What a walk had on a frame, beside how many results had been given by then. */
interface Kept {
  readonly labels: SoftLabels
  readonly after: number
}

async function all(changes: Changes, walked?: Map<string, Kept>): Promise<FrameResult[]> {
  const list: FrameResult[] = []
  const { results, total } = job({
    ...changes,
    onWalked: ({ group, walk, frame, labels }) =>
      walked?.set(`${group} ${walk} ${frame}`, {
        labels: unpackLabels(packLabels(labels)),
        after: list.length,
      }),
  })
  for await (const result of results) list.push(result)
  expect(list).toHaveLength(total)
  return list
}

/** What the first results of a job were, as a document would hold them. */
function earlierOf(results: readonly FrameResult[], walked?: ReadonlyMap<string, Kept>): EarlierResults {
  const maps = new Map<number, LabelMap[]>()
  const poses = new Map<string, PoseMark['joints']>()
  const given = new Set<string>()
  const final = new Set<string>()
  for (const result of results) {
    const { kind, frame } = result
    if (kind === 'masks')
      maps.set(
        frame,
        result.layers.map(({ map }) => map),
      )
    else poses.set(`${result.object} ${frame}`, result.joints)
    const objects =
      kind === 'pose' ? [result.object] : result.layers.flatMap((l) => l.objects.map((o) => o.id))
    for (const object of objects) {
      given.add(`${kind} ${object} ${frame}`)
      if (!result.provisional) final.add(`${kind} ${object} ${frame}`)
    }
  }
  return {
    has: (kind, object, frame) => given.has(`${kind} ${object} ${frame}`),
    isFinal: (kind, object, frame) => final.has(`${kind} ${object} ${frame}`),
    masks: (frame) => maps.get(frame) ?? [],
    pose: (object, frame) => poses.get(`${object} ${frame}`),
    walked: (group, walk, frame) => {
      const kept = walked?.get(`${group} ${walk} ${frame}`)
      return kept && kept.after < results.length ? kept.labels : undefined
    },
  }
}

/** An object's mask in a result. */
function maskOf(result: FrameResult | undefined, object: number): Rle {
  if (result?.kind !== 'masks') throw new Error('The result has masks.')
  const { map } = result.layers.find(({ objects }) => objects.some(({ id }) => id === object))!
  return encodeLabels(map.data, map.width, map.height, object)
}

/** Interrupts a job behind its first `count` results, goes on, and compares with the whole job. */
async function expectContinued(changes: Changes, count: number, objects: readonly number[]): Promise<void> {
  const walked = new Map<string, Kept>()
  const whole = await all(changes, walked)
  const rest = await all({ ...changes, earlier: earlierOf(whole.slice(0, count), walked) })
  const places = (results: readonly FrameResult[]) =>
    results.map(({ kind, frame, provisional }) => ({ kind, frame, provisional }))
  expect(places(rest)).toEqual(places(whole.slice(count)))
  rest.forEach((result, i) => {
    for (const object of objects)
      expect(overlap(result, whole[count + i], object), `frame ${result.frame}`).toBeGreaterThanOrEqual(0.95)
  })
}

/** IoU of an object in two results; 1 where it is in neither. */
function overlap(a: FrameResult | undefined, b: FrameResult | undefined, object: number): number {
  const [one, other] = [maskOf(a, object), maskOf(b, object)]
  return equalMasks(one, other) ? 1 : iou(one, other)
}

describe('going on after an interruption', () => {
  it.each([1, 12, 24])('forward, behind %i frames', async (count) => {
    await expectContinued({ masks: [await mark(0, 1)], range: [0, 30] }, count, [1])
  })

  it('backward', async () => {
    const changes = { masks: [await mark(50, 1)], range: [26, 50], direction: 'backward' } as const
    await expectContinued(changes, 9, [1])
  })

  it.each([5, 15, 21])('between two marks, behind %i of 30 results', async (count) => {
    const changes = {
      masks: [await mark(0, 1), await mark(16, 1)],
      range: [0, 16],
      direction: 'both',
    } as const
    await expectContinued(changes, count, [1])
  })

  it('with objects that were marked on different frames', async () => {
    const masks = [await mark(0, 1), await mark(6, 2)]
    // Object 1 is done from 1 to 16, object 2 on its first four frames: those of object 1 are known all the same.
    await expectContinued({ masks, range: [0, 16] }, 20, [1, 2])
  })

  it('with keypoints', async () => {
    const poses: PoseMark[] = [
      { frame: 0, object: 1, joints: [{ x: 200, y: 150 }, undefined, { x: 300, y: 200 }] },
    ]
    const changes = { masks: [], poses, range: [0, 20] } as const
    const walked = new Map<string, Kept>()
    const whole = await all(changes, walked)
    const rest = await all({ ...changes, earlier: earlierOf(whole.slice(0, 12), walked) })
    expect(rest.map(({ frame }) => frame)).toEqual(Array.from({ length: 8 }, (_, i) => 13 + i))
    for (const [i, result] of rest.entries()) {
      const expected = whole[12 + i]
      if (result.kind !== 'pose' || expected?.kind !== 'pose') throw new Error('These are poses.')
      result.joints.forEach((joint, j) => {
        const there = expected.joints[j]
        expect(joint === undefined).toBe(there === undefined)
        if (joint && there) expect(Math.hypot(joint.x - there.x, joint.y - there.y)).toBeLessThan(1)
      })
    }
  })

  it('without any behind a frame on which the object is gone, up to its next mark', async () => {
    const joints = [{ x: 200, y: 150 }]
    const poses = [0, 6, 12].map(
      (frame): PoseMark => ({ frame, object: 1, joints: frame === 6 ? [] : joints }),
    )
    const summary = async (direction: 'forward' | 'backward' | 'both') => {
      const changes = { masks: [], poses, range: [0, 14], direction } as const
      const results = await all(changes)
      const rest = await all({ ...changes, earlier: earlierOf(results.slice(0, 7)) })
      expect(rest.at(-1)?.frame).toBe(results.at(-1)?.frame)
      expect(results.every(({ provisional }) => !provisional)).toBe(true)
      const [seen, gone] = [true, false].map((isSeen) =>
        results.filter((result) => result.kind === 'pose' && (result.joints[0] !== undefined) === isSeen),
      )
      for (const { frame, kind, ...result } of gone!)
        expect(result, `${kind} ${frame}`).toMatchObject({ isGone: true, confidence: 1, joints: [undefined] })
      return [seen, gone].map((some) => some!.map(({ frame }) => frame).sort((a, b) => a - b))
    }
    expect(await summary('forward')).toEqual([
      [1, 2, 3, 4, 5, 13, 14],
      [7, 8, 9, 10, 11],
    ])
    expect(await summary('backward')).toEqual([
      [7, 8, 9, 10, 11],
      [1, 2, 3, 4, 5],
    ])
    expect(await summary('both')).toEqual([[1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 13, 14], []])
  })

  it.each([14, 26, 33])(
    'with keypoints of an object that has masks, behind %i of 36 results',
    async (count) => {
      const joints = [{ x: 200, y: 150 }]
      const changes = {
        masks: [await mark(0, 1), await mark(10, 1)],
        poses: [0, 10].map((frame): PoseMark => ({ frame, object: 1, joints })),
        range: [0, 10],
        direction: 'both',
      } as const
      const whole = await all(changes)
      const rest = await all({ ...changes, earlier: earlierOf(whole.slice(0, count)) })
      const places = (results: readonly FrameResult[]) =>
        results.map(({ kind, frame, provisional }) => ({ kind, frame, provisional }))
      expect(places(rest)).toEqual(places(whole.slice(count)))
    },
  )

  it('from the masks alone stays close', async () => {
    const changes = { masks: [await mark(0, 1)], range: [0, 20] } as const
    const whole = await all(changes)
    const rest = await all({ ...changes, earlier: earlierOf(whole.slice(0, 2)) })
    expect(rest.map(({ frame }) => frame)).toEqual(Array.from({ length: 18 }, (_, i) => 3 + i))
    rest.forEach((result, i) => {
      expect(overlap(result, whole[2 + i], 1), `frame ${result.frame}`).toBeGreaterThan(0.9)
    })
  })

  it.each([
    ['with what the walks had', true],
    ['from the masks alone', false],
  ])('with a spot beside an area, between two marks, %s', async (_, kept) => {
    const masks = [await mark(0, 1), await mark(12, 1)]
    for (const { map } of masks) {
      const [at] = [...map.data.keys()].filter((pixel) => map.data[pixel] === 1).slice(2000)
      for (let y = -10; y <= 10; y++) map.data.fill(2, at! + y * map.width, at! + y * map.width + 20)
    }
    const changes = {
      masks: masks.map((each) => ({ ...each, objects: [1, 2] })),
      range: [0, 12],
      direction: 'both',
      settings: PRESETS.annotator,
      affinity: undefined,
    } as const
    expect(job(changes).small.spots).toEqual([2])
    const walked = new Map<string, Kept>()
    const whole = await all(changes, walked)
    for (const count of [4, 15]) {
      const rest = await all({
        ...changes,
        earlier: earlierOf(whole.slice(0, count), kept ? walked : undefined),
      })
      rest.forEach((result, i) => {
        const [area, spot] = [1, 2].map((object) => overlap(result, whole[count + i], object))
        expect(area, `frame ${result.frame}`).toBeGreaterThan(kept ? 0.95 : 0.7)
        expect(spot, `frame ${result.frame}`).toBeGreaterThan(kept ? 0.9 : 0.5)
      })
    }
  })

  it('across a frame that a person has taken over', async () => {
    const changes = { masks: [await mark(0, 1)], range: [0, 20] } as const
    const whole = await all(changes)
    const kept = whole.slice(0, 10).filter(({ frame }) => frame !== 4)
    const rest = await all({ ...changes, earlier: earlierOf(kept) })
    expect(rest.map(({ frame }) => frame)).toEqual(Array.from({ length: 10 }, (_, i) => 11 + i))
  })

  it('gives nothing where all was done', async () => {
    const changes = { masks: [await mark(0, 1)], range: [0, 8] } as const
    const whole = await all(changes)
    expect(await all({ ...changes, earlier: earlierOf(whole) })).toEqual([])
  })
})

describe('marks outside the range', () => {
  it('are refused where nobody asked for them', async () => {
    const masks = [await mark(0, 1)]
    expect(() => job({ masks, range: [10, 20] })).toThrow(/frame 0 is outside the frames 10 to 20/)
  })

  it('lead into it, with the results of the whole clip', async () => {
    const masks = [await mark(0, 1), await mark(20, 1)]
    for (const direction of ['forward', 'backward', 'both'] as const) {
      const whole = await all({ masks, range: [0, 20], direction })
      const part = await all({ masks, range: [6, 12], direction, beyond: 'context' })
      const frames = part.filter(({ provisional }) => !provisional).map(({ frame }) => frame)
      expect([...frames].sort((a, b) => a - b)).toEqual([6, 7, 8, 9, 10, 11, 12])
      for (const result of part) {
        const same = whole.find((w) => w.frame === result.frame && w.provisional === result.provisional)
        expect(overlap(result, same, 1), `${direction} ${result.frame}`).toBe(1)
      }
    }
  })
})

describe('features', () => {
  it('of one job serve the next one on the clip', async () => {
    const masks = [await mark(0, 1)]
    await all({ masks, range: [0, 15] })
    const before = features.computed
    await all({ masks: [await mark(15, 1)], range: [0, 15], direction: 'backward' })
    expect(features.computed).toBe(before)
  })
})
