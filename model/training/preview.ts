/** The reconstruction picture: per pair a row with the past, the masked future, the prediction and the truth. */
import sharp from 'sharp'
import { forEachInk, GLYPH_ADVANCE, GLYPH_ROWS } from '../pixel-font.ts'
import type { SiamMaeConfig } from '../siammae/index.ts'

/** What a network made of a batch of pairs. */
export interface Reconstruction {
  /** RGB bytes, [size, imageSize, imageSize, 3] each. */
  readonly past: Uint8Array
  readonly future: Uint8Array
  /** Predicted patches, [size, tokens, patch * patch * 3], in-patch order row, column, channel. */
  readonly prediction: Float32Array
  /** [size, tokens], 1 where the patch of the future frame was removed. */
  readonly mask: Float32Array
}

const COLUMNS = ['past frame', 'masked future', 'prediction', 'truth'] as const

/** Tiles are enlarged by whole factors until they are at least this wide, so that their captions fit. */
const MIN_TILE = 192
const GAP = 12
const FONT_SCALE = 2
const PAPER = [24, 26, 30] as const
const INK = [232, 232, 232] as const
/** What removed patches look like: the grey that a byte's middle is. */
const GREY = 128

/** MAE's guard in the deviation of a patch. */
const TARGET_EPSILON = 1e-6

/**
 * Draws pairs as one PNG, captions included. Where the target is normalised per patch, predictions come back to
 * pixels by the true patch's mean and deviation; visible patches show the truth, since nothing was asked of them.
 * @param title one line above everything, such as the step and the loss
 * @param pairs how many of the reconstruction's pairs are drawn
 * @returns the bytes of a PNG
 */
export async function drawPreview(
  config: SiamMaeConfig,
  reconstruction: Reconstruction,
  title: string,
  pairs: number,
): Promise<Buffer> {
  const { imageSize: side } = config
  const zoom = Math.max(1, Math.ceil(MIN_TILE / side))
  const tile = side * zoom
  const line = GLYPH_ROWS * FONT_SCALE + GAP
  const width = GAP + COLUMNS.length * (tile + GAP)
  const head = GAP + 2 * line
  const canvas = new Canvas(width, head + pairs * (tile + GAP))
  canvas.write(title, GAP, GAP)
  for (const [column, name] of COLUMNS.entries()) canvas.write(name, GAP + column * (tile + GAP), GAP + line)
  for (let pair = 0; pair < pairs; pair++)
    for (const [column, picture] of tilesOf(config, reconstruction, pair).entries())
      canvas.place(picture, side, zoom, GAP + column * (tile + GAP), head + pair * (tile + GAP))
  return sharp(canvas.data, { raw: { width, height: canvas.height, channels: 3 } })
    .png()
    .toBuffer()
}

/** The four pictures of a pair in the order of the columns, [imageSize, imageSize, 3] each. */
export function tilesOf(
  config: SiamMaeConfig,
  { past, future, prediction, mask }: Reconstruction,
  pair: number,
): Uint8Array[] {
  const { imageSize: side, encoder } = config
  const { patch, positionGrid: grid } = encoder
  const bytes = side * side * 3
  const length = patch * patch * 3
  const truth = future.subarray(pair * bytes, (pair + 1) * bytes)
  const masked = truth.slice()
  const predicted = truth.slice()
  for (let token = 0; token < grid * grid; token++) {
    const place = pair * grid * grid + token
    if (mask[place] === 0) continue
    const left = (token % grid) * patch
    const top = Math.floor(token / grid) * patch
    const pixelAt = (i: number): number => {
      const row = Math.floor(i / (patch * 3))
      return ((top + row) * side + left) * 3 + (i - row * patch * 3)
    }
    const values = prediction.subarray(place * length, (place + 1) * length)
    const { mean, deviation } = config.normaliseTarget
      ? statisticsOf(config, truth, length, pixelAt)
      : { mean: 0, deviation: 1 }
    for (let i = 0; i < length; i++) {
      const value = values[i]! * deviation + mean
      masked[pixelAt(i)] = GREY
      predicted[pixelAt(i)] = Math.max(
        0,
        Math.min(255, Math.round(255 * (value * encoder.std[i % 3]! + encoder.mean[i % 3]!))),
      )
    }
  }
  return [past.subarray(pair * bytes, (pair + 1) * bytes), masked, predicted, truth]
}

/** Mean and deviation of a patch as the target has them: over normalised pixels, with the unbiased variance. */
function statisticsOf(
  { encoder }: SiamMaeConfig,
  picture: Uint8Array,
  length: number,
  pixelAt: (i: number) => number,
): { mean: number; deviation: number } {
  const value = (i: number): number =>
    (picture[pixelAt(i)]! / 255 - encoder.mean[i % 3]!) / encoder.std[i % 3]!
  let mean = 0
  for (let i = 0; i < length; i++) mean += value(i) / length
  let variance = 0
  for (let i = 0; i < length; i++) variance += (value(i) - mean) ** 2 / (length - 1)
  return { mean, deviation: Math.sqrt(variance + TARGET_EPSILON) }
}

/** RGB bytes that pictures and letters are put on. */
class Canvas {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array

  constructor(width: number, height: number) {
    this.width = width
    this.height = height
    this.data = new Uint8Array(width * height * 3)
    for (let i = 0; i < this.data.length; i++) this.data[i] = PAPER[i % 3]!
  }

  /** A square picture, every pixel `zoom` times as wide and high. */
  place(picture: Uint8Array, side: number, zoom: number, left: number, top: number): void {
    for (let y = 0; y < side * zoom; y++)
      for (let x = 0; x < side * zoom; x++) {
        const from = (Math.floor(y / zoom) * side + Math.floor(x / zoom)) * 3
        this.data.set(picture.subarray(from, from + 3), ((top + y) * this.width + left + x) * 3)
      }
  }

  /** One line of text; what does not fit the width is cut off. */
  write(text: string, left: number, top: number): void {
    const room = Math.floor((this.width - left) / (GLYPH_ADVANCE * FONT_SCALE))
    forEachInk([...text].slice(0, room), (column, row) => {
      for (let y = 0; y < FONT_SCALE; y++)
        for (let x = 0; x < FONT_SCALE; x++)
          this.data.set(INK, ((top + row * FONT_SCALE + y) * this.width + left + column * FONT_SCALE + x) * 3)
    })
  }
}
