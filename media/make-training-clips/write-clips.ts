import { join } from 'node:path'
import sharp from 'sharp'
import { makeFolder, writeFileAtomic } from '../../model/files.ts'
import { writeIndexedPng } from '../../model/formats/index.ts'
import { createVideoWriter } from '../../model/video/index.ts'
import { clipSeed } from './dice.ts'
import { randomClip } from './scene.ts'

export interface ClipsOptions {
  readonly folder: string
  readonly count: number
  readonly seed: number
  readonly frames: number
  readonly width: number
  readonly height: number
  /** Pictures and masks in the layout of DAVIS instead of videos. */
  readonly masks: boolean
}

const FRAMES_PER_SECOND = 30
/** JPEG quality of the pictures, about that of DAVIS. */
const QUALITY = 93

/** Draws and writes clip `index` (from 0). @returns its name */
export async function writeClip(index: number, options: ClipsOptions): Promise<string> {
  const { folder, seed, frames, width, height, masks } = options
  const clip = randomClip(clipSeed(seed, index), width, height)
  const number = String(index + 1).padStart(4, '0')
  if (!masks) {
    const name = `train-${number}`
    const writer = await createVideoWriter(join(folder, `${name}.mp4`), {
      width,
      height,
      fps: FRAMES_PER_SECOND,
    })
    try {
      for (let frame = 0; frame < frames; frame++) await writer.write(clip.painter.frame(frame))
      await writer.finish()
    } catch (error) {
      await writer.abort()
      throw error
    }
    return name
  }
  const name = `clip-${number}`
  const pictures = join(folder, 'JPEGImages', '480p', name)
  const annotations = join(folder, 'Annotations', '480p', name)
  await makeFolder(pictures)
  await makeFolder(annotations)
  for (let frame = 0; frame < frames; frame++) {
    const file = String(frame).padStart(5, '0')
    const raw = { width, height, channels: 3 as const }
    const jpeg = await sharp(clip.painter.frame(frame), { raw }).jpeg({ quality: QUALITY }).toBuffer()
    await writeFileAtomic(join(pictures, `${file}.jpg`), jpeg)
    const indices = clip.painter.labels(frame)
    await writeIndexedPng(join(annotations, `${file}.png`), { width, height, indices })
  }
  return name
}

/** The list that says which clips belong to the set, as DAVIS has it. */
export async function writeSetList(options: ClipsOptions): Promise<void> {
  const names = Array.from({ length: options.count }, (_, i) => `clip-${String(i + 1).padStart(4, '0')}\n`)
  await makeFolder(join(options.folder, 'ImageSets', '2017'))
  await writeFileAtomic(join(options.folder, 'ImageSets', '2017', 'val.txt'), names.join(''))
}
