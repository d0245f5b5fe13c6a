import { describe, expect, test } from 'vitest'
import { EXPORT_FORMATS } from '../../../extension/export-formats.ts'
import { COLOURS, freeColour, labelsFrom, mergedCatalogue, missingLabels } from '../../../extension/labels.ts'
import { formats } from '../../../model/formats/index.ts'
import { clip } from './support.ts'

describe('the catalogue of labels', () => {
  test('becomes labels of a document; a colour that is not named is a free one', () => {
    expect(
      labelsFrom(
        [
          { name: ' fish ', colour: '#AABBCC' },
          { name: 'hand', keypoints: ['a', 'b'], edges: [[0, 1]] },
        ],
        4,
      ),
    ).toEqual([
      { id: 4, name: 'fish', colour: '#aabbcc' },
      {
        id: 5,
        name: 'hand',
        colour: COLOURS[0]?.colour,
        skeleton: { keypoints: ['a', 'b'], edges: [[0, 1]] },
      },
    ])
  })

  test('faults are named', () => {
    expect(() => labelsFrom([{ name: '' }], 1)).toThrow(/Label 1 .* no name/)
    expect(() => labelsFrom([{ name: 'x', colour: 'red' }], 1)).toThrow(/colour of the label x/)
    expect(() => labelsFrom([{ name: 'x', keypoints: ['a'], edges: [[0, 1]] }], 1)).toThrow(
      /edge of the label x/,
    )
  })

  test('only what a document lacks is offered, with ids that are free', () => {
    expect(missingLabels(clip('.'), [{ name: 'fish' }, { name: 'hand' }])).toMatchObject([
      { id: 2, name: 'hand' },
    ])
  })

  test('saving keeps what other videos have put there', () => {
    expect(
      mergedCatalogue(
        [
          { name: 'car', colour: '#000001' },
          { name: 'fish', colour: '#000002' },
        ],
        [{ id: 1, name: 'fish', colour: '#e69f00' }],
      ),
    ).toEqual([
      { name: 'car', colour: '#000001' },
      { name: 'fish', colour: '#e69f00' },
    ])
  })
})

test('free colours are all different until they run out', () => {
  const used: string[] = []
  for (const _ of COLOURS) used.push(freeColour(used))
  expect(new Set(used).size).toBe(COLOURS.length)
  expect(used).toContain(freeColour(used))
})

test('what can be exported is what the formats offer, under the same titles', () => {
  expect(EXPORT_FORMATS.map(({ id, title }) => [id, title]).sort()).toEqual(
    Object.values(formats)
      .map(({ id, title }) => [id, title])
      .sort(),
  )
})
