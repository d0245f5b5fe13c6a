/** What a lost process leaves of its walks is found by the next one, and nothing of it can hurt. */
import { appendFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { Pace } from '../../../model/process/pace.ts'
import { Trail } from '../../../model/process/trail.ts'
import { temporaryFolder } from '../video/numbered-clips.ts'

const folder = temporaryFolder()
afterAll(() => folder.remove())

const grid = { rows: 2, columns: 3 }
const labelsOf = (frame: number) => ({
  grid,
  channels: 2,
  data: Float32Array.from({ length: 12 }, (_, i) => ((i * frame) % 7) / 7),
})
const step = (frame: number) => ({ group: 0, walk: 0, frame, labels: labelsOf(frame) })

describe('a trail', () => {
  it('is found again, over many files, up to a record that was cut off', () => {
    const parent = join(folder.path, 'a')
    const first = new Trail(parent, ['run', 1], false)
    for (let frame = 1; frame <= 200; frame++) first.add(step(frame))
    const [own] = readdirSync(parent)
    const files = readdirSync(join(parent, own!)).sort()
    expect(files).toHaveLength(4)
    appendFileSync(join(parent, own!, files.at(-1)!), Buffer.from([200, 1, 0, 0, 7]))

    const second = new Trail(parent, ['run', 1], true)
    for (const frame of [1, 64, 65, 200]) {
      const found = second.labels(0, 0, frame)!
      expect(found.grid).toEqual(grid)
      found.data.forEach((value, i) => {
        expect(value).toBeCloseTo(labelsOf(frame).data[i]!, 4)
      })
    }
    expect(second.labels(0, 0, 201)).toBeUndefined()
    expect(second.labels(0, 1, 5)).toBeUndefined()
    second.add(step(201))
    expect(new Trail(parent, ['run', 1], true).labels(0, 0, 201)).toBeDefined()
    second.remove()
    expect(readdirSync(parent)).toEqual([])
  })

  it('of another run, or of one that starts anew, is not taken', () => {
    const parent = join(folder.path, 'b')
    new Trail(parent, ['run', 1], false).add(step(1))
    expect(new Trail(parent, ['run', 2], true).labels(0, 0, 1)).toBeUndefined()
    expect(new Trail(parent, ['run', 1], false).labels(0, 0, 1)).toBeUndefined()
  })

  it('that cannot be written is done without', () => {
    const trail = new Trail('/dev/null/nowhere', ['run', 1], true)
    trail.add(step(1))
    expect(trail.labels(0, 0, 1)).toBeUndefined()
    trail.remove()
  })
})

describe('the pace', () => {
  it('counts neither what is done once nor a rest', () => {
    const pace = new Pace(0)
    pace.step(5000)
    expect(pace.perSecond).toBeUndefined()
    for (let i = 1; i <= 4; i++) pace.step(5000 + 500 * i)
    expect(pace.perSecond).toBeCloseTo(2)
    pace.resume(60_000)
    pace.step(60_500)
    expect(pace.perSecond).toBeCloseTo(2)
  })

  it('follows a device that slows down', () => {
    const pace = new Pace(0)
    for (let i = 1; i <= 30; i++) pace.step(100 * i)
    for (let i = 1; i <= 30; i++) pace.step(3000 + 1000 * i)
    expect(pace.perSecond).toBeCloseTo(1)
  })
})
