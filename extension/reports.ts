/** Reports: read-only Markdown that no file backs, shown as a preview. */
import * as vscode from 'vscode'

const SCHEME = 'siammae-report'

const texts = new Map<string, string>()
const changed = new vscode.EventEmitter<vscode.Uri>()

/** Serves the texts of the reports of this window. */
export function registerReports(): vscode.Disposable {
  return vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
    onDidChange: changed.event,
    provideTextDocumentContent: ({ path }) => texts.get(path) ?? '',
  })
}

/** Shows a report in place of the last one of the same title. */
export async function showReport(title: string, markdown: string): Promise<void> {
  const path = `/${title.replaceAll(/[\\/]/g, '-')}.md`
  texts.set(path, markdown)
  const uri = vscode.Uri.from({ scheme: SCHEME, path })
  changed.fire(uri)
  await vscode.commands.executeCommand('markdown.showPreview', uri)
}

/** A table of names and values, without a head. */
export function reportTable(rows: readonly (readonly [string, string])[]): string[] {
  return ['| | |', '| --- | --- |', ...rows.map(([name, value]) => `| ${cell(name)} | ${cell(value)} |`)]
}

/** Text as it may stand in a cell of a table. */
export function cell(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('|', '\\|')
    .replaceAll(/\s*\n\s*/g, ' ')
}
