import type { AgreementScores, WorkspaceEvaluation } from './workspace.ts'

const MEASURES = [
  ['jf', 'J&F'],
  ['j', 'J'],
  ['f', 'F'],
  ['pck10', 'PCK@0.1'],
  ['pck20', 'PCK@0.2'],
] as const satisfies readonly (readonly [keyof AgreementScores, string])[]

/**
 * An evaluation as a table for the terminal, in percent: one line per clip and measure, a column per model, and how far
 * each is from the first.
 */
export function formatWorkspaceEvaluation({ models, clips, overall, skipped }: WorkspaceEvaluation): string {
  const more = models.slice(1)
  const headings = ['clip', 'keyframes', 'measure', ...models, ...more.map((name) => `${name} +/-`)]
  const rows = clips.flatMap(({ name, keyframes, scores }) => rowsOf(name, String(keyframes), scores))
  const keyframes = clips.reduce((sum, clip) => sum + clip.keyframes, 0)
  const total = rowsOf('all', String(keyframes), overall)
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...[...rows, ...total].map((row) => row[column]!.length)),
  )
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 || column === 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd()
  const rule = widths.map((width) => '-'.repeat(width)).join('  ')
  const lines = [line(headings), rule, ...rows.map(line), rule, ...total.map(line), '']
  lines.push(
    'Percent. Every object is carried from its first keyframe, its later ones are compared; the last lines are means over all objects.',
  )
  for (const { reason } of skipped) lines.push(`Left out: ${reason}`)
  return `${lines.join('\n')}\n`
}

function rowsOf(name: string, keyframes: string, scores: readonly AgreementScores[]): string[][] {
  return MEASURES.filter(([key]) => scores.some((score) => score[key] !== undefined)).map(
    ([key, measure], index) => {
      const [first, ...others] = scores
      return [
        index === 0 ? name : '',
        index === 0 ? keyframes : '',
        measure,
        ...scores.map((score) => percent(score[key])),
        ...others.map((score) => difference(first![key], score[key])),
      ]
    },
  )
}

function percent(value: number | undefined): string {
  return value === undefined ? '-' : (100 * value).toFixed(1)
}

function difference(before: number | undefined, after: number | undefined): string {
  if (before === undefined || after === undefined) return '-'
  const change = 100 * (after - before)
  return `${change < 0 ? '-' : '+'}${Math.abs(change).toFixed(1)}`
}
