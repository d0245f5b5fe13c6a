/** What an import made of what, as a document that people can read. */
import { l10n } from 'vscode'
import type { ImportAnswer } from '../../model/process/index.ts'
import { cell, reportTable } from '../reports.ts'
import { wordsOf } from '../words.ts'
import { licenceWords } from './licence.ts'

type Done = Extract<ImportAnswer, { kind: 'done' }>

/** @param source where the file came from, a path or a URL */
export function importReport(name: string, source: string, answer: Done): string {
  const { report, licence, check } = answer
  const part = report.part.replace(/\.$/, '')
  const rows: [string, string][] = [
    [l10n.t('File'), source],
    [l10n.t('Size'), `${megabytes(report.bytes)}, ${report.format}`],
    ['SHA-256', report.sha256.replace(/^sha256:/, '')],
    [l10n.t('Family'), report.family],
    [
      l10n.t('Network'),
      answer.heads === undefined ? answer.name : l10n.t('{0}, {1} heads', answer.name, answer.heads),
    ],
    [l10n.t('Licence'), wordsOf(licenceWords({ licence }))],
    ...(part === '' ? [] : [[l10n.t('Part'), part] as [string, string]]),
    ...(report.otherParts.length === 0
      ? []
      : [
          [l10n.t('Not taken'), report.otherParts.map((other) => other.replace(/\.$/, '')).join(', ')] as [
            string,
            string,
          ],
        ]),
  ]
  return [
    `# ${l10n.t('Import of {0}', name)}`,
    '',
    ...reportTable(rows),
    '',
    ...checkLines(check),
    ...(report.notes.length === 0 ? [] : [...report.notes.map((note) => `- ${note}`), '']),
    ...mappedLines(report.mapped),
    ...ignoredLines(report.ignored),
  ].join('\n')
}

/** `86.4 MB` */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`
}

function checkLines(check: Done['check']): string[] {
  if (check === undefined) return []
  return [
    `## ${l10n.t('Self-check')}`,
    '',
    l10n.t(
      '{0} % of the patches find themselves in a picture of {1} x {2} pixels that was moved; the mean similarity of different places is {3}.',
      Math.round(100 * check.found),
      check.width,
      check.height,
      check.similarity.toFixed(3),
    ),
    '',
  ]
}

function mappedLines(mapped: Done['report']['mapped']): string[] {
  if (mapped.length === 0) return []
  return [
    `## ${l10n.t('Mapped')}`,
    '',
    `| ${l10n.t('Parameter')} | ${l10n.t('Number')} | ${l10n.t('From')} | ${l10n.t('How')} |`,
    '| --- | ---: | --- | --- |',
    ...mapped.map(
      ({ parameter, count, from, how }) =>
        `| \`${parameter}\` | ${count} | ${from.map((name) => `\`${cell(name)}\``).join(' + ')} | ${cell(how)} |`,
    ),
    '',
  ]
}

function ignoredLines(ignored: Done['report']['ignored']): string[] {
  if (ignored.length === 0) return []
  return [
    `## ${l10n.t('Ignored')}`,
    '',
    `| ${l10n.t('Why')} | ${l10n.t('Number')} | ${l10n.t('Examples')} |`,
    '| --- | ---: | --- |',
    ...ignored.map(
      ({ why, count, examples }) =>
        `| ${cell(why)} | ${count} | ${examples.map((name) => `\`${cell(name)}\``).join(', ')} |`,
    ),
    '',
  ]
}
