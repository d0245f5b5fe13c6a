/** What the suites in the extension host share: the extension, a document on the sample clip, its tab. */
import { copyFile, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as vscode from 'vscode'
import type { AnnotatorDocument, AnnotatorEditors } from '../../../extension/editor/index.ts'
import type { Api } from '../../../extension/main.ts'
import { type AnnotationDocument, createDocument, encodeLabels } from '../../../model/annotation/index.ts'
import { readIndexedPng, writeSidecar } from '../../../model/formats/index.ts'
import { sampleRun } from '../../unit/annotation/samples.ts'
import { until } from '../support/until.ts'

export const ID = 'siammae.siammae-video-annotator'
export const VIEW_TYPE = 'siammae.annotator'

export function extension(): vscode.Extension<Api> {
  const found = vscode.extensions.getExtension(ID)
  if (!found) throw new Error(`${ID} is not there.`)
  return found
}

export function editors(): AnnotatorEditors {
  return extension().exports.editors
}

/** The folder that VS Code was opened on. */
export function workspace(): string {
  return vscode.workspace.workspaceFolders![0]!.uri.fsPath
}

/** A run whose results a test makes up. */
export const RUN = sampleRun(1)

export const OBJECT = 1
const LABEL = { id: 1, name: 'koi', colour: '#ff00ff' }

/** Annotations of the sample clip in which the white koi is marked on frame 0. */
export async function marked(video: string): Promise<AnnotationDocument> {
  const document = createDocument({ path: video, hash: '', frameCount: 100, width: 640, height: 360 })
  const { indices } = await readIndexedPng(
    join(extension().extensionPath, 'media', 'sample', 'first-mask.png'),
  )
  document.apply({ kind: 'putLabel', label: LABEL })
  document.apply({ kind: 'putObject', object: { id: OBJECT, name: 'white koi', labelId: LABEL.id } })
  document.apply({
    kind: 'setEntry',
    objectId: OBJECT,
    frame: 0,
    entry: { state: 'keyframe', occluded: false, mask: encodeLabels(indices, 640, 360, 1) },
  })
  return document
}

let clips = 0

/** A folder of its own with a copy of the clip and its side-car. */
export async function makeClip(): Promise<{ folder: string; video: string; sidecar: string }> {
  const folder = join(workspace(), `clip-${++clips}`)
  await mkdir(folder)
  const video = join(folder, 'koi.mp4')
  await copyFile(join(extension().extensionPath, 'media', 'sample.mp4'), video)
  const sidecar = join(folder, 'koi.siam.json')
  await writeSidecar(sidecar, await marked('koi.mp4'))
  return { folder, video, sidecar }
}

/** Opens a side-car with the annotator and waits until its clip and annotations are loaded. */
export async function open(sidecar: string, column = vscode.ViewColumn.One): Promise<AnnotatorDocument> {
  const uri = vscode.Uri.file(sidecar)
  await vscode.commands.executeCommand('vscode.openWith', uri, VIEW_TYPE, column)
  return until(`${sidecar} to be open`, () => documentOf(sidecar))
}

export function documentOf(sidecar: string): AnnotatorDocument | undefined {
  return editors().all.find((document) => document.sidecarPath === sidecar)
}

/** The active tab, which must be an annotator. */
export function tab(): vscode.Tab {
  const active = vscode.window.tabGroups.activeTabGroup.activeTab
  if (!(active?.input instanceof vscode.TabInputCustom)) throw new Error('The active tab is no annotator.')
  return active
}

/** Closes everything without a question, unsaved or not. */
export async function closeAll(): Promise<void> {
  for (
    let tries = 0;
    vscode.window.tabGroups.all.some((group) => group.tabs.length > 0) && tries < 20;
    tries++
  ) {
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor')
  }
  await until('every document to be gone', () => editors().all.length === 0)
}

/** Removes what a test has made. A save that had begun when its editor was closed may still write its file. */
export async function removeClip(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}
