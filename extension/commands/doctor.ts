import * as vscode from 'vscode'
import type { DoctorReport } from '../../model/process/index.ts'
import { cell, reportTable, showReport } from '../reports.ts'
import type { Services } from '../services.ts'
import { wordsOf } from '../words.ts'
import type { Handlers } from './command.ts'

export const doctorCommands: Handlers = {
  async doctor(services) {
    const text = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: vscode.l10n.t('Looking at the devices, ffmpeg and the model'),
      },
      () => write(services),
    )
    await showReport(vscode.l10n.t('Doctor'), text)
  },
}

async function write(services: Services): Promise<string> {
  const { client, context, settings } = services
  const head = [
    `# ${vscode.l10n.t('SiamMAE doctor')}`,
    '',
    ...(vscode.workspace.isTrusted
      ? []
      : [
          vscode.l10n.t(
            'This workspace is not trusted: models do not run, and programs and model files that its settings name are ignored.',
          ),
          '',
        ]),
  ]
  const chosen = settings.model()
  const rows: [string, string][] = [
    [vscode.l10n.t('Extension'), String(context.extension.packageJSON.version)],
    [
      'VS Code',
      `${vscode.version}${vscode.env.remoteName === undefined ? '' : ` (${vscode.env.remoteName})`}`,
    ],
    [vscode.l10n.t('Device in the settings'), chosen.device],
    [vscode.l10n.t('Model in the settings'), chosen.file ?? vscode.l10n.t('the starter model')],
  ]
  try {
    const found = await client.doctor({ ffmpeg: settings.ffmpeg(), model: chosen.file })
    return [
      ...head,
      isHealthy(found)
        ? vscode.l10n.t('Everything that is needed works.')
        : `**${vscode.l10n.t('Something that is needed is missing; it stands in bold below.')}**`,
      '',
      ...reportTable([...rows, ...reportRows(found)]),
      '',
      ...devices(found),
      '',
    ].join('\n')
  } catch (error) {
    return [
      ...head,
      ...reportTable(rows),
      '',
      `**${vscode.l10n.t('The model process could not tell more')}:** ${wordsOf(error)}`,
      '',
    ].join('\n')
  }
}

function isHealthy({ ffmpeg, model, devices }: DoctorReport): boolean {
  return !('missing' in ffmpeg) && !('problem' in model) && devices.some(({ ok }) => ok)
}

function reportRows(found: DoctorReport): [string, string][] {
  const { ffmpeg, model } = found
  return [
    [vscode.l10n.t('Tool'), `${found.tool}, Node ${found.node}, ${found.platform}, ${found.runtime}`],
    [
      vscode.l10n.t('Machine'),
      vscode.l10n.t('{0} cores, {1} GB memory', found.cores, found.memoryGb.toFixed(1)),
    ],
    ['ffmpeg', 'missing' in ffmpeg ? `**${ffmpeg.missing}**` : `${ffmpeg.version}, ${ffmpeg.path}`],
    [
      vscode.l10n.t('Model'),
      'problem' in model
        ? `**${model.problem}**`
        : `${model.name}${model.trained ? '' : ` (${vscode.l10n.t('untrained')})`}, ${model.file}`,
    ],
  ]
}

function devices({ devices }: DoctorReport): string[] {
  return [
    `## ${vscode.l10n.t('Devices')}`,
    '',
    `| ${vscode.l10n.t('Device')} | ${vscode.l10n.t('Works')} | ${vscode.l10n.t('What the test said')} |`,
    '| --- | --- | --- |',
    ...devices.map(({ device, ok, gigaflops, reason }) =>
      [
        '',
        ` ${device} `,
        ` ${ok ? vscode.l10n.t('yes') : vscode.l10n.t('no')} `,
        ` ${cell(ok ? vscode.l10n.t('{0} GFLOP/s in a small matrix product', Math.round(gigaflops ?? 0)) : (reason ?? ''))} `,
        '',
      ].join('|'),
    ),
  ]
}
