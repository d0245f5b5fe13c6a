/** A full decode that the machine ended, not the file: how far it came says nothing about how many frames there are. */
import { UserError } from '../errors.ts'
import type { Complaints } from './ffmpeg-log.ts'
import type { FfmpegEnd } from './ffmpeg-process.ts'

/** How a full decode came to its end. */
export interface DecodeEnd {
  readonly end: FfmpegEnd
  readonly complaints: Complaints
  /** The signal that ffmpeg says it obeyed. */
  readonly stopSignal: number | undefined
  /** The number in ffmpeg's final report, which only a decoder that came to its own end gives. */
  readonly finalCount: number | undefined
}

/**
 * How a decoder was ended from outside or crashed, in a few words; undefined when it came to its own end, whatever it
 * complained about. Damaged files always come with a complaint; without one, and without a report, it was not the file.
 */
export function cutShort({ end, complaints, stopSignal, finalCount }: DecodeEnd): string | undefined {
  const { code, signal, lastLine } = end
  if (signal !== null) return signal
  if (code === 0 || code === null) return undefined
  // ffmpeg obeys the polite signals itself: it reports, and ends as at the end of the file.
  if (stopSignal !== undefined) return `signal ${stopSignal}`
  if (code === 126 || code === 127) return `exit code ${code}: ${lastLine}`
  if (isForeignCode(code)) return `exit code ${code < 256 ? code : `0x${code.toString(16)}`}`
  return finalCount === undefined && complaints.count === 0 ? `exit code ${code}` : undefined
}

/**
 * Exit codes that are not ffmpeg's own: 128 and the number of a signal, as a shell around it says it, and the
 * exceptions of Windows.
 */
function isForeignCode(code: number): boolean {
  return (code > 128 && code < 160) || (code >= 0xc0000000 && code < 0xd0000000)
}

/** @param how as {@link cutShort} says it */
export function cutShortError(path: string, how: string, frames: number): UserError {
  return new UserError(
    `${path}: ffmpeg was stopped or crashed (${how}) after ${counted(frames)}, while they were counted; ` +
      'open the video again, and if it stays, close other programs, use another release of ffmpeg or convert the video.',
  )
}

/** @param complaint what ffmpeg said about memory */
export function outOfMemoryError(path: string, complaint: string, frames: number): UserError {
  return new UserError(
    `${path}: the memory was used up after ${counted(frames)}, while they were counted (ffmpeg: ${complaint}); ` +
      'close other programs and open the video again.',
  )
}

function counted(frames: number): string {
  return `${frames} frame${frames === 1 ? '' : 's'}`
}
