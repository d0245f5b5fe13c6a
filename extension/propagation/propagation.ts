import type { ModelChoice, RunSettings } from '../../model/process/index.ts'
import type { RunView } from '../../webview/protocol/index.ts'
import type { AnnotatorDocument } from '../editor/index.ts'
import { Emitter, type Event } from '../emitter.ts'
import type { ModelClient } from '../model-client/index.ts'
import { Sentence } from '../sentence.ts'
import { planRun, type RunPlan, type RunWish } from './plan.ts'
import { PropagationRun, type RunDocument, type RunEnd } from './run.ts'

/** Another run is going on, so this one is refused. */
export class RunGoingOn extends Sentence {}

/** Models do not run before the workspace is trusted. */
export class NotTrusted extends Sentence {}

export interface PropagationOptions {
  readonly client: ModelClient
  readonly choice: () => { readonly model: ModelChoice; readonly settings: RunSettings }
  readonly isTrusted: () => boolean
}

export interface RunOf {
  readonly document: AnnotatorDocument
  readonly run: PropagationRun
}

/**
 * The window's propagations: one at a time over all documents, because they would share one device. A second one is
 * refused rather than queued: a run starts from what is marked when it is asked for, and a queued one would start from
 * something that the person has not seen.
 */
export class Propagation {
  readonly #options: PropagationOptions
  readonly #changed = new Emitter<RunView | undefined>()
  readonly #ended = new Emitter<RunOf & { readonly end: RunEnd }>()
  #current: RunOf | undefined
  /** The run's view whenever it changes; undefined when it has ended. */
  readonly onDidChange: Event<RunView | undefined> = this.#changed.event
  readonly onDidEnd: Event<RunOf & { readonly end: RunEnd }> = this.#ended.event

  constructor(options: PropagationOptions) {
    this.#options = options
  }

  get current(): RunOf | undefined {
    return this.#current
  }

  /**
   * Starts a run.
   * @returns how it ended
   * @throws Sentence when nothing can be carried, another run is going on, or the workspace is not trusted;
   *   AnnotationError when the document is busy
   */
  start(document: AnnotatorDocument, wish: RunWish): Promise<RunEnd> {
    this.#refuse()
    const plan = planRun(document.annotations, wish)
    return this.#begin(document, document, plan, this.#options.choice()).ended
  }

  /**
   * Starts a run on a document whose results go elsewhere, such as one that is only looked at.
   * @throws Sentence when another run is going on, or the workspace is not trusted
   */
  startApart(
    document: AnnotatorDocument,
    target: RunDocument,
    plan: RunPlan,
    choice: { readonly model: ModelChoice; readonly settings: RunSettings },
  ): { readonly run: PropagationRun; readonly ended: Promise<RunEnd> } {
    this.#refuse()
    return this.#begin(document, target, plan, choice)
  }

  #refuse(): void {
    if (!this.#options.isTrusted())
      throw new NotTrusted('Models do not run in a workspace that is not trusted; trust it to propagate.')
    if (this.#current !== undefined)
      throw new RunGoingOn(
        'A propagation is going on in {0}; wait for its end or cancel it first.',
        nameOf(this.#current.document),
      )
  }

  #begin(
    document: AnnotatorDocument,
    target: RunDocument,
    plan: RunPlan,
    choice: { readonly model: ModelChoice; readonly settings: RunSettings },
  ): { readonly run: PropagationRun; readonly ended: Promise<RunEnd> } {
    const run = new PropagationRun(this.#options.client, target, plan, choice)
    const current: RunOf = { document, run }
    this.#current = current
    run.onDidChange((view) => this.#changed.fire(view))
    this.#changed.fire(run.view)
    const ended = run.ended.then((end) => {
      this.#current = undefined
      this.#changed.fire(undefined)
      this.#ended.fire({ ...current, end })
      return end
    })
    return { run, ended }
  }
}

/** The name of a document's side-car. */
export function nameOf(document: Pick<AnnotatorDocument, 'sidecarPath'>): string {
  return document.sidecarPath.split(/[\\/]/).at(-1) ?? document.sidecarPath
}
