/** What a person sees while work goes on: a moving bar on a terminal, plain lines elsewhere. Always on stderr. */

export interface Progress {
  /** Replaces the bar; elsewhere than on a terminal a line now and then. */
  update(done: number, total: number | undefined, detail?: string): void
  /** A full line that stays. */
  line(text: string): void
  /** Ends the bar. */
  end(): void
}

const BAR_WIDTH = 28
const REDRAW_MS = 80
/** Without a terminal: a line at most this often. */
const LINE_MS = 5000

function duration(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole}s`
  if (whole < 3600) return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, '0')}s`
  return `${Math.floor(whole / 3600)}h${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')}m`
}

/**
 * @param label what is being done, such as `Propagating`
 * @param from  what was done before, by somebody else: it says nothing about the time that is left
 */
export function createProgress(
  label: string,
  stream: NodeJS.WriteStream = process.stderr,
  from = 0,
): Progress {
  const terminal = stream.isTTY === true
  const start = performance.now()
  let last = Number.NEGATIVE_INFINITY
  let shown = ''
  const clear = (): void => {
    if (shown) stream.write('\r\x1b[K')
    shown = ''
  }
  const text = (done: number, total: number | undefined, detail: string): string => {
    const elapsed = (performance.now() - start) / 1000
    if (!total) return `${label} ${done}${detail}`
    const share = Math.min(1, done / total)
    const own = done - from
    const left = own > 0 && done < total ? `, ${duration((elapsed / own) * (total - done))} left` : ''
    const count = `${done}/${total}${detail}${left}`
    if (!terminal) return `${label}: ${count}`
    const filled = Math.round(share * BAR_WIDTH)
    return `${label} [${'█'.repeat(filled)}${'·'.repeat(BAR_WIDTH - filled)}] ${count}`
  }
  return {
    update(done, total, detail) {
      const now = performance.now()
      const finished = total !== undefined && done >= total
      if (!finished && now - last < (terminal ? REDRAW_MS : LINE_MS)) return
      // The first moments of a quick job need no line of their own in a log.
      if (!terminal && !finished && now - start < LINE_MS) return
      last = now
      const next = text(done, total, detail ? ` ${detail}` : '')
      if (terminal) {
        clear()
        shown = next.slice(0, Math.max(20, (stream.columns ?? 80) - 1))
        stream.write(shown)
      } else stream.write(`${next}\n`)
    },
    line(message) {
      clear()
      stream.write(`${message}\n`)
    },
    end: clear,
  }
}

/** A sentence for the person; on stderr, so that results on stdout stay clean. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}
