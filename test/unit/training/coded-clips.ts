import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { createVideoWriter } from '../../../model/video/index.ts'

export const WIDTH = 128
export const HEIGHT = 96

/** How much bluer each picture is than the one before. */
export const BLUE_STEP = 8

/** A folder for the files of one test file. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'siammae-training-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Red says where a pixel is from left to right, green from top to bottom, blue in which picture. */
export function codedPicture(index: number, width = WIDTH, height = HEIGHT): Uint8Array {
  const data = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = (y * width + x) * 3
      data[i] = redAt((x + 0.5) / width)
      data[i + 1] = redAt((y + 0.5) / height)
      data[i + 2] = 20 + index * BLUE_STEP
    }
  }
  return data
}

/** Away from the ends of the range, which video cuts off. @param share 0..1 of the way through the picture */
export function redAt(share: number): number {
  return Math.round(40 + 170 * share)
}

/** Writes a video of coded pictures. */
export async function makeVideo(
  path: string,
  frames: number,
  { fps = 30, width = WIDTH, height = HEIGHT, first = 0 } = {},
): Promise<string> {
  const writer = await createVideoWriter(path, { width, height, fps })
  for (let i = 0; i < frames; i++) await writer.write(codedPicture(first + i, width, height))
  await writer.finish()
  return path
}

/** Writes a folder of coded pictures without loss. */
export async function makeImages(folder: string, frames: number, first = 0): Promise<string> {
  await mkdir(folder, { recursive: true })
  for (let i = 0; i < frames; i++) {
    const raw = { width: WIDTH, height: HEIGHT, channels: 3 as const }
    await sharp(codedPicture(first + i), { raw })
      .png()
      .toFile(join(folder, `${i}.png`))
  }
  return folder
}
