/** A decoder that is started before anybody knows for which frame, because starting ffmpeg is most of a far jump. */
import { type StandbyPlan, standbyArguments, standbyScript } from './decode-arguments.ts'
import type { Ffmpeg } from './locate-ffmpeg.ts'
import { PictureReader } from './picture-reader.ts'
import type { FrameTable } from './types.ts'

/** ffmpeg starts this long before a wanted time where pictures are stored out of order. */
const EARLIER_SECONDS = 3 / 23
/** Times are handed over in microseconds; shorter ticks could not be told apart. */
const FINEST_TICKS_PER_SECOND = 1_000_000

export class Standby {
  readonly #plan: StandbyPlan
  readonly #table: FrameTable
  readonly #reader: PictureReader

  private constructor(ffmpeg: Ffmpeg, table: FrameTable, plan: StandbyPlan) {
    this.#plan = plan
    this.#table = table
    const bytes = table.width * table.height * 3
    this.#reader = new PictureReader(ffmpeg.path, standbyArguments(ffmpeg, plan), bytes, { input: true })
  }

  /**
   * Starts one for pictures of the table's size; undefined where the file cannot be read this way.
   * @param careful for files that keep pictures in another order than they are shown, or other streams far ahead of
   *                them: it begins earlier and reads on until it is stopped
   */
  static start(ffmpeg: Ffmpeg, table: FrameTable, careful: boolean): Standby | undefined {
    const { num, den } = table.timeBase
    // The script is read by line.
    if (table.timestamps !== 'file' || den / num > FINEST_TICKS_PER_SECOND || /[\r\n]/.test(table.path))
      return undefined
    const firstPts = careful ? Math.ceil((EARLIER_SECONDS * den) / num) : 0
    const size = { width: table.width, height: table.height }
    return new Standby(ffmpeg, table, { size, firstPts, ends: !careful })
  }

  /**
   * Sends it on its way to some frames. Pictures are announced with timestamps that are `shift` ticks less than the
   * table's.
   * @param signal kills the decoder
   */
  take(
    { first, last }: { readonly first: number; readonly last: number },
    signal: AbortSignal | undefined,
  ): { readonly reader: PictureReader; readonly shift: number } {
    const { path, timeBase, frames } = this.#table
    const seconds = (pts: number) => (pts * timeBase.num) / timeBase.den
    const shift = frames[first]!.pts - this.#plan.firstPts
    if (signal) this.#reader.stopOn(signal)
    // No picture is stored later than it is shown, so all that are wanted lie before the time of the next one.
    const next = this.#plan.ends ? frames[last + 1] : undefined
    this.#reader.input(standbyScript(path, seconds(shift), next && seconds(next.pts)))
    return { reader: this.#reader, shift }
  }

  /** Ends a decoder that was not taken. */
  close(): Promise<void> {
    return this.#reader.close()
  }
}
