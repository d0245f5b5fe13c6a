import * as vscode from 'vscode'
import type { Services } from '../services.ts'
import type { ModelEntry } from './types.ts'

/** A line of the models view; commands in its menus are given it. */
export interface ModelItem {
  readonly model: ModelEntry
}

/**
 * The model that a command is about: the one it was given (an id, or a line of the view), else the one that the person
 * picks.
 * @param fits which ones are offered
 * @returns undefined when the person gives up
 */
export async function pickModel(
  { models }: Services,
  given: unknown,
  placeHolder: string,
  fits: (model: ModelEntry) => boolean = () => true,
): Promise<ModelEntry | undefined> {
  const id = givenId(given)
  if (id !== undefined) return models.registry.find(id)
  const items = (await models.list()).filter(fits).map((model) => ({
    label: model.name,
    description: [model.family, model.size].join(' '),
    detail: models.isActive(model) ? vscode.l10n.t('active in this workspace') : undefined,
    model,
  }))
  const item = await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true })
  return item?.model
}

function givenId(given: unknown): string | undefined {
  if (typeof given === 'string') return given
  if (typeof given !== 'object' || given === null || !('model' in given)) return undefined
  return (given as ModelItem).model.id
}
