/** What is known about the sample clip: where its two koi are on every frame. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { area, encodeMask, intersection, iou, type Rle } from '../../../model/annotation/index.ts'
import { readIndexedPng } from '../../../model/formats/index.ts'
import { root } from '../build.ts'

export const SAMPLE = join(root, 'media', 'sample.mp4')
export const WIDTH = 640
export const HEIGHT = 360
export const FRAMES = 100

/** One byte per pixel, row by row: 1 inside. */
export type Pixels = Uint8Array

/** The exact mask of a koi: 1 the white one, which passes under a leaf; 2 the black one, always in view. */
export async function truth(frame: number, object: 1 | 2): Promise<Pixels> {
  const name = `${String(frame).padStart(5, '0')}.png`
  const { indices } = await readIndexedPng(join(root, 'media', 'sample', 'masks', name))
  return Uint8Array.from(indices, (value) => (value === object ? 1 : 0))
}

/** The landmarks of the white koi on frame 0. */
export function landmarks(): {
  keypoints: { name: string; x: number; y: number }[]
  skeleton: [number, number][]
} {
  return JSON.parse(readFileSync(join(root, 'media', 'sample', 'keypoints.json'), 'utf8'))
}

/** Where the landmarks of the white koi are on a frame. */
export function landmarksOf(frame: number): { name: string; x: number; y: number; visible: boolean }[] {
  const text = readFileSync(join(root, 'media', 'sample', 'keypoints-truth.json'), 'utf8')
  return JSON.parse(text).frames[frame]
}

/** Intersection over union of a mask of the document with pixels. */
export function agreement(mask: Rle | undefined, pixels: Pixels): number {
  return mask ? iou(mask, encode(pixels)) : 0
}

/** Intersection over union of two sets of pixels. */
export function overlap(a: Pixels, b: Pixels): number {
  return iou(encode(a), encode(b))
}

/**
 * Whether what is painted on screen lies on an object: most of it inside the object's true mask, and a good part of
 * that covered. Less than an IoU of masks would ask, because the outline of the chosen object is white.
 */
export function liesOn(painted: Pixels, object: Pixels, least = { inside: 0.8, covered: 0.4 }): boolean {
  const [first, second] = [encode(painted), encode(object)]
  const both = area(intersection(first, second))
  return both > least.inside * area(first) && both > least.covered * area(second)
}

function encode(pixels: Pixels): Rle {
  return encodeMask(pixels, WIDTH, HEIGHT)
}

/**
 * A way that a round brush can go to fill a mask: up and down through it, never so near to its edge that the brush
 * would leave it.
 */
export function wayThrough(pixels: Pixels, diameter: number): { x: number; y: number }[] {
  const radius = diameter / 2
  const fits = (x: number, y: number) => {
    for (let angle = 0; angle < 16; angle++) {
      const px = Math.round(x + Math.cos((angle * Math.PI) / 8) * (radius - 1))
      const py = Math.round(y + Math.sin((angle * Math.PI) / 8) * (radius - 1))
      if (pixels[py * WIDTH + px] !== 1) return false
    }
    return true
  }
  const way: { x: number; y: number }[] = []
  let down = true
  for (let x = 0; x < WIDTH; x += Math.max(1, radius / 2)) {
    const column: { x: number; y: number }[] = []
    for (let y = 0; y < HEIGHT; y++) if (fits(Math.round(x), y)) column.push({ x: Math.round(x), y })
    const ends = column.length > 0 ? [column[0]!, column.at(-1)!] : []
    way.push(...(down ? ends : ends.reverse()))
    if (ends.length > 0) down = !down
  }
  return way
}
