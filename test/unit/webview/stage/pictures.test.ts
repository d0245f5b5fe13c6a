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
    for (let frame = 0; frame <= 24; frame++) await arrive(frame)
    pictures.stay([700, 10, 90])
    expect(wanted.at(-1)).toEqual([700, 90])
    await arrive(700)
    pictures.follow(1, 1)
    expect(wanted.at(-1)).not.toContain(90)
    const small = makePictures(10)
    small.pictures.stay([700])
    for (let frame = 0; frame <= 7; frame++) await small.arrive(frame)
    expect(small.wanted.flat()).not.toContain(700)
  })

  it('are soon asked for where a second jump may lead, and all those around only with the first step', async () => {
    const { pictures, wanted, arrive } = makePictures(100)
    pictures.follow(500, 1)
    await arrive(500)
    pictures.stay([700, 503, 90])
    for (let frame = 501; frame <= 506; frame++) await arrive(frame)
    // Those behind come last: they cost a way of their own.
    expect(wanted.at(-1)).toEqual([700, 90, 499, 498])
    await arrive(498)
    await arrive(499)
    await arrive(700)
    await arrive(90)
    expect(wanted.at(-1)).toEqual([])
    pictures.follow(501, 1)
    expect(wanted.at(-1)).toEqual([507, 508, 509, 510, 511, 512])
  })

  it('come alone after a jump, until the person stays or goes on in steps', async () => {
    const { pictures, wanted, arrive } = makePictures(100)
    pictures.follow(500, 1)
    expect(wanted.at(-1)).toEqual([500])
    pictures.follow(300, -1)
    expect(wanted.at(-1)).toEqual([300])
    await arrive(300)
    expect(wanted.at(-1)).toEqual([])
    pictures.stay([])
    expect(wanted.at(-1)).toEqual([299, 298, 297, 296, 295, 294])
    pictures.follow(600, 1)
    pictures.follow(601, 1)
    expect(wanted.at(-1)).toEqual([601, 602, 603, 604, 605, 606])
  })

  it('are asked for a few at a time, the next ones when half of these are there', async () => {
    const { pictures, wanted, arrive } = makePictures(100)
    pictures.follow(1, 1)
    expect(wanted.at(-1)).toEqual([1, 2, 3, 4, 5, 6])
    await arrive(1)
    await arrive(2)
    expect(wanted).toHaveLength(1)
    await arrive(3)
    // Those on their way are named again: what is no longer named is not sent.
    expect(wanted.at(-1)).toEqual([4, 5, 6, 7, 8, 9])
    pictures.failed(4, 'Frame 4 is missing.')
    await arrive(5)
    await arrive(6)
    expect(wanted.at(-1)).toEqual([7, 8, 9, 10, 11, 12])
  })

  it('are asked for: the frame first, then ahead in the direction of travel, then behind', () => {
    const { pictures, wanted } = makePictures(10)
    pictures.follow(4, 1)
    expect(wanted.at(-1)).toEqual([4, 5, 6, 7, 8, 9])
    pictures.follow(12, 1)
    pictures.follow(11, -1)
    expect(wanted.at(-1)).toEqual([11, 10, 9, 8, 7, 6])
    // Seven tenths of what can be kept.
    const small = makePictures(5)
    small.pictures.follow(4, 1)
    expect(small.wanted.at(-1)).toEqual([4, 5, 6, 7])
  })

  it('also behind where there is room, and never outside the clip', async () => {
    const { pictures, wanted, arrive } = makePictures(100)
    pictures.follow(998, 1)
    await arrive(998)
    pictures.stay([])
    expect(wanted.at(-1)).toEqual([999, 997, 996])
    pictures.follow(999, 1)
    expect(wanted.at(-1)).toEqual([999, 997, 996, 995, 994, 993])
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

  it('give all their memory back when nobody looks any more, also what is still being unpacked', async () => {
    const { pictures, arrive, holdDecoding, made, changed } = makePictures()
    await arrive(1)
    pictures.show(1)
    const release = holdDecoding()
    const late = arrive(2)
    pictures.close()
    release()
    await late
    expect(made.map(({ closed }) => closed)).toEqual([true, true])
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
