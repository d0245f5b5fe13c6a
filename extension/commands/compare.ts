import * as vscode from 'vscode'
import { Comparison, type Side } from '../models/comparison.ts'
import type { ModelEntry } from '../models/index.ts'
import { pickModel } from '../models/pick-model.ts'
import { isTrusted, notTrusted } from '../models/trust.ts'
import { nameOf, planRun, RunGoingOn, type RunPlan } from '../propagation/index.ts'
import { Sentence } from '../sentence.ts'
import type { Services } from '../services.ts'
import { activeView, freshView, type Handlers, showError } from './command.ts'

/** Frames that are compared where no range is chosen: enough to see models drift apart, quick on a processor. */
const USUAL_FRAMES = 24

export const compareCommands: Handlers = {
  /**
   * @param given identifiers of two models, for tasks and tests; what is not given is asked. VS Code hands the line of the
   *   tree that has the focus to the title's commands, which is no answer
   */
  compareModels: (services, given, second) =>
    compare(services, () => askForModels(services, [nameOfModel(given), nameOfModel(second)])),

  /** From the menu of a model: with the active one, where it is another. */
  compareModel: (services, given) => compare(services, (all) => besideActive(services, all, given)),

  keepComparisonA: (services) => keep(services, 0),
  keepComparisonB: (services) => keep(services, 1),

  async closeComparison(services) {
    await services.comparisons.close(activeView(services).document)
  },

  switchComparison(services) {
    activeView(services).command({ name: 'switchComparison' })
  },
}

type Pair = readonly [a: ModelEntry, b: ModelEntry]

function nameOfModel(given: unknown): string | undefined {
  return typeof given === 'string' ? given : undefined
}

/** @param choose asks for what is not known; undefined when the person gives up */
async function compare(
  services: Services,
  choose: (all: readonly ModelEntry[]) => Promise<Pair | undefined>,
): Promise<void> {
  const { document, view } = await freshView(services)
  if (!(await isTrusted(notTrusted()))) return
  const { propagation, comparisons, settings } = services
  if (propagation.current !== undefined)
    throw new RunGoingOn(
      'A propagation is going on in {0}; wait for its end or cancel it first.',
      nameOf(propagation.current.document),
    )
  const { frame, range, locked = [] } = view
  // Before models are asked for, so that nobody chooses for nothing.
  const plan = shortPlan(
    planRun(
      document.annotations,
      range === undefined ? { kind: 'forward', frame, locked } : { kind: 'range', frame, range, locked },
    ),
    range === undefined ? frame : undefined,
  )
  const all = await services.models.list()
  if (all.length < 2)
    throw new Sentence('There is one model only; import or download another one to compare it with.')
  const models = await choose(all)
  if (models === undefined) return
  const { device } = settings.model()
  const comparison = new Comparison(
    document,
    [compared(models[0], device), compared(models[1], device)],
    plan,
  )
  await comparisons.open(comparison)
  void comparison
    .run(propagation, settings.run())
    .then((end) => (end.reason === 'failed' ? showError(services, asError(end.error)) : undefined))
    .catch(async (error) => {
      await comparisons.close(document)
      await showError(services, error)
    })
}

async function keep(services: Services, side: Side): Promise<void> {
  const { document } = activeView(services)
  const comparison = services.comparisons.get(document)
  if (comparison === undefined) throw new Sentence('No models are being compared here.')
  await comparison.keep(side)
  await services.comparisons.close(document)
}

/** A run over a short part of the clip. @param from where the person stands; undefined for a range that was chosen */
function shortPlan(plan: RunPlan, from: number | undefined): RunPlan {
  if (from === undefined) return plan
  const [first, last] = plan.range
  return { ...plan, range: [first, Math.min(last, Math.max(first, from) + USUAL_FRAMES)] }
}

async function besideActive(
  services: Services,
  all: readonly ModelEntry[],
  given: unknown,
): Promise<Pair | undefined> {
  const model = await pickModel(services, given, vscode.l10n.t('Compare which model (A)?'))
  if (model === undefined) return undefined
  const active = all.find((one) => services.models.isActive(one))
  if (active !== undefined && active.id !== model.id) return [active, model]
  return askForModels(services, [model.id, undefined])
}

async function askForModels(
  services: Services,
  [one, other]: readonly [string | undefined, string | undefined],
): Promise<Pair | undefined> {
  const first = await pickModel(services, one, vscode.l10n.t('Compare which model (A)?'))
  if (first === undefined) return undefined
  const second = await pickModel(services, other, secondText(first), ({ id }) => id !== first.id)
  return second && [first, second]
}

function secondText({ name }: ModelEntry): string {
  return vscode.l10n.t('Compare {0} with which model (B)?', name)
}

function compared({ name, origin, file }: ModelEntry, device: string) {
  return { name, choice: { file: origin === 'starter' ? undefined : file, device } }
}

function asError(error: unknown): unknown {
  return typeof error === 'string' ? new Error(error) : error
}
