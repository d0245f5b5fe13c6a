import * as vscode from 'vscode'

export const ID = 'siammae.siammae-video-annotator'
export const VIEW_TYPE = 'siammae.annotator'

export function extension(): vscode.Extension<unknown> {
  const found = vscode.extensions.getExtension(ID)
  if (!found) throw new Error(`${ID} is not there.`)
  return found
}
