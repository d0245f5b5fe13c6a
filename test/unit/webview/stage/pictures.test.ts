import { describe, expect, it } from 'vitest'
import { type Picture, Pictures } from '../../../../webview/app/stage/pictures.ts'

const WIDTH = 100
const HEIGHT = 50
const BYTES = WIDTH * HEIGHT * 4

class Fake implements Picture {
  readonly width = WIDTH
  readonly height = HEIGHT
  closed = false
  close(): void {
    this.closed = true
  }
}

function makePictures(limit = 10) {
  const wanted: number[][] = []
  const changed: number[] = []
  const made: Fake[] = []
  let hold: Promise<void> = Promise.resolve()
  const pictures = new Pictures<Fake>({
    decode: async (bytes) => {
      await hold
      if (bytes.length === 0) throw new Error('The picture is damaged.')
      const picture = new Fake()
      made.push(picture)
      return picture
    },
    want: (frames) => wanted.push([...frames]),
    changed: (frame) => changed.push(frame),
    limit: limit * BYTES,
  })
  pictures.open(1000, WIDTH, HEIGHT)
  return {
    pictures,
    wanted,
    changed,
    made,
    arrive: (frame: number, bytes = Uint8Array.of(1)) => pictures.arrived(frame, bytes, 'image/jpeg'),
    holdDecoding: () => {
      let release = () => {}
      hold = new Promise((resolve) => {
        release = resolve
      })
      return () => release()
    },
  }
}

describe('pictures around the frame on screen', () => {
  it('are asked for where a jump may lead, after those around, until the person has moved on', async () => {
    const { pictures, wanted, arrive } = makePictures(100)
    pictures.follow(500, 1)
    const around = wanted.at(-1)!
    pictures.expect([700, 510, 90])
    expect(wanted.at(-1)).toEqual([...around, 700, 90])
    await arrive(700)
    pictures.follow(501, 1)
    expect(wanted.at(-1)).not.toContain(90)
    const small = makePictures(10)
    small.pictures.follow(500, 1)
    small.pictures.expect([700])
    expect(small.wanted.at(-1)).not.toContain(700)
  })

  it('are asked for: the frame first, then ahead in the direction of travel, then behind', () => {
    const { pictures, wanted } = makePictures(10)
    pictures.follow(500, 1)
    // Seven tenths of what can be kept.
    expect(wanted.at(-1)).toEqual([500, 501, 502, 503, 504, 505, 506, 507])
    pictures.follow(490, -1)
    expect(wanted.at(-1)).toEqual([490, 489, 488, 487, 486, 485, 484, 483])
  })

  it('also behind where there is room, and never outside the clip', () => {
    const { pictures, wanted } = makePictures(100)
    pictures.follow(998, 1)
    expect(wanted.at(-1)).toEqual([998, 999, 997, 996, 995, 994, 993, 992])
  })

  it('are not asked for again when they are there, being unpacked, or known to be impossible', async () => {
    const { pictures, wanted, arrive, holdDecoding } = makePictures(10)
    pictures.follow(0, 1)
    await arrive(1)
    const release = holdDecoding()
    const decoding = arrive(2)
    pictures.failed(3, 'Frame 3 is missing.')
    pictures.follow(4, 1)
    pictures.follow(0, 1)
    expect(wanted.at(-1)).toEqual([0, 4, 5, 6, 7])
    release()
    await decoding
  })

  it('say nothing to the host when nothing new is wanted, but do when an answer is overdue', () => {
    const { pictures, wanted } = makePictures()
    pictures.follow(7, 1)
    pictures.follow(7, 1)
    expect(wanted).toHaveLength(1)
    pictures.askAgain()
    expect(wanted).toHaveLength(2)
    expect(wanted[1]).toEqual(wanted[0])
  })

  it('stay within their limit: the least recent goes first, the one on screen never', async () => {
    const { pictures, arrive, made } = makePictures(3)
    await arrive(0)
    pictures.show(0)
    pictures.follow(2, 1)
    await arrive(1)
    await arrive(2)
    pictures.get(1)
    await arrive(3)
    // 0 is on screen and 2 is wanted: 1 has to go though it was used last.
    expect([0, 1, 2, 3].map((frame) => pictures.has(frame))).toEqual([true, false, true, true])
    expect(made.map(({ closed }) => closed)).toEqual([false, true, false, false])
    expect(pictures.bytes).toBe(3 * BYTES)
  })

  it('of another clip never show up, though they arrive late', async () => {
    const { pictures, arrive, holdDecoding, made, changed } = makePictures()
    await arrive(1)
    const release = holdDecoding()
    const late = arrive(2)
    pictures.open(10, WIDTH, HEIGHT)
    release()
    await late
    expect(pictures.has(1)).toBe(false)
    expect(pictures.has(2)).toBe(false)
    expect(made.every(({ closed }) => closed)).toBe(true)
    expect(changed).toEqual([1])
    expect(pictures.bytes).toBe(0)
  })

  it('that cannot be unpacked say why, and are tried again when the person comes back', async () => {
    const { pictures, arrive, wanted } = makePictures()
    pictures.follow(5, 1)
    await arrive(5, new Uint8Array(0))
    expect(pictures.failure(5)).toBe('The picture is damaged.')
    pictures.follow(6, 1)
    pictures.follow(5, -1)
    expect(pictures.failure(5)).toBeUndefined()
    expect(wanted.at(-1)![0]).toBe(5)
  })
})
