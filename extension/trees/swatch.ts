import * as vscode from 'vscode'

/** A small round of a colour, as an icon. Its thin edge keeps it visible on any background. */
export function swatch(colour: string): vscode.Uri {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16"><circle cx="8" cy="8" r="5.5" fill="${colour}" stroke="#808080" stroke-opacity=".6"/></svg>`
  return vscode.Uri.from({
    scheme: 'data',
    path: `image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`,
  })
}
