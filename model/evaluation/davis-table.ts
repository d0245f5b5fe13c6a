import type { DavisScore } from './davis.ts'
import type { Statistic } from './statistics.ts'

const HEADINGS = [
  'sequence',
  'object',
  'J&F',
  'J mean',
  'J recall',
  'J decay',
  'F mean',
  'F recall',
  'F decay',
]

/**
 * A score as a table for the terminal, in percent with one digit like the papers: one line per sequence and object,
 * then the means over all objects.
 */
export function formatDavisScore(score: DavisScore): string {
  const rows = score.sequences.flatMap(({ name, objects }) =>
    objects.map(({ id, jf, j, f }) => [name, String(id), percent(jf), ...triple(j), ...triple(f)]),
  )
  const { jf, j, f } = score.overall
  const objects = rows.length
  const total = ['all', `${objects}`, percent(jf), ...triple(j), ...triple(f)]
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...[...rows, total].map((row) => row[column]!.length)),
  )
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd()
  const rule = widths.map((width) => '-'.repeat(width)).join('  ')
  const frames = score.sequences.reduce((sum, sequence) => sum + sequence.frames.length, 0)
  const lines = [line(HEADINGS), rule, ...rows.map(line), rule, line(total)]
  lines.push(
    '',
    `Percent; ${count(frames, 'frame')} of ${count(score.sequences.length, 'sequence')}, first and last left out; the last line is the mean over ${count(objects, 'object')}.`,
  )
  if (score.notPredicted.length > 0)
    lines.push(`Not scored, no prediction: ${score.notPredicted.join(', ')}.`)
  return `${lines.join('\n')}\n`
}

function triple({ mean, recall, decay }: Statistic): string[] {
  return [percent(mean), percent(recall), percent(decay)]
}

function percent(value: number): string {
  return Number.isNaN(value) ? '-' : (100 * value).toFixed(1)
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
