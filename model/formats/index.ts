import { coco } from './coco.ts'
import type { DatasetFormat } from './dataset-format.ts'
import { davis } from './davis.ts'
import { youtubeVis } from './youtube-vis.ts'

export type {
  DatasetFormat,
  ExportContext,
  ExportFrame,
  ExportPicture,
  ExportTarget,
  Numbering,
  ReadOptions,
  WriteReport,
} from './dataset-format.ts'
export { sequenceNameOf } from './export-plan.ts'
export { type DatasetSequence, findSequences, readSequence } from './find-sequences.ts'
export {
  decodeIndexedPng,
  encodeIndexedPng,
  type IndexedPng,
  type IndexedPngContent,
  readIndexedPng,
  writeIndexedPng,
} from './indexed-png.ts'
export { type MaskPicture, readMaskPicture } from './mask-picture.ts'
export type { NumberingChoice } from './numbering.ts'
export { colourOf, colourTextOf, davisPalette, type Rgb } from './palette.ts'
export { readSidecar, SidecarChanged, writeSidecar } from './sidecar.ts'
export { parseSidecar, serialiseSidecar } from './sidecar-text.ts'

/** Every dataset layout that can be written and read, by the name that people choose it with. */
export const formats: Readonly<Record<DatasetFormat['id'], DatasetFormat>> = {
  davis,
  'youtube-vis': youtubeVis,
  coco,
}
