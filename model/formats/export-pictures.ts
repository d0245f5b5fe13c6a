import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import type { AnnotationDocument } from '../annotation/index.ts'
import { throwIfCancelled, UserError } from '../errors.ts'
import { makeFolder } from '../files.ts'
import type { ExportContext } from './dataset-format.ts'
import { pictureDigest } from './provenance.ts'

/** Little enough loss that training sees the video's own artefacts rather than ours. */
const QUALITY = 95

/**
 * Writes the pictures of some frames as JPEG (4:4:4) and sees that the files hold them.
 * @param names file name of each frame, by frame index
 * @param onWritten called after each
 * @returns what tells the pictures from others
 * @throws UserError when a picture is missing or has another size than the video
 */
export async function exportPictures(
  document: AnnotationDocument,
  context: ExportContext,
  folder: string,
  names: ReadonlyMap<number, string>,
  onWritten: () => void,
): Promise<{ file: string; digest: string }[]> {
  const { width, height } = document.video
  await makeFolder(folder)
  const left = new Map(names)
  const written: { file: string; digest: string }[] = []
  if (context.pictures !== undefined && left.size > 0)
    for await (const picture of context.pictures()) {
      throwIfCancelled(context.signal)
      const file = left.get(picture.index)
      if (file === undefined) continue
      if (picture.width !== width || picture.height !== height)
        throw new UserError(
          `Frame ${picture.index} has ${picture.width}x${picture.height} pixels, but the annotated video ${width}x${height}; open the video that was annotated.`,
        )
      const raw = { width, height, channels: 3 } as const
      const jpeg = await sharp(picture.data, { raw })
        .jpeg({ quality: QUALITY, chromaSubsampling: '4:4:4' })
        .toBuffer()
      const path = join(folder, file)
      await writeFile(path, jpeg)
      if (!(await readFile(path)).equals(jpeg))
        throw new UserError(
          `The picture ${file} reads back differently from what was written; check the disk.`,
        )
      left.delete(picture.index)
      written.push({ file, digest: pictureDigest(jpeg) })
      onWritten()
      if (left.size === 0) break
    }
  const [missing] = left.keys()
  if (missing !== undefined)
    throw new UserError(
      `The picture of frame ${missing} could not be had from the video, so nothing was exported.`,
    )
  return written.sort((a, b) => (a.file < b.file ? -1 : 1))
}
