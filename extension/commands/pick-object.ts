import * as vscode from 'vscode'
import type { AnnotationDocument, TrackedObject } from '../../model/annotation/index.ts'
import type { AnnotatorView } from '../editor/index.ts'
import { Sentence } from '../sentence.ts'
import { swatch } from '../trees/swatch.ts'

/**
 * The object that a command is about: the one it was given (an id, or a line of a tree), else the one that is selected
 * in the view, else the only one, else the one that the person picks.
 * @returns undefined when the person gives up
 * @throws Sentence when the document has no objects
 */
export async function pickObject(
  { document, view }: AnnotatorView,
  given: unknown,
): Promise<TrackedObject | undefined> {
  const { objects } = document.annotations
  const id = givenId(given) ?? view.objectId
  const chosen = id === undefined ? undefined : objects.get(id)
  if (chosen !== undefined) return chosen
  if (objects.size === 0) throw new Sentence('There are no objects yet; make one with New Object first.')
  if (objects.size === 1) return [...objects.values()][0]
  return askForObject(document.annotations)
}

/** Lets the person pick an object. */
export async function askForObject(annotations: AnnotationDocument): Promise<TrackedObject | undefined> {
  const items = [...annotations.objects.values()]
    .sort((a, b) => a.id - b.id)
    .map((object) => ({
      label: object.name,
      description: annotations.labels.get(object.labelId)?.name,
      iconPath: swatch(colourOf(annotations, object)),
      object,
    }))
  const item = await vscode.window.showQuickPick(items, { placeHolder: vscode.l10n.t('Which object?') })
  return item?.object
}

/** The id that a command was given. */
export function givenId(given: unknown): number | undefined {
  if (typeof given === 'number') return given
  if (
    typeof given === 'object' &&
    given !== null &&
    'objectId' in given &&
    typeof given.objectId === 'number'
  )
    return given.objectId
  return undefined
}

/** An object's own colour, or its label's. */
export function colourOf(annotations: AnnotationDocument, object: TrackedObject): string {
  return object.colour ?? annotations.labels.get(object.labelId)?.colour ?? '#808080'
}
