import { describe, expect, test } from 'vitest'
import { affectedSpan, planRun, type RunPlan, type RunWish } from '../../../extension/propagation/plan.ts'
import { frameRun, legWalks, planLegs } from '../../../model/propagation/plan.ts'
import { clip } from './support.ts'

/** A plan in short: objects, range, direction, marks as `object@frame`. */
function short({ objects, marks, direction, range }: RunPlan) {
  return {
    objects: objects.map(({ id }) => id),
    range,
    direction,
    marks: marks.map(({ objectId, frame }) => `${objectId}@${frame}`).sort(),
  }
}

/** The frames through which the process goes for one object. */
function walked({ marks, direction, range }: RunPlan, id: number): number[] {
  const frames = marks.filter(({ objectId }) => objectId === id).map(({ frame }) => frame)
  const legs = planLegs(frames, range, direction, 'context')
  return [...new Set(legs.flatMap((leg) => legWalks(leg).flat()))].sort((a, b) => a - b)
}

const plan = (lanes: readonly string[], wish: RunWish) => short(planRun(clip(...lanes), wish))

describe('forward and backward', () => {
  test('from a keyframe to the end of the clip', () => {
    expect(plan(['..k.......'], { kind: 'forward', frame: 2 })).toEqual({
      objects: [1],
      range: [2, 9],
      direction: 'forward',
      marks: ['1@2'],
    })
    expect(plan(['..k.......'], { kind: 'backward', frame: 2 })).toEqual({
      objects: [1],
      range: [0, 2],
      direction: 'backward',
      marks: ['1@2'],
    })
  })

  test('what a model found where the person stands is what is carried on', () => {
    const run = planRun(clip('kppppp....'), { kind: 'forward', frame: 4 })
    expect(short(run)).toMatchObject({ range: [4, 9], marks: ['1@0', '1@4'] })
    expect(run.marks.every(({ entry }) => entry.state === 'keyframe' && !('confidence' in entry))).toBe(true)
  })

  test('an empty frame starts from the nearest one on the way back', () => {
    expect(plan(['k.........'], { kind: 'forward', frame: 5 })).toMatchObject({
      range: [0, 9],
      marks: ['1@0'],
    })
    expect(plan(['kppp......'], { kind: 'forward', frame: 7 })).toMatchObject({ range: [3, 9] })
    expect(plan(['.........k'], { kind: 'backward', frame: 5 })).toMatchObject({ range: [0, 9] })
  })

  test('an object that is marked only ahead starts there, and does not pull the others back', () => {
    expect(plan(['k.........', '.....k....'], { kind: 'forward', frame: 0 })).toEqual({
      objects: [1, 2],
      range: [0, 9],
      direction: 'forward',
      marks: ['1@0', '2@5'],
    })
  })

  test('an object corrected where another was carried to: both go on from there', () => {
    expect(plan(['kppppppppp', 'kppppkpppp'], { kind: 'forward', frame: 5 })).toMatchObject({
      range: [5, 9],
      marks: ['1@0', '1@5', '2@0', '2@5'],
    })
  })

  test('frames without a shape start nothing', () => {
    expect(plan(['ko........'], { kind: 'forward', frame: 1 })).toMatchObject({
      range: [0, 9],
      marks: ['1@0'],
    })
    // That a person has seen the object nowhere is a mark of its own.
    expect(plan(['kal.......'], { kind: 'forward', frame: 2 })).toMatchObject({
      range: [0, 9],
      marks: ['1@0', '1@1'],
    })
  })

  test('an object that is nowhere does not pull back one that is seen, and is marked as nowhere', () => {
    for (const gone of ['kpplllllll', 'kppaaaaaaa', 'kppa......', 'kppe......'])
      for (const frame of [4, 7]) {
        const run = planRun(clip('kppppppppp', gone), { kind: 'forward', frame })
        expect(run).toMatchObject({ objects: [{ id: 1 }, { id: 2 }], range: [frame, 9] })
        expect(run.marks.filter((mark) => mark.objectId === 1).map((mark) => mark.frame)).toEqual([0, frame])
        expect(run.marks.filter((mark) => mark.objectId === 2 && mark.frame === frame)).toEqual([
          { objectId: 2, frame, entry: { state: 'absent', by: 'person' } },
        ])
        // The process walks from the marks: none of them has it walk to where results begin.
        for (const id of [1, 2]) expect(walked(run, id).filter((other) => other < frame)).toEqual([])
      }
    expect(plan(['pppppppppk', 'lllllllppk'], { kind: 'backward', frame: 4 })).toMatchObject({
      range: [0, 4],
      marks: ['1@4', '1@9', '2@4', '2@9'],
    })
  })

  test('an object of which nothing is known where others are seen is carried there from where it was last', () => {
    const run = planRun(clip('kppppppppp', 'kppp......'), { kind: 'forward', frame: 6 })
    expect(short(run)).toMatchObject({ range: [6, 9], marks: ['1@0', '1@6', '2@0', '2@3'] })
    expect(walked(run, 2)).toEqual(frameRun(3, 9))
  })

  test('the end of the clip and unmarked objects are refused with what to do', () => {
    expect(() => plan(['.........k'], { kind: 'forward', frame: 9 })).toThrow(
      /after frame 9; propagate backward/,
    )
    expect(() => plan(['k.........'], { kind: 'backward', frame: 0 })).toThrow(
      /before frame 0; propagate forward/,
    )
    expect(() => plan(['oa........'], { kind: 'forward', frame: 0 })).toThrow(
      /fish 1 is not marked on any frame/,
    )
    expect(() => plan(['..', '..'], { kind: 'forward', frame: 0 })).toThrow(/No object is marked/)
  })
})

