import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { siamMaeConfig } from '../../../model/siammae/index.ts'
import { drawPreview, type Reconstruction, tilesOf } from '../../../model/training/preview.ts'

const config = siamMaeConfig('Ti', 8, { imageSize: 32, futureRatio: 0.75 })
const raw = { ...config, normaliseTarget: false }
const TOKENS = 16
const LENGTH = 8 * 8 * 3

/** Two pairs whose prediction is exactly the target, so that the picture must be the truth again. */
function perfect(normalise: boolean): Reconstruction {
  const future = Uint8Array.from({ length: 2 * 32 * 32 * 3 }, (_, i) => (i * 37 + (i >> 5) * 11) % 256)
  const prediction = new Float32Array(2 * TOKENS * LENGTH)
  const { mean, std } = config.encoder
  for (let pair = 0; pair < 2; pair++)
    for (let token = 0; token < TOKENS; token++) {
      const values = Array.from({ length: LENGTH }, (_, i) => {
        const [row, column, channel] = [Math.floor(i / 24), Math.floor(i / 3) % 8, i % 3]
        const y = Math.floor(token / 4) * 8 + row!
        const x = (token % 4) * 8 + column!
        return (future[((pair * 32 + y) * 32 + x) * 3 + channel!]! / 255 - mean[channel!]!) / std[channel!]!
      })
      const average = values.reduce((a, b) => a + b, 0) / LENGTH
      const variance = values.reduce((a, b) => a + (b - average) ** 2, 0) / (LENGTH - 1)
      prediction.set(
        normalise ? values.map((value) => (value - average) / Math.sqrt(variance + 1e-6)) : values,
        (pair * TOKENS + token) * LENGTH,
      )
    }
  const mask = Float32Array.from({ length: 2 * TOKENS }, (_, i) => (i % 4 === 0 ? 0 : 1))
  return { past: new Uint8Array(future.length).fill(9), future, prediction, mask }
}

describe('the reconstruction picture', () => {
  it.each([
    ['normalised targets', config],
    ['raw targets', raw],
  ])('a perfect prediction is the truth again: %s', (_, model) => {
    const reconstruction = perfect(model.normaliseTarget)
    for (const pair of [0, 1]) {
      const [past, masked, predicted, truth] = tilesOf(model, reconstruction, pair)
      expect(past!.every((byte) => byte === 9)).toBe(true)
      expect(predicted).toEqual(truth)
      // Token 0 is visible, token 1 is removed.
      expect(masked!.subarray(0, 24)).toEqual(truth!.subarray(0, 24))
      expect(masked!.subarray(24, 48).every((byte) => byte === 128)).toBe(true)
    }
  })

  it('is a PNG with a row per pair and letters above them', async () => {
    const png = await drawPreview(config, perfect(true), 'step 5', 2)
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true })
    expect(info.width).toBe(12 + 4 * (192 + 12))
    expect(info.height).toBeGreaterThan(2 * (192 + 12))
    const light = (top: number, bottom: number): number =>
      data.subarray(top * info.width * 3, bottom * info.width * 3).filter((byte) => byte > 200).length
    expect(light(12, 30)).toBeGreaterThan(100)
    expect(light(42, 60)).toBeGreaterThan(400)
  })
})
