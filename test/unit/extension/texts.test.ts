import { describe, expect, test } from 'vitest'
import { frameFrom } from '../../../extension/frame-or-time.ts'
import { Sentence } from '../../../extension/sentence.ts'
import { chain, edgesFrom, edgesText, keypointsFrom } from '../../../extension/skeleton-text.ts'

describe('a frame or a time that a person writes', () => {
  // 25 frames per second with a pause: variable frame rate, so that a time is never a number of frames.
  const times = Float64Array.of(0, 0.04, 0.08, 1, 1.04, 61.5)

  test.each([
    ['3', 3],
    [' 5 ', 5],
    ['0s', 0],
    ['0.08s', 2],
    ['0.9 s', 2],
    ['1s', 3],
    ['0:01.04', 4],
    ['1:01,5', 5],
    ['0:01:01.5', 5],
    ['0.0399999s', 1],
  ])('%s', (written, frame) => {
    expect(frameFrom(written, times)).toBe(frame)
  })

  test('outside the clip or unreadable is refused with what can be written', () => {
    expect(() => frameFrom('6', times)).toThrow('The last frame is 5; name one up to it.')
    expect(() => frameFrom('3:00', times)).toThrow(/61\.50 s/)
    expect(() => frameFrom('soon', times)).toThrow(/Write a frame such as 120/)
    expect(() => frameFrom('-1', times)).toThrow(/Write a frame/)
  })
})

describe('skeletons that a person writes', () => {
  const points = ['nose', 'left-eye', 'tail']

  test('names with Western and Chinese commas', () => {
    expect(keypointsFrom('nose, left-eye，tail')).toEqual(points)
    expect(keypointsFrom('  ')).toEqual([])
  })

  test('a missing or repeated name is refused', () => {
    expect(() => keypointsFrom('nose,,tail')).toThrow(/no name/)
    expect(() => keypointsFrom('nose, nose')).toThrow(/nose is there twice/)
  })

  test('edges, also with a hyphen in a name, and back', () => {
    expect(edgesFrom('nose-left-eye, left-eye-tail', points)).toEqual([
      [0, 1],
      [1, 2],
    ])
    expect(edgesText({ keypoints: points, edges: chain(points) })).toBe('nose-left-eye, left-eye-tail')
  })

  test('an edge to nowhere or to itself is refused', () => {
    expect(() => edgesFrom('nose-ear', points)).toThrow(/nose-ear does not join/)
    expect(() => edgesFrom('nose-nose', points)).toThrow(/does not join/)
  })
})

test('a sentence keeps its template for translation and reads well in English', () => {
  const sentence = new Sentence('{1} before {0}, {2}', 'a', 'b')
  expect(sentence.message).toBe('b before a, {2}')
  expect(sentence.template).toBe('{1} before {0}, {2}')
})
