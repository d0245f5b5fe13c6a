import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeAllLabels, type Rle, type Shape } from '../annotation/index.ts'
import { explainSystemError, UserError } from '../errors.ts'
import type { Numbering } from './dataset-format.ts'
import { type IndexedPng, readIndexedPng } from './indexed-png.ts'
import { agrees, byNumber, frameIndices, framesInRecord } from './numbering.ts'
import { isOfSize, PROVENANCE_FILE, type Provenance } from './provenance.ts'
import type { FoundObject, FoundSequence } from './restore.ts'

/** Marks pixels that do not count in the ground truth of DAVIS. */
const VOID = 255

/**
 * Folders of label maps by sequence: those of `Annotations/480p`, of the only other resolution, or of `Annotations`
 * itself where it has no resolutions.
 * @throws UserError when there are none, or several resolutions without 480p
 */
export async function davisSequences(folder: string): Promise<Map<string, string>> {
  const annotations = join(folder, 'Annotations')
  const names = await subfolders(annotations)
  const direct = await withLabelMaps(annotations, names)
  if (direct.size > 0) return direct
  const chosen = names.includes('480p') ? '480p' : names[0]
  if (chosen === undefined || (names.length > 1 && chosen !== '480p'))
    throw new UserError(
      `${folder} is no DAVIS dataset: it should hold Annotations/480p/<sequence>/00000.png and so on.`,
    )
  const resolution = join(annotations, chosen)
  return withLabelMaps(resolution, await subfolders(resolution))
}

async function withLabelMaps(folder: string, names: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const name of names) {
    const path = join(folder, name)
    if ((await list(path)).some(isLabelMap)) found.set(name, path)
  }
  return found
}

/** What is in a folder of label maps, and what may be said about it. */
export interface FoundMaps {
  readonly found: FoundSequence
  /** That of the export, unless it is of other maps. */
  readonly record: Provenance | undefined
}

/**
 * The masks of one folder of label maps, one map in memory at a time. File names are those of the record where it names
 * all of them; else the numbering says which frames they are, and where that is not given they are frame indices.
 * 255 is void, unless the export says that it is an object, or the first map has no other object (DAVIS 2016: then
 * it is object 1).
 * @throws UserError naming a file that is damaged, misnamed or of another size
 */
export async function readLabelMaps(
  folder: string,
  sequence: string,
  written: Provenance | undefined,
  numbering?: Numbering,
): Promise<FoundMaps> {
  const { files, record } = await labelMapFiles(folder, written, numbering)
  const shapes = new Map<number, Map<number, Shape>>()
  for (const { id } of record?.objects ?? []) shapes.set(id, new Map())
  let size: { width: number; height: number } | undefined
  let meaningOf255: number | undefined = shapes.has(VOID) ? VOID : undefined
  for (const [i, { index, path }] of files.entries()) {
    const map = await readIndexedPng(path)
    size ??= { width: map.width, height: map.height }
    if (map.width !== size.width || map.height !== size.height)
      throw new UserError(
        `The label map ${path} has ${map.width}x${map.height} pixels, but the first of its sequence ${size.width}x${size.height}; give them one size.`,
      )
    const masks = masksOf(map, path)
    if (i === 0 && masks.size === 1 && masks.has(VOID)) meaningOf255 ??= 1
    for (const [value, mask] of masks) {
      const id = value === VOID ? meaningOf255 : value
      if (id === undefined) continue
      const ofObject = shapes.get(id) ?? new Map<number, Shape>()
      shapes.set(id, ofObject.set(index, { mask }))
    }
  }
  const last = files.at(-1)!.index
  const found: FoundSequence = {
    source: folder,
    path: `JPEGImages/480p/${sequence}`,
    ...size!,
    frameCount: last + 1,
    frames: files.map(({ index }) => index),
    objects: new Map([...shapes].map(([id, ofObject]): [number, FoundObject] => [id, { shapes: ofObject }])),
    tellsAbsence: true,
  }
  return { found, record }
}

function masksOf({ indices, width, height }: IndexedPng, path: string): Map<number, Rle> {
  try {
    return encodeAllLabels(indices, width, height)
  } catch (error) {
    throw new UserError(`The label map ${path} cannot be used: ${(error as Error).message}`, { cause: error })
  }
}

async function labelMapFiles(
  folder: string,
  written: Provenance | undefined,
  numbering: Numbering | undefined,
): Promise<{ files: { index: number; path: string }[]; record: Provenance | undefined }> {
  const names = await labelMapNames(folder)
  if (names.length === 0) throw new UserError(`${folder} holds no label maps (PNG files).`)
  const isOfThese = written !== undefined && isOfSize(written, await labelMapSize(folder, names))
  const record = isOfThese ? written : undefined
  const frames = framesOf(folder, names, record, numbering)
  const files = names.map((name, i) => ({ index: frames[i]!, path: join(folder, name) }))
  files.sort((a, b) => a.index - b.index)
  return { files, record: record && agrees(record, names, frames) ? record : undefined }
}

function framesOf(
  folder: string,
  names: readonly string[],
  record: Provenance | undefined,
  numbering: Numbering | undefined,
): readonly number[] {
  const known = record && framesInRecord(record, names)
  if (known !== undefined) return known
  if (numbering !== undefined) return frameIndices(names, numbering, folder)
  const nameless = names.find((name) => !/^\d{1,8}\.png$/i.test(name))
  if (nameless !== undefined)
    throw new UserError(
      `The label map ${join(folder, nameless)} is not named by its frame; call it like 00000.png.`,
    )
  const files = new Map(record?.frames.map(({ index, file }) => [file, index]))
  // Of numbered pictures whose numbers are no frame indices; then a number alone says nothing.
  const isOdd = [...files].some(([file, index]) => file !== undefined && Number.parseInt(file, 10) !== index)
  const unknown = isOdd ? names.find((name) => !files.has(name)) : undefined
  if (unknown !== undefined)
    throw new UserError(
      `The label map ${join(folder, unknown)} is not one that ${PROVENANCE_FILE} tells of, so its frame is not known; take it away, or ${PROVENANCE_FILE}.`,
    )
  return frameIndices(names, 0, folder)
}

/** Width and height of the label maps, as the first of them has them. @throws UserError when it cannot be read */
export function labelMapSize(
  folder: string,
  names: readonly string[],
): Promise<{ width: number; height: number }> {
  return readIndexedPng(join(folder, names[0]!))
}

/** Names of the label maps in a folder, in the order of their numbers. */
export async function labelMapNames(folder: string): Promise<string[]> {
  return (await list(folder))
    .filter(isLabelMap)
    .map(({ name }) => name)
    .sort(byNumber)
}

// Files that start with a dot are leftovers of macOS and of interrupted writes, never label maps.
function isLabelMap(entry: Dirent): boolean {
  return !entry.isDirectory() && /^[^.].*\.png$/i.test(entry.name)
}

async function subfolders(folder: string): Promise<string[]> {
  const entries = await list(folder)
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort()
}

async function list(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    throw explainSystemError(error, 'read the folder', folder)
  }
}
