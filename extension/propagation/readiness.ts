import type { ModelChoice, ModelReady, RunSettings } from '../../model/process/index.ts'
import type { AnnotatorDocument, AnnotatorEditors, Corrections } from '../editor/index.ts'
import { type Disposable, Emitter, type Event } from '../emitter.ts'
import type { ModelClient } from '../model-client/index.ts'
import type { Propagation } from './propagation.ts'

/** Pictures of a clip that was just opened, and the strokes of a person, come first; in milliseconds. */
const REST = 500

export interface ReadinessOptions {
  readonly client: Pick<ModelClient, 'prepareModel' | 'onState'>
  readonly editors: Pick<AnnotatorEditors, 'all' | 'onDidOpen' | 'onDidClose'>
  readonly propagation: Pick<Propagation, 'current' | 'onDidEnd'>
  readonly choice: () => { readonly model: ModelChoice; readonly settings: RunSettings }
  readonly isTrusted: () => boolean
}

interface Wish {
  readonly document: AnnotatorDocument
  readonly frame: number
}

/**
 * Has the model made ready ahead of the first run: the network compiled for the clip, and the frame that the run will
 * likely start from seen by it. Asked for when a clip has been opened and when a person has marked a frame, a little
 * later, one at a time, nothing twice, and never while a run goes on.
 */
export class Readiness implements Disposable {
  readonly #options: ReadinessOptions
  readonly #documents = new Map<AnnotatorDocument, Disposable>()
  readonly #subscriptions: Disposable[]
  readonly #changed = new Emitter<void>()
  readonly onDidChange: Event<void> = this.#changed.event
  #wish: Wish | undefined
  #timer: NodeJS.Timeout | undefined
  #isAsking = false
  /** What was asked for last, as text: the model with its settings, and the frame that goes through it. */
  #asked = { model: '', frame: '' }
  #ready: ModelReady | undefined
  #problem: unknown

  constructor(options: ReadinessOptions) {
    this.#options = options
    const { client, editors, propagation } = options
    this.#subscriptions = [
      editors.onDidOpen((document) => this.#opened(document)),
      editors.onDidClose((document) => {
        this.#documents.get(document)?.dispose()
        this.#documents.delete(document)
        // What is asked for from now on is about a clip that is still there.
        if (this.#wish?.document === document) this.#wish = undefined
      }),
      // What was put off while it went on.
      propagation.onDidEnd(() => this.refresh()),
      client.onState(({ kind }) => {
        // What was ready went with the process. It is not made ready again at once: that may be what ended it.
        if (kind === 'lost' || kind === 'stopped') this.#asked = { ...this.#asked, frame: '' }
      }),
    ]
    for (const document of editors.all) this.#opened(document)
  }

  /** What really runs; undefined while that is not known. */
  get ready(): ModelReady | undefined {
    return this.#ready
  }

  /** Why the model that the settings name does not run. */
  get problem(): unknown {
    return this.#problem
  }

  /** The settings, or the trust in the workspace, have changed. */
  refresh(): void {
    const document = this.#options.editors.all.at(-1)
    if (this.#wish !== undefined) this.#want(this.#wish)
    else if (document !== undefined) this.#want({ document, frame: document.views[0]?.view.frame ?? 0 })
  }

  dispose(): void {
    clearTimeout(this.#timer)
    for (const subscription of [...this.#subscriptions, ...this.#documents.values()]) subscription.dispose()
    this.#changed.dispose()
  }

  #opened(document: AnnotatorDocument): void {
    if (this.#documents.has(document)) return
    this.#documents.set(
      document,
      document.onDidCorrect((corrected) => this.#marked(document, corrected)),
    )
    this.#want({ document, frame: document.views[0]?.view.frame ?? 0 })
  }

  #marked(document: AnnotatorDocument, corrected: Corrections): void {
    for (const [objectId, frames] of corrected)
      for (const frame of frames.keys())
        if (document.annotations.entry(objectId, frame)?.state === 'keyframe') this.#want({ document, frame })
  }

  #want(wish: Wish): void {
    this.#wish = wish
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#prepare(), REST)
  }

  async #prepare(): Promise<void> {
    const { client, editors, propagation, choice, isTrusted } = this.#options
    const wish = this.#wish
    // After the answer it is looked at again.
    if (wish === undefined || this.#isAsking) return
    const { document, frame } = wish
    if (!editors.all.includes(document) || !isTrusted() || propagation.current !== undefined) return
    const { model, settings } = choice()
    const asked = {
      model: JSON.stringify([model, settings]),
      frame: JSON.stringify([document.videoPath, frame]),
    }
    const isSame = asked.model === this.#asked.model
    if (isSame && asked.frame === this.#asked.frame) return
    this.#asked = asked
    if (!isSame || this.#problem !== undefined) this.#show(undefined, undefined)
    this.#isAsking = true
    try {
      this.#show(await client.prepareModel(model, { clip: document.videoPath, settings, frame }), undefined)
    } catch (error) {
      // Asked again with the next clip or mark: the reason may have gone.
      this.#asked = { model: '', frame: '' }
      // That a clip was closed meanwhile says nothing about the model.
      if (editors.all.includes(document)) this.#show(undefined, error)
    } finally {
      this.#isAsking = false
    }
    if (this.#wish !== undefined && this.#wish !== wish) await this.#prepare()
  }

  #show(ready: ModelReady | undefined, problem: unknown): void {
    this.#ready = ready
    this.#problem = problem
    this.#changed.fire()
  }
}
