import * as vscode from 'vscode'
import {
  deleteFrom,
  deleteObject,
  deleteOnFrame,
  type Edit,
  nextObjectId,
  type TrackedObject,
} from '../../model/annotation/index.ts'
import type { AnnotatorDocument, AnnotatorView } from '../editor/index.ts'
import { freeColour } from '../labels.ts'
import { Sentence } from '../sentence.ts'
import type { Services } from '../services.ts'
import { aboutObject } from './about-object.ts'
import { askForColour, askForObjectName } from './ask.ts'
import { activeView, deletedMeanwhile, type Handlers } from './command.ts'
import { askForLabel, labelNow } from './pick-label.ts'
import { colourOf } from './pick-object.ts'

export const objectCommands: Handlers = {
  async newObject(services, request) {
    const view = activeView(services)
    let made = false
    try {
      await view.refresh()
      made = await makeObject(services, view)
    } finally {
      // What was drawn before there was an object waits in the view, and must not go to one that is made later.
      if (!made && typeof request === 'number') view.command({ name: 'noNewObject', request })
    }
  },

  renameObject: aboutObject(async ({ view, object }) => {
    const name = await askForObjectName(
      view.document,
      vscode.l10n.t('New name of {0}', object.name),
      object.name,
    )
    if (name === undefined || name === object.name) return
    const now = objectNow(view.document, object)
    view.document.perform({ kind: 'putObject', object: { ...now, name } }, vscode.l10n.t('Rename object'))
  }),

  recolourObject: aboutObject(async ({ view, object }) => {
    const colour = await askForColour(colourOf(view.document.annotations, object))
    if (colour === undefined) return
    const now = objectNow(view.document, object)
    view.document.perform(
      { kind: 'putObject', object: { ...now, colour } },
      vscode.l10n.t('Change object colour'),
    )
  }),

  relabelObject: aboutObject(async ({ services, view, object }) => {
    const chosen = await askForLabel(services, view.document, object.labelId)
    if (chosen === undefined) return
    const now = objectNow(view.document, object)
    const { label, edits } = labelNow(view.document, chosen)
    if (label.id === now.labelId) return
    view.document.perform(
      group('Change object label', [...edits, { kind: 'putObject', object: { ...now, labelId: label.id } }]),
      vscode.l10n.t('Change object label'),
    )
  }),

  deleteOnFrame: aboutObject(({ view, object }) => {
    view.document.perform(
      deleteOnFrame(view.document.annotations, object.id, view.view.frame),
      vscode.l10n.t('Delete object on this frame'),
    )
  }),

  deleteFromHere: aboutObject(({ view, object }) => {
    view.document.perform(
      deleteFrom(view.document.annotations, object.id, view.view.frame),
      vscode.l10n.t('Delete object from this frame on'),
    )
  }),

  deleteObject: aboutObject(({ view, object }) => {
    // No question: it is one step to undo.
    view.document.perform(
      deleteObject(view.document.annotations, object.id),
      vscode.l10n.t('Delete object altogether'),
    )
  }),
}

/** Asks for label and name. @returns false when the person gives up */
async function makeObject(services: Services, view: AnnotatorView): Promise<boolean> {
  const { document } = view
  const chosen = await askForLabel(services, document)
  if (chosen === undefined) return false
  const name = await askForObjectName(
    document,
    vscode.l10n.t('Name of the new object'),
    freeName(document, chosen.name),
  )
  if (name === undefined) return false
  // Only now: boxes stay open while a document changes, and an object that was deleted may be back with its id.
  const { annotations } = document
  const id = nextObjectId(annotations)
  const { label, edits } = labelNow(document, chosen)
  const alike = [...annotations.objects.values()].some(({ labelId }) => labelId === label.id)
  const used = [...annotations.objects.values()].map((object) => colourOf(annotations, object))
  // The first object of a label shows its colour; others of the kind are told apart by their own.
  const colour = alike || used.includes(label.colour) ? { colour: freeColour(used) } : {}
  document.perform(
    group('New object', [
      ...edits,
      { kind: 'putObject', object: { id, name, labelId: label.id, ...colour } },
    ]),
    vscode.l10n.t('New object'),
  )
  view.command({ name: 'selectObject', objectId: id })
  const drawing = view.view.tool === 'select' || view.view.tool === 'pan'
  if (label.skeleton !== undefined) view.command({ name: 'tool', tool: 'keypoints' })
  else if (drawing || view.view.tool === 'keypoints') view.command({ name: 'tool', tool: 'brush' })
  return true
}

/** An object as it is when a box is answered, which stays open while a document changes. @throws Sentence when it is gone */
function objectNow({ annotations }: AnnotatorDocument, { id, name }: TrackedObject): TrackedObject {
  const now = annotations.objects.get(id)
  if (now === undefined) throw deletedMeanwhile(name)
  return now
}

/** `fish`, then `fish 2`, `fish 3`. */
function freeName(document: AnnotatorDocument, base: string): string {
  const names = new Set([...document.annotations.objects.values()].map(({ name }) => name))
  if (!names.has(base)) return base
  for (let n = 2; n <= names.size + 1; n++) if (!names.has(`${base} ${n}`)) return `${base} ${n}`
  throw new Sentence('There is no free name for the object; rename one first.')
}

function group(label: string, edits: readonly Edit[]): Edit {
  return { kind: 'group', label, edits }
}
