import type { AnnotatorDocument } from '../editor/index.ts'
import type { Services } from '../services.ts'
import { CorrectionOffers } from './offers.ts'

/** Every open document has its offers, from its opening to its end. */
export function followCorrections(services: Services): { dispose(): void } {
  const { editors, propagation, settings } = services
  const offers = new Map<AnnotatorDocument, CorrectionOffers>()
  const add = (document: AnnotatorDocument): void => {
    if (offers.has(document)) return
    const each = new CorrectionOffers(
      document,
      propagation,
      () => settings.display().propagateOnCorrection,
      ({ objectId, range }) => void start(services, document, objectId, range),
    )
    offers.set(document, each)
  }
  const subscriptions = [
    editors.onDidOpen(add),
    editors.onDidClose((document) => {
      offers.get(document)?.dispose()
      offers.delete(document)
    }),
  ]
  for (const document of editors.all) add(document)
  return {
    dispose: () => {
      for (const subscription of subscriptions) subscription.dispose()
      for (const each of offers.values()) each.dispose()
    },
  }
}

async function start(
  services: Services,
  document: AnnotatorDocument,
  only: number,
  range: readonly [number, number],
): Promise<void> {
  const { propagate } = await import('../commands/propagation.ts')
  const { showError } = await import('../commands/command.ts')
  try {
    await propagate(services, document, { kind: 'span', frame: range[0], only, range })
  } catch (error) {
    await showError(services, error)
  }
}
