import type { HostMessage, LaneChange, RunView, SpanOffer } from '../../webview/protocol/index.ts'
import type { AnnotationFile } from '../document/annotation-file.ts'
import { Lanes } from '../document/lanes.ts'
import { inSlices } from '../document/slices.ts'
import { type Disposable, Emitter } from '../emitter.ts'
import type {
  ChangedFrames,
  ComparedFrames,
  DocumentChange,
  EditorSettings,
  ShownComparison,
} from './types.ts'

/** How far the opening of a document is. */
export type Phase =
  | { readonly kind: 'opening'; readonly done: number; readonly total: number | undefined }
  | (Extract<HostMessage, { type: 'failed' }> & { readonly kind: 'failed' })
  | { readonly kind: 'open' }

/** What the views are told when something has changed. */
export type ViewChange =
  | { readonly kind: 'entries'; readonly frames: ChangedFrames; readonly lanes: readonly LaneChange[] }
  | { readonly kind: 'catalogue' }
  | { readonly kind: 'doubtful' }
  | { readonly kind: 'run' }
  | { readonly kind: 'offer' }
  /** `changed` says what was found since the last time. */
  | { readonly kind: 'comparison'; readonly changed?: ComparedFrames | undefined }
  | { readonly kind: 'phase' }

/** What there is to be seen of a document beside its annotations, and the news of both for whoever shows them. */
export class ShownState implements Disposable {
  #phase: Phase = { kind: 'opening', done: 0, total: undefined }
  #lanes: Lanes | undefined
  #disposed = false
  #run: RunView | undefined
  #offer: SpanOffer | undefined
  #comparison: ShownComparison | undefined
  #listeners: Disposable[] = []

  readonly #changes = new Emitter<DocumentChange>()
  readonly #viewChanges = new Emitter<ViewChange>()
  readonly onDidChange = this.#changes.event
  readonly onViewChange = this.#viewChanges.event

  get phase(): Phase {
    return this.#phase
  }

  get run(): RunView | undefined {
    return this.#run
  }

  get offer(): SpanOffer | undefined {
    return this.#offer
  }

  get comparison(): ShownComparison | undefined {
    return this.#comparison
  }

  /** Lane of every object, whole. */
  get lanes(): LaneChange[] {
    return this.#lanes?.all() ?? []
  }

  setPhase(phase: Phase): void {
    this.#phase = phase
    this.#viewChanges.fire({ kind: 'phase' })
  }

  showRun(run: RunView | undefined): void {
    this.#run = run
    this.#viewChanges.fire({ kind: 'run' })
  }

  showOffer(offer: SpanOffer | undefined): void {
    this.#offer = offer
    this.#viewChanges.fire({ kind: 'offer' })
  }

  showComparison(comparison: ShownComparison | undefined, changed?: ComparedFrames): void {
    this.#comparison = comparison
    this.#viewChanges.fire({ kind: 'comparison', changed })
  }

  /** Follows the file's document, which is another one after a reload. */
  async follow(file: AnnotationFile, settings: EditorSettings): Promise<void> {
    this.#stopFollowing()
    const lanes = new Lanes(file.content)
    lanes.follow()
    await inSlices(lanes.fill())
    if (this.#disposed) return
    this.#lanes = lanes
    this.#listeners = [
      file.onChange(({ catalogue, frames }) => {
        if (catalogue) {
          const fresh = lanes.follow()
          this.#viewChanges.fire({ kind: 'catalogue' })
          if (fresh.length > 0) this.#viewChanges.fire({ kind: 'entries', frames: new Map(), lanes: fresh })
          this.#changes.fire({ kind: 'catalogue' })
        }
        if (frames.count === 0) return
        this.#viewChanges.fire({ kind: 'entries', frames, lanes: lanes.update(frames) })
        this.#changes.fire({ kind: 'entries', frames })
      }),
      file.onDoubtful(() => {
        this.#viewChanges.fire({ kind: 'doubtful' })
        this.#changes.fire({ kind: 'doubtful' })
      }),
      settings.onDidChange(() => file.setDoubtBelow(settings.display().doubtBelow)),
    ]
  }

  /** Another document has taken the place of the one before, whose run and offer are over. */
  replaced(): void {
    this.#run = undefined
    this.#offer = undefined
    this.setPhase({ kind: 'open' })
    this.#changes.fire({ kind: 'replaced' })
  }

  dispose(): void {
    this.#disposed = true
    this.#stopFollowing()
    this.#changes.dispose()
    this.#viewChanges.dispose()
  }

  #stopFollowing(): void {
    for (const listener of this.#listeners.splice(0)) listener.dispose()
  }
}
