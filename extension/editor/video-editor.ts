import * as vscode from 'vscode'
import { VIEW_TYPE } from './types.ts'

/** View type of videos in the manifest. */
const VIDEO_VIEW_TYPE = 'siammae.video'

/**
 * What 'Open With...' offers for a video. The annotator is the default for side-cars, and a view type has one priority
 * only, so for videos there is this second one, whose tab gives way to the annotator at once.
 */
export function registerVideoEditor(): vscode.Disposable {
  return vscode.window.registerCustomEditorProvider(VIDEO_VIEW_TYPE, {
    openCustomDocument: (uri: vscode.Uri) => ({ uri, dispose: () => {} }),
    resolveCustomEditor: (document: vscode.CustomDocument, panel: vscode.WebviewPanel) => {
      const { viewColumn } = panel
      // Only when this call has returned can the tab be closed.
      setTimeout(async () => {
        await vscode.commands.executeCommand('vscode.openWith', document.uri, VIEW_TYPE, viewColumn)
        panel.dispose()
      })
    },
  } satisfies vscode.CustomReadonlyEditorProvider)
}
