import { basename, extname } from 'node:path'
import type { AnnotationDocument, TrackedObject } from '../annotation/index.ts'
import { UsageError, UserError } from '../errors.ts'
import type { ExportContext, ExportFrame } from './dataset-format.ts'
import { type Holdings, heldNames, heldOf, isHeld, isSeen } from './held.ts'
import { byId } from './record-lines.ts'

/** What of a document goes into a dataset, and what is said about the rest. */
export interface ExportPlan {
  /** What the layout can hold. */
  readonly holds: Holdings
  /** Frames on which something is known about an exported object, by rising index. */
  readonly frames: readonly ExportFrame[]
  /** Objects of which there is something to see somewhere, by rising id. */
  readonly objects: readonly TrackedObject[]
  /** One sentence each about what is left out. */
  readonly warnings: readonly string[]
}

/**
 * Checks the context and chooses what to write.
 * @param title of the format, for sentences
 * @param holds what the format can hold
 * @throws UserError when there is nothing of that at all, or the context does not fit the document
 */
export function planExport(
  document: AnnotationDocument,
  context: ExportContext,
  title: string,
  holds: Holdings,
): ExportPlan {
  checkSequence(context.sequence)
  const table = frameTable(document, context)
  const warnings: string[] = []
  const objects: TrackedObject[] = []
  const left: number[] = []
  let unheld = 0
  for (const object of byId(document.objects)) {
    let seen = false
    for (const [, entry] of document.entries(object.id)) {
      if (entry.state === 'absent') continue
      if (entry.keypoints !== undefined && !holds.keypoints) unheld++
      seen ||= isSeen(heldOf(entry, holds))
    }
    if (seen) objects.push(object)
    else if (document.frames(object.id).length > 0) left.push(object.id)
  }
  const names = heldNames(holds)
  if (objects.length === 0)
    throw new UserError(
      `There is no ${names} to write as ${title}${unheld > 0 ? ', which cannot hold keypoints' : ''}; mark an object with a ${names} first.`,
    )
  if (unheld > 0) warnings.push(`${title} cannot hold keypoints: those of ${unheld} entries are left out.`)
  if (left.length > 0) warnings.push(`Objects without any ${names} are left out: ${ranges(left)}.`)
  const held = (id: number, frame: number) => isHeld(document.entry(id, frame), holds)
  const frames = table.filter(({ index }) => objects.some(({ id }) => held(id, index)))
  const written = new Set(frames)
  const missing = table.filter((frame) => !written.has(frame)).map(({ index }) => index)
  return { holds, frames, objects, warnings: [...warnings, ...gapWarnings(objects, frames, missing, held)] }
}

function gapWarnings(
  objects: readonly TrackedObject[],
  frames: readonly ExportFrame[],
  missing: readonly number[],
  held: (id: number, frame: number) => boolean,
): string[] {
  const warnings: string[] = []
  if (missing.length > 0) warnings.push(`Frames on which nothing is marked are left out: ${ranges(missing)}.`)
  for (const { id } of objects) {
    const unknown = frames.filter(({ index }) => !held(id, index)).map(({ index }) => index)
    if (unknown.length > 0)
      warnings.push(
        `Nothing is known about object ${id} on frames ${ranges(unknown)}; the files show it as absent there.`,
      )
  }
  return warnings
}

function frameTable(document: AnnotationDocument, { frames }: ExportContext): ExportFrame[] {
  const table = new Map<number, ExportFrame>()
  for (const frame of frames) {
    const { index, time } = frame
    if (!Number.isInteger(index) || index < 0 || index >= document.video.frameCount || !Number.isFinite(time))
      throw new UserError(
        `The frame table has the frame ${index} at ${time} s, but the video has ${document.video.frameCount} frames; open the video that was annotated.`,
      )
    if (table.has(index)) throw new UserError(`The frame table has the frame ${index} twice.`)
    table.set(index, frame)
  }
  for (const index of document.framesWithEntries())
    if (!table.has(index))
      throw new UserError(
        `Frame ${index} is annotated but not in the frame table; open the video that was annotated.`,
      )
  return [...table.values()].sort((a, b) => a.index - b.index)
}

/**
 * A name for the sequence of a clip in a dataset, which every system takes for a folder.
 * @param path of the clip
 */
export function sequenceNameOf(path: string): string {
  const file = basename(path)
  const stem = file.slice(0, file.length - extname(file).length)
  const name = stem
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}._-]+/gu, '_')
    .replace(/^\.+/, '')
  const cut = shortened(RESERVED.test(name) ? `_${name}` : name).replace(/\.+$/, '')
  return cut === '' ? 'clip' : cut
}

function shortened(name: string): string {
  const characters = [...name]
  while (Buffer.byteLength(characters.join('')) > MOST_BYTES) characters.pop()
  return characters.join('')
}

/** Of a folder's name; 255 is what file systems take, and names get extensions. */
const MOST_BYTES = 200
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be in a file name
const FORBIDDEN = /[\u0000-\u001f<>:"/\\|?*]/

/** @throws UsageError when no folder can have this name on every system */
export function checkSequence(name: string): void {
  const bad =
    name.length === 0 || Buffer.byteLength(name) > MOST_BYTES || FORBIDDEN.test(name) || RESERVED.test(name)
  if (bad || /^\.|[. ]$|^ /.test(name))
    throw new UsageError(
      `${JSON.stringify(name)} cannot be the name of a folder on every system; choose another name.`,
    )
}

/** `0-4, 7, 9-12`; long lists are cut. */
export function ranges(sorted: readonly number[]): string {
  const parts: string[] = []
  for (let i = 0; i < sorted.length; ) {
    let last = i
    while (sorted[last + 1] === sorted[last]! + 1) last++
    parts.push(last === i ? `${sorted[i]}` : `${sorted[i]}-${sorted[last]}`)
    i = last + 1
  }
  const most = 40
  return parts.length > most
    ? `${parts.slice(0, most).join(', ')} and more (${sorted.length} in all)`
    : parts.join(', ')
}

/**
 * How the frames of a clip are called in a dataset, without extension. Where the clip is a folder of numbered pictures
 * they keep their numbers, because others pair masks and pictures by name; else the frame index, in five digits, more
 * where the video has more than 100,000 frames, so that names sort as frames do.
 */
export function frameNames(frames: readonly ExportFrame[], frameCount: number): (index: number) => string {
  const stems = new Map(frames.map(({ index, file }) => [index, stemOf(file)]))
  const numbers = new Set(
    [...stems.values()].map((stem) => (/^\d{1,8}$/.test(stem ?? '') ? Number(stem) : -1)),
  )
  if (numbers.size === stems.size && !numbers.has(-1)) return (index) => stems.get(index)!
  const digits = Math.max(5, String(frameCount - 1).length)
  return (index) => String(index).padStart(digits, '0')
}

/** A picture's name without its extension. */
export function stemOf(file: string | undefined): string | undefined {
  return file?.replace(/\.[^.]*$/, '')
}
