import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { putTexts } from '../../../webview/app/texts.ts'
import { durationText, frameAtTime, parseFrame, rateText, timeText } from '../../../webview/app/time-text.ts'
import { blend, parseColour } from '../../../webview/app/timeline/palette.ts'

describe('texts of times', () => {
  it('carry over instead of showing 60 seconds', () => {
    expect(timeText(0)).toBe('0:00.000')
    expect(timeText(59.9996)).toBe('1:00.000')
    expect(timeText(3723.5, 1)).toBe('1:02:03.5')
    expect(timeText(-0.04)).toBe('-0:00.040')
    expect(timeText(-0.0001)).toBe('0:00.000')
    expect(timeText(59.6, 0)).toBe('1:00')
  })

  it('tell durations and rates in the unit that matters', () => {
    expect([0.2, 89, 150, 7900].map(durationText)).toEqual(['1 s', '89 s', '3 min', '2 h 12 min'])
    putTexts({ '{0} s': '{0} 秒', '{0} h {1} min': '{0} 小时 {1} 分钟' })
    expect([8, 7900].map(durationText)).toEqual(['8 秒', '2 小时 12 分钟'])
    putTexts({})
    expect([0.4567, 12.34, 180.2].map(rateText)).toEqual(['0.46', '12.3', '180'])
  })
})

describe('a typed frame', () => {
  const times = Float64Array.from({ length: 100 }, (_, frame) => frame / 25)

  it('is a number or a time', () => {
    expect(parseFrame(' 37 ', times)).toBe(37)
    expect(parseFrame('1000', times)).toBe(99)
    expect(parseFrame('0:01', times)).toBe(25)
    expect(parseFrame('1.5s', times)).toBe(37)
    expect(parseFrame('1.5', times)).toBe(37)
    expect(parseFrame('1:00:00', times)).toBe(99)
    for (const wrong of ['', 'x', '-3', '1:2:3:4', '1e3']) expect(parseFrame(wrong, times)).toBeUndefined()
  })

  it('comes back from its own time', () => {
    fc.assert(
      fc.property(fc.nat({ max: 99 }), (frame) => {
        expect(frameAtTime(times, times[frame]!)).toBe(frame)
        expect(parseFrame(timeText(times[frame]!), times)).toBe(frame)
      }),
    )
  })
})

describe('colours of the theme', () => {
  it('are read as VS Code writes them', () => {
    expect(parseColour('#3794ff')).toEqual([55, 148, 255])
    expect(parseColour('#fff')).toEqual([255, 255, 255])
    expect(parseColour('#3794ff80')).toEqual([55, 148, 255])
    expect(parseColour('rgba(1, 2, 3, 0.5)')).toEqual([1, 2, 3])
    expect(parseColour('red')).toBeUndefined()
  })

  it('are blended from end to end', () => {
    const steps = blend([209, 134, 22], [55, 148, 255], 12)
    expect(steps[0]).toEqual([209, 134, 22])
    expect(steps[11]).toEqual([55, 148, 255])
    for (let at = 1; at < 12; at++) expect(steps[at]![2]).toBeGreaterThanOrEqual(steps[at - 1]![2])
  })
})
