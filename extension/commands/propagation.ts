import * as vscode from 'vscode'
import type { AnnotatorDocument } from '../editor/index.ts'
import {
  NotTrusted,
  nameOf,
  type Propagation,
  type RunEnd,
  RunGoingOn,
  type RunWish,
} from '../propagation/index.ts'
import { Sentence } from '../sentence.ts'
import type { Services } from '../services.ts'
import { wordsOf } from '../words.ts'
import { aboutObject } from './about-object.ts'
import { freshView, type Handler, type Handlers, showError } from './command.ts'
import { givenId } from './pick-object.ts'

export const propagationCommands: Handlers = {
  propagateForward: directed('forward'),
  propagateBackward: directed('backward'),
  propagateBoth: directed('both'),
  propagateToNextKeyframe: directed('toNextKeyframe'),

  async propagateRange(services, given) {
    const { document, view } = await freshView(services)
    const { frame, range, locked = [] } = view
    if (range === undefined)
      throw new Sentence('No range is chosen; set its start and its end on the timeline first (I and U).')
    await propagate(services, document, { kind: 'range', range, frame, locked, ...only(given) })
  },

  propagateSpan: aboutObject(({ services, view, object }, span) =>
    propagate(services, view.document, {
      kind: 'span',
      frame: view.view.frame,
      only: object.id,
      ...(isRange(span) ? { range: span } : {}),
    }),
  ),

  async pausePropagation({ propagation }) {
    await current(propagation).pause()
  },

  async resumePropagation({ propagation }) {
    await current(propagation).resume()
  },

  async cancelPropagation({ propagation }) {
    await propagation.current?.run.cancel()
  },
}

function directed(kind: 'forward' | 'backward' | 'both' | 'toNextKeyframe'): Handler {
  return async (services, given) => {
    const { document, view } = await freshView(services)
    const { frame, locked = [] } = view
    await propagate(services, document, { kind, frame, locked, ...only(given) })
  }
}

/** A line of the tree of objects was asked: that object alone. */
function only(given: unknown): { only?: number } {
  const id = givenId(given)
  return id === undefined ? {} : { only: id }
}

function current(propagation: Propagation) {
  if (propagation.current === undefined) throw new Sentence('No propagation is going on.')
  return propagation.current.run
}

function isRange(value: unknown): value is readonly [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every(Number.isInteger)
}

/** Starts a run, or says why it cannot start, with what helps. Returns when it has started; its end is told apart. */
export async function propagate(
  services: Services,
  document: AnnotatorDocument,
  wish: RunWish,
): Promise<void> {
  try {
    void services.propagation.start(document, wish).then((end) => showEnd(services, document, end))
  } catch (error) {
    if (error instanceof NotTrusted) await offerTrust(error)
    else if (error instanceof RunGoingOn) await offerCancel(services, error)
    else throw error
  }
}

async function offerTrust(error: NotTrusted): Promise<void> {
  const trust = vscode.l10n.t('Manage Workspace Trust')
  if ((await vscode.window.showWarningMessage(wordsOf(error), trust)) === trust)
    await vscode.commands.executeCommand('workbench.trust.manage')
}

async function offerCancel({ propagation, editors }: Services, error: RunGoingOn): Promise<void> {
  const run = propagation.current
  const cancel = vscode.l10n.t('Cancel It')
  const show = vscode.l10n.t('Show It')
  const elsewhere = run !== undefined && run.document !== editors.active?.document
  const answer = await vscode.window.showWarningMessage(wordsOf(error), cancel, ...(elsewhere ? [show] : []))
  if (answer === cancel) await run?.run.cancel()
  if (answer === show) run?.document.views[0]?.reveal()
}

/** A run that ended as it should is seen on the timeline; only a failure needs words. */
async function showEnd(services: Services, document: AnnotatorDocument, end: RunEnd): Promise<void> {
  services.log.info(`Propagation in ${nameOf(document)}: ${end.reason}.`)
  if (end.reason !== 'failed') return
  await showError(services, typeof end.error === 'string' ? new Error(end.error) : end.error)
}
