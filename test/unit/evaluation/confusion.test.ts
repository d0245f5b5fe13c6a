import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ConfusionMatrix, confusionMatrix, meanIou } from '../../../model/evaluation/index.ts'
import { readIndexedPng } from '../../../model/formats/index.ts'
import { resizeNearest } from '../../../model/label-map.ts'
import { describeWithReference } from '../../support/reference.ts'

describe('confusion matrix', () => {
  it('rows are the truth, 255 is not counted, absent classes are left out of the mean', () => {
    const matrix = confusionMatrix(
      [{ truth: Uint8Array.of(0, 0, 1, 1, 255), prediction: Uint8Array.of(0, 1, 1, 2, 0) }],
      4,
    )
    expect([...matrix.counts]).toEqual([1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    const [background, one, onlyPredicted, absent] = matrix.iou()
    expect([background, one, onlyPredicted]).toEqual([1 / 2, 1 / 3, 0])
    expect(absent).toBeNaN()
    expect(meanIou(matrix)).toBeCloseTo((1 / 2 + 1 / 3) / 3, 12)
  })

  it('adds up frames and refuses what does not fit', () => {
    const matrix = new ConfusionMatrix(2)
    matrix.add(Uint8Array.of(1), Uint8Array.of(1))
    matrix.add(Uint8Array.of(0), Uint8Array.of(1))
    expect([...matrix.counts]).toEqual([0, 1, 0, 1])
    expect(() => matrix.add(Uint8Array.of(1), Uint8Array.of(1, 1))).toThrow(RangeError)
    expect(() => matrix.add(Uint8Array.of(1), Uint8Array.of(2))).toThrow('label 2 is not one of 2 classes')
    expect(() => new ConfusionMatrix(0)).toThrow(RangeError)
  })

  it('resizing takes the pixel whose centre is nearest', () => {
    const map = { width: 3, height: 1, data: Uint8Array.of(1, 2, 3) }
    expect([...resizeNearest(map, 2, 1, 'centre').data]).toEqual([1, 3])
    expect(resizeNearest(map, 3, 1, 'centre')).toBe(map)
    expect(() => resizeNearest({ ...map, height: 2 }, 2, 1, 'centre')).toThrow('3 pixels is not 3x2')
  })
})

describeWithReference('golden VIP values of the public code', (reference) => {
  it('the confusion matrix and mean IoU', async () => {
    const folder = join(reference, 'metrics/vip')
    const { vip } = JSON.parse(readFileSync(join(reference, 'metrics/metrics.json'), 'utf8')) as {
      vip: { confusion_rows_are_ground_truth: number[][]; mIoU: number; iou: (number | null)[] }
    }
    const matrix = new ConfusionMatrix(20)
    for (const clip of readdirSync(join(folder, 'gt')))
      for (const name of readdirSync(join(folder, 'gt', clip))) {
        const truth = await readIndexedPng(join(folder, 'gt', clip, name))
        const prediction = await readIndexedPng(join(folder, 'pred', clip, name))
        const { width, height, indices: data } = prediction
        matrix.add(
          truth.indices,
          resizeNearest({ width, height, data }, truth.width, truth.height, 'centre').data,
        )
      }
    expect([...matrix.counts]).toEqual(vip.confusion_rows_are_ground_truth.flat())
    expect(matrix.meanIou()).toBeCloseTo(vip.mIoU, 9)
    matrix.iou().forEach((value, label) => {
      const golden = vip.iou[label]
      if (golden === null) expect(value).toBeNaN()
      else expect(value).toBeCloseTo(golden!, 9)
    })
  })
})
