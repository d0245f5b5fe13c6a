import { randomBytes } from 'node:crypto'
import * as vscode from 'vscode'

/** Files that a view may load: what was built, nothing else. */
export function viewRoots(extensionUri: vscode.Uri): vscode.Uri[] {
  return [vscode.Uri.joinPath(extensionUri, 'dist')]
}

/** What the pages may load besides their script, style and font; by the name of their bundle. */
const MORE = {
  webview: ['blob: data:', ['worker-src blob:']],
  dashboard: ['data:', []],
} as const

/** The page of a view. Scripts run by their nonce only, and nothing is loaded from anywhere but the extension. */
export function viewHtml(
  webview: vscode.Webview,
  extensionUri: vscode.Uri,
  bundle: keyof typeof MORE = 'webview',
): string {
  const [pictures, more] = MORE[bundle]
  const nonce = randomBytes(18).toString('base64')
  const file = (name: string) =>
    webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, 'dist', name)).toString()
  const source = webview.cspSource
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${source}`,
    `font-src ${source}`,
    `img-src ${source} ${pictures}`,
    ...more,
  ].join('; ')
  return `<!DOCTYPE html>
<html lang="${vscode.env.language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>SiamMAE</title>
<link rel="stylesheet" href="${file(`${bundle}.css`)}">
</head>
<body>
<div id="root"></div>
<script nonce="${nonce}" src="${file(`${bundle}.js`)}"></script>
</body>
</html>
`
}
