import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { clipSeed, Dice } from '../../../media/make-training-clips/dice.ts'
import { circle, gridOf } from '../../../media/make-training-clips/outline.ts'
import { type Layer, Painter, type Stage } from '../../../media/make-training-clips/render.ts'
import { randomClip } from '../../../media/make-training-clips/scene.ts'
import { Surface } from '../../../media/make-training-clips/surface.ts'
import { writeClip, writeSetList } from '../../../media/make-training-clips/write-clips.ts'
import { readIndexedPng } from '../../../model/formats/index.ts'
import { openVideo } from '../../../model/video/index.ts'

const SIZE = 96

/** A grey backdrop and a bright disc of radius 20 with a random skin, both moving `speed` pixels per frame. */
function discStage(speed: number, backdropSpeed: number): Stage {
  const layer = (surface: Surface, moving: number, disc: boolean): Layer => ({
    surface,
    origin: [100, 100],
    outline: disc ? gridOf(circle(0, 0, 20), 20, 20) : undefined,
    rim: { depth: 1, strength: 0 },
    place: (time) => ({
      ...{ left: 0, top: 0, right: SIZE, bottom: SIZE, scale: 1, light: 1 },
      locate(x, y, out) {
        out[0] = x - 40 - moving * time
        out[1] = y - 48
      },
    }),
  })
  return {
    width: SIZE,
    height: SIZE,
    things: [
      { label: 0, layers: [layer(speckled(60, 40), backdropSpeed, false)], shadow: undefined },
      { label: 1, layers: [layer(speckled(180, 60), speed, true)], shadow: undefined },
    ],
    shutter: 0,
    light: () => 1,
    noise: 0,
    noiseSeed: 0,
  }
}

/** Random greys from `level` to `level + by`. */
function speckled(level: number, by: number): Surface {
  const dice = new Dice(level)
  const surface = new Surface(300, 300)
  for (let i = 0; i < 300 * 300; i++) {
    const grey = level + by * dice.next()
    surface.set(i, grey, grey, grey)
  }
  return surface
}

describe('Painter', () => {
  it('labels exactly the pixels that the object covers', () => {
    const painter = new Painter(discStage(2.5, 0))
    for (const time of [0, 3, 7]) {
      const frame = painter.frame(time)
      const labels = painter.labels(time)
      const drawn = Array.from(labels, (_, i) => (frame[i * 3]! > 140 ? 1 : 0))
      const differing = drawn.filter((value, i) => value !== labels[i]).length
      // The disc's edge runs through about 126 pixels; those half covered may fall on either side.
      expect(differing).toBeLessThan(25)
      expect(labels.reduce((sum, value) => sum + value, 0) / (Math.PI * 400)).toBeCloseTo(1, 1)
    }
  })

  it('moves the texture with its surface', () => {
    const painter = new Painter(discStage(3, 3))
    const first = painter.frame(0).slice()
    const second = painter.frame(4).slice()
    let largest = 0
    for (let y = 0; y < SIZE; y++)
      for (let x = 12; x < SIZE; x++) {
        const moved = second[(y * SIZE + x) * 3]! - first[(y * SIZE + x - 12) * 3]!
        largest = Math.max(largest, Math.abs(moved))
      }
    expect(largest).toBeLessThanOrEqual(1)
  })
})

describe('randomClip', () => {
  it('draws the same clip for the same seed and another for another', () => {
    const draw = (seed: number) => {
      const { painter, objects } = randomClip(seed, 64, 48)
      return { objects, rgb: painter.frame(5).slice(), labels: painter.labels(5).slice() }
    }
    const first = draw(7)
    expect(draw(7)).toEqual(first)
    expect(draw(8).rgb).not.toEqual(first.rgb)
  })

  it('shows every object on the first frame, moves, and stays in a natural range', () => {
    for (let index = 0; index < 12; index++) {
      const { painter, objects } = randomClip(clipSeed(3, index), 128, 96)
      const labels = painter.labels(0)
      const seen = new Set(labels)
      for (let label = 1; label <= objects; label++) expect(seen).toContain(label)
      expect(Math.max(...seen)).toBe(objects)
      const first = painter.frame(0).slice()
      const later = painter.frame(20)
      expect(first).not.toEqual(later)
      const mean = first.reduce((sum, value) => sum + value, 0) / first.length
      expect(mean).toBeGreaterThan(15)
      expect(mean).toBeLessThan(240)
    }
  })
})

describe('writeClip', () => {
  const folders: string[] = []
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
  })
  const temporary = async () => {
    const folder = await mkdtemp(join(tmpdir(), 'training-clips-'))
    folders.push(folder)
    return folder
  }

  it('writes a video', async () => {
    const folder = await temporary()
    const options = { folder, count: 1, seed: 5, frames: 4, width: 64, height: 64, masks: false }
    expect(await writeClip(0, options)).toBe('train-0001')
    const video = await openVideo(join(folder, 'train-0001.mp4'))
    try {
      expect(video.table).toMatchObject({ width: 64, height: 64, averageFps: 30 })
      expect(video.table.frames).toHaveLength(4)
    } finally {
      await video.close()
    }
  })

  it('writes pictures and masks in the layout of DAVIS', async () => {
    const folder = await temporary()
    const options = { folder, count: 1, seed: 5, frames: 2, width: 80, height: 48, masks: true }
    const name = await writeClip(0, options)
    await writeSetList(options)
    expect(await readdir(join(folder, 'JPEGImages/480p', name))).toEqual(['00000.jpg', '00001.jpg'])
    const mask = await readIndexedPng(join(folder, 'Annotations/480p', name, '00000.png'))
    expect(mask).toMatchObject({ width: 80, height: 48, kind: 'palette' })
    expect(new Set(mask.indices).size).toBeGreaterThan(1)
    expect(await readdir(join(folder, 'ImageSets/2017'))).toEqual(['val.txt'])
  })
})
