/** Which frames of a video the files of a dataset are, where no record of an export says it. */
import { UserError } from '../errors.ts'
import { stemOf } from './export-plan.ts'

/**
 * What frame 0 is called: the numbers at the end of the names count from 0 or from 1; or the files are the first frames in
 * the order in which the dataset has them.
 */
export type Numbering = 0 | 1 | 'order'

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
  // Names that count from 0 without a gap leave no doubt.
  return choices[0]?.numbering === 0 && names.every((name, i) => numberOf(name) === i)
    ? choices.slice(0, 1)
    : choices
}

function numberOf(name: string): number | undefined {
  const digits = /(\d{1,9})$/.exec(stemOf(name)!)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
