import type * as vscode from 'vscode'
import type { ViewState } from '../../webview/protocol/index.ts'
import type { Disposable } from '../emitter.ts'

/** How long a view stands still before its place is remembered. */
const REMEMBER_MS = 500

/** Where the views of a side-car stood last: a tab that is opened again, also in a later window, stands there. */
export class ViewMemory implements Disposable {
  readonly #state: vscode.Memento
  readonly #sidecarPath: string
  #last: ViewState | undefined
  #timer: NodeJS.Timeout | undefined

  /** @param state of the workspace */
  constructor(state: vscode.Memento, sidecarPath: string) {
    this.#state = state
    this.#sidecarPath = sidecarPath
  }

  get remembered(): Partial<ViewState> {
    return this.#state.get<Partial<ViewState>>(keyOf(this.#sidecarPath), {})
  }

  /** Remembers where the view stands in a moment: this, or what comes until then. */
  remember(view: ViewState): void {
    this.#last = view
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#write(this.#sidecarPath)
    }, REMEMBER_MS)
  }

  /** The next view of the side-car at another place stands where this one does. */
  copyTo(sidecarPath: string): void {
    this.#write(sidecarPath)
  }

  /** Remembers at once what was to be remembered in a moment. */
  dispose(): void {
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#write(this.#sidecarPath)
  }

  #write(sidecarPath: string): void {
    const { frame, objectId, tool, range } = this.#last ?? this.remembered
    void this.#state.update(keyOf(sidecarPath), { frame, objectId, tool, range })
  }
}

function keyOf(sidecarPath: string): string {
  return `view:${sidecarPath}`
}