describe('which objects', () => {
  const lanes = ['k.........', 'k.........', '..........']

  test('all that have a start', () => {
    expect(plan(lanes, { kind: 'both', frame: 0 }).objects).toEqual([1, 2])
  })

  test('locked ones stay as they are, unless one is asked for', () => {
    expect(plan(lanes, { kind: 'both', frame: 0, locked: [1] }).objects).toEqual([2])
    expect(plan(lanes, { kind: 'both', frame: 0, locked: [1], only: 1 }).objects).toEqual([1])
    expect(() => plan(lanes, { kind: 'both', frame: 0, locked: [1, 2, 3] })).toThrow(/All objects are locked/)
  })

  test('an object that is not there is refused', () => {
    expect(() => plan(lanes, { kind: 'both', frame: 0, only: 9 })).toThrow(/no object 9/)
  })
})

describe('bystanders', () => {
  const besides = (lanes: readonly string[], wish: RunWish) =>
    planRun(clip(...lanes), wish).bystanders?.map(({ objectId, frame }) => `${objectId}@${frame}`)

  test('are what a person drew in the range, of objects that are not carried', () => {
    const lanes = ['k........k', 'k.kpao.k.k', 'kppppppppp']
    expect(besides(lanes, { kind: 'both', frame: 0, only: 1 })).toEqual(['2@0', '2@2', '2@7', '2@9', '3@0'])
    expect(besides(lanes, { kind: 'forward', frame: 0, locked: [2] })).toEqual(['2@0', '2@2', '2@7', '2@9'])
    expect(besides(lanes, { kind: 'both', frame: 0 })).toEqual([])
  })

  test('are those on marked frames outside the range too, which tell what may overlap', () => {
    const lanes = ['k...k....k', 'kk...k..kk']
    expect(besides(lanes, { kind: 'span', frame: 4, only: 1, range: [4, 7] })).toEqual(['2@0', '2@5', '2@9'])
  })

  test('are none where the run starts from what a model found: that may lie over anything', () => {
    expect(besides(['kpppp.....', '....kk....'], { kind: 'forward', frame: 4, only: 1 })).toEqual(['2@5'])
  })
})

describe('emptied masks', () => {
  test('of an object that has no others are nothing to carry, and stop no other object', () => {
    const lanes = ['k.........', 'e....e....']
    for (const kind of ['forward', 'both', 'toNextKeyframe'] as const) {
      const wish: RunWish = { kind, frame: 0 }
      expect(plan(['k....k....', 'e..e......'], wish)).toMatchObject({ objects: [1] })
    }
    expect(plan(lanes, { kind: 'range', range: [0, 8], frame: 0 })).toEqual({
      objects: [1],
      range: [0, 8],
      direction: 'both',
      marks: ['1@0'],
    })
    for (const kind of ['forward', 'both'] as const)
      expect(() => plan(lanes, { kind, frame: 0, only: 2 })).toThrow(/fish 2 is not marked on any frame/)
    expect(() => plan(['e.........'], { kind: 'range', range: [0, 8], frame: 0 })).toThrow(
      /Nothing is marked in frames 0 to 8/,
    )
  })

  test('beside frames that show the object say that it is absent there', () => {
    expect(plan(['k...e.....'], { kind: 'forward', frame: 4 })).toMatchObject({
      range: [4, 9],
      marks: ['1@0', '1@4'],
    })
    expect(plan(['e....k....'], { kind: 'both', frame: 0 })).toMatchObject({ marks: ['1@0', '1@5'] })
    expect(plan(['k...e.....'], { kind: 'range', range: [2, 8], frame: 0 }).marks).toEqual(['1@0', '1@4'])
    expect(affectedSpan(clip('kpppepppkp'), 1, 4)).toEqual([0, 8])
  })

  test('what a model found is carried on from where no keyframe shows the object any more', () => {
    expect(plan(['eppp......'], { kind: 'forward', frame: 2 })).toMatchObject({
      range: [2, 9],
      marks: ['1@0', '1@2'],
    })
    expect(() => plan(['eppp......'], { kind: 'forward', frame: 0 })).toThrow(/not marked on any frame/)
    expect(affectedSpan(clip('eppp......'), 1, 0)).toBeUndefined()
    expect(() => plan(['eppp......'], { kind: 'span', frame: 0, only: 1, range: [0, 3] })).toThrow(
      /not marked on any frame/,
    )
  })
})

