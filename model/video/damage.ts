import { open } from 'node:fs/promises'
import type { Complaints, InputDescription, ShownPicture } from './ffmpeg-log.ts'
import type { FfmpegEnd } from './ffmpeg-process.ts'
import type { Rational } from './types.ts'

/** What a full decode tells about the state of the file. */
export interface DecodeOutcome {
  /** At least one. */
  readonly pictures: readonly ShownPicture[]
  readonly timeBase: Rational | undefined
  readonly input: InputDescription
  readonly complaints: Complaints
  readonly end: FfmpegEnd
}

/** Sentences for the person when a file is cut off or damaged and frames may be missing; none for a sound file. */
export async function damageWarnings(path: string, outcome: DecodeOutcome): Promise<string[]> {
  const { pictures, complaints, end, input } = outcome
  const kept = `the ${pictures.length} frame${pictures.length === 1 ? '' : 's'} that could be decoded are used`
  if (complaints.count > 0) {
    return [`The file is truncated or damaged (${complaints.first}); ${kept}, some may look wrong.`]
  }
  if (end.code !== 0) return [`The file is truncated or damaged (${end.lastLine}); ${kept}.`]
  if (input.container === 'gif' && !(await endsLikeGif(path))) {
    return [`The file is truncated (it lacks the end mark of a gif); ${kept}.`]
  }
  const missing = missingSeconds(outcome)
  return missing === 0
    ? []
    : [`The file is truncated (its header promises ${missing.toFixed(1)} s more); ${kept}.`]
}

/** ffmpeg takes a gif that just ends for a whole one. The mark is the byte 0x3b; some writers pad with zeros. */
async function endsLikeGif(path: string): Promise<boolean> {
  const handle = await open(path, 'r')
  try {
    const { size } = await handle.stat()
    const tail = Buffer.alloc(Math.min(size, 1024))
    await handle.read(tail, 0, tail.length, size - tail.length)
    return tail.findLast((byte) => byte !== 0) === 0x3b
  } finally {
    await handle.close()
  }
}

/**
 * Seconds by which the pictures end before the header says. Only where the header's duration is that of evenly spaced
 * pictures, and only more than a second and 2 %: elsewhere sound may be longer, or the last picture be held.
 */
function missingSeconds({ input, pictures, timeBase }: DecodeOutcome): number {
  const { container, duration, fps, hasAudio } = input
  const first = pictures[0]?.pts
  const last = pictures[pictures.length - 1]?.pts
  if (container !== 'avi' || hasAudio || !duration || !fps || !timeBase) return 0
  if (first === undefined || last === undefined) return 0
  const missing = duration - ((last - first) * timeBase.num) / timeBase.den - 1 / fps
  return missing > Math.max(1, duration * 0.02) ? missing : 0
}
