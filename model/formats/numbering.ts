/** Which frames of a video the files of a dataset are: as the record of an export says, else as they are numbered. */
import { UserError } from '../errors.ts'
import type { Numbering } from './dataset-format.ts'
import { stemOf } from './export-plan.ts'
import type { Provenance } from './provenance.ts'

/** Orders names with their numbers by value: `f2` before `f10`. */
export const byNumber = new Intl.Collator('en', { numeric: true }).compare

/** What names say: the numbering where they leave no doubt, else those to choose from; neither where none is possible. */
export interface NamesTell {
  /** For the reader, which may take another one when it is not told. */
  readonly numbering?: Numbering
  /** The first file, to ask about, and what the files may be. */
  readonly unclear?: { readonly file: string; readonly choices: readonly NumberingChoice[] }
}

/** What a numbering would make of the files. */
export interface NumberingChoice {
  readonly numbering: Numbering
  /** Frames of the first and of the last file. */
  readonly first: number
  readonly last: number
}

/**
 * The frame of each file.
 * @param source of the names, for the sentence
 * @throws UserError when a name has no number, or two have the same
 */
export function frameIndices(names: readonly string[], numbering: Numbering, source: string): number[] {
  if (numbering === 'order') return names.map((_, i) => i)
  const frames = new Map<number, string>()
  return names.map((name) => {
    const number = numberOf(name)
    if (number === undefined || number < numbering)
      throw new UserError(
        `${source} has a file ${name}, whose name does not say which frame it is; name files by frames, as 00000 and so on.`,
      )
    const frame = number - numbering
    const other = frames.get(frame)
    if (other !== undefined)
      throw new UserError(`${source} has two files of frame ${frame}, ${other} and ${name}; keep one.`)
    frames.set(frame, name)
    return frame
  })
}

/** The numberings that are possible and differ, for a video of so many frames; the likeliest first. */
export function numberingChoices(names: readonly string[], frameCount: number): NumberingChoice[] {
  const choices: NumberingChoice[] = []
  const seen = new Set<string>()
  for (const numbering of [0, 1, 'order'] as const) {
    let frames: number[]
    try {
      frames = frameIndices(names, numbering, '')
    } catch {
      continue
    }
    const text = frames.join()
    if (seen.has(text) || frames.some((frame) => frame >= frameCount)) continue
    seen.add(text)
    choices.push({ numbering, first: frames[0]!, last: frames.at(-1)! })
  }
  return choices
}

/** What names say of a video of so many frames. */
export function namesTell(names: readonly string[], frameCount: number): NamesTell {
  const choices = numberingChoices(names, frameCount)
  const [file] = names
  const [only] = choices
  if (file === undefined || only === undefined) return {}
  // Names that say nothing may be of every fifth frame as well as of the first ones, unless no frame is left out.
  const isCertain = choices.length === 1 && (only.numbering !== 'order' || names.length === frameCount)
  return isCertain ? { numbering: only.numbering } : { unclear: { file, choices } }
}

/**
 * The frame of each file as a record says.
 * @returns undefined where it does not name all of them, so that it cannot say which frames the others are
 */
export function framesInRecord({ frames }: Provenance, names: readonly string[]): number[] | undefined {
  const written = filesOf(frames)
  const found = names.map((name) => written.get(name))
  return found.includes(undefined) || new Set(found).size < found.length ? undefined : (found as number[])
}

/** Whether files can be the frames that they are taken for as far as a record goes: it names none of them for another. */
export function agrees(
  { frames, video }: Provenance,
  names: readonly string[],
  indices: readonly number[],
): boolean {
  const written = filesOf(frames)
  return names.every((name, i) => {
    const index = indices[i]!
    return index < video.frameCount && (written.get(name) ?? index) === index
  })
}

function filesOf(frames: Provenance['frames']): ReadonlyMap<string, number> {
  return new Map(frames.flatMap(({ index, file }) => (file === undefined ? [] : [[file, index] as const])))
}

function numberOf(name: string): number | undefined {
  const digits = /(\d{1,9})$/.exec(stemOf(name)!)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