describe('to the next keyframe', () => {
  test('from here to the first keyframe that any object has', () => {
    expect(plan(['k....k....', 'k.......k.'], { kind: 'toNextKeyframe', frame: 0 })).toEqual({
      objects: [1, 2],
      range: [0, 5],
      direction: 'both',
      marks: ['1@0', '1@5', '2@0', '2@8'],
    })
  })

  test('from a frame that a model labelled', () => {
    expect(plan(['kppp.k....'], { kind: 'toNextKeyframe', frame: 2 })).toMatchObject({
      range: [2, 5],
      marks: ['1@0', '1@2', '1@5'],
    })
  })

  test('an object that is nowhere does not pull back one that is seen', () => {
    expect(plan(['kppppp..k.', 'kpplll...k'], { kind: 'toNextKeyframe', frame: 5 })).toMatchObject({
      objects: [1, 2],
      range: [5, 8],
      marks: ['1@0', '1@5', '1@8', '2@0', '2@5', '2@9'],
    })
  })

  test('an object without a later keyframe is left out; without any it is refused', () => {
    expect(plan(['k....k....', 'k.........'], { kind: 'toNextKeyframe', frame: 0 }).objects).toEqual([1])
    expect(() => plan(['k.........'], { kind: 'toNextKeyframe', frame: 0 })).toThrow(
      /no keyframe after frame 0/,
    )
  })
})

describe('over a range', () => {
  test('keyframes in the range carry it', () => {
    expect(plan(['k....k....'], { kind: 'range', range: [3, 8], frame: 0 })).toEqual({
      objects: [1],
      range: [3, 8],
      direction: 'both',
      marks: ['1@0', '1@5'],
    })
  })

  test("without one, a model's frame at its border does", () => {
    expect(plan(['kppppppppp'], { kind: 'range', range: [3, 6], frame: 0 })).toMatchObject({
      marks: ['1@0', '1@3', '1@6'],
    })
  })

  test('a range in which nothing is marked is refused', () => {
    expect(() => plan(['k.........'], { kind: 'range', range: [3, 6], frame: 0 })).toThrow(/frames 3 to 6/)
    expect(() => plan(['k.........'], { kind: 'range', range: [0, 0], frame: 0 })).toThrow(/single frame/)
  })
})

describe('the span around a correction', () => {
  test('reaches to the neighbouring keyframes', () => {
    expect(affectedSpan(clip('kpppkpppkp'), 1, 4)).toEqual([0, 8])
    expect(plan(['kpppkpppkp'], { kind: 'span', frame: 4, only: 1 })).toEqual({
      objects: [1],
      range: [0, 8],
      direction: 'both',
      marks: ['1@0', '1@4', '1@8'],
    })
  })

  test('a frame on which a person says that the object is absent bounds it, and can be the correction', () => {
    expect(affectedSpan(clip('kppakpppap'), 1, 4)).toEqual([3, 8])
    expect(affectedSpan(clip('kpppapppkp'), 1, 4)).toEqual([0, 8])
    expect(affectedSpan(clip('kpppopppkp'), 1, 4)).toBeUndefined()
  })

  test("without a keyframe on a side, to the end of a model's results", () => {
    expect(affectedSpan(clip('kpppkppp..'), 1, 4)).toEqual([0, 7])
    expect(affectedSpan(clip('..ppkppp..'), 1, 4)).toEqual([2, 7])
    expect(affectedSpan(clip('....k.ppp.'), 1, 4)).toBeUndefined()
  })

  test('nothing to do between frames that are all a person’s', () => {
    expect(affectedSpan(clip('...kkk....'), 1, 4)).toBeUndefined()
    expect(() => plan(['...kkk....'], { kind: 'span', frame: 4, only: 1 })).toThrow(/no neighbouring frames/)
  })

  test('an offered span is taken as it was offered', () => {
    expect(plan(['kpppkpppkp'], { kind: 'span', frame: 9, only: 1, range: [0, 4] }).range).toEqual([0, 4])
  })
})
