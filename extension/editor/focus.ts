import * as vscode from 'vscode'
import { type Disposable, Emitter } from '../emitter.ts'
import type { AnnotatorView } from './types.ts'
import type { ViewSession } from './view-session.ts'

/** Which view commands and keys are about, and the context keys that say so to keybindings and menus. */
export class Focus implements vscode.Disposable {
  readonly #sessions = new Set<ViewSession>()
  readonly #keys = new Map<string, unknown>()
  readonly #changes = new Emitter<AnnotatorView | undefined>()
  readonly onDidChangeActive = this.#changes.event
  #focused: ViewSession | undefined
  #recent: ViewSession | undefined
  #told: AnnotatorView | undefined

  /** The tab that has or last had the focus, while it is visible; its document may not be open. */
  get focused(): ViewSession | undefined {
    return this.#focused
  }

  /** The same, once its document is open. */
  get active(): ViewSession | undefined {
    return this.#focused?.document.isOpen ? this.#focused : undefined
  }

  /** The tab that was active last, where none is visible now. */
  get recent(): ViewSession | undefined {
    return this.#focused === undefined && this.#recent?.document.isOpen ? this.#recent : undefined
  }

  add(session: ViewSession): void {
    this.#sessions.add(session)
    const { panel, document } = session
    const subscriptions: Disposable[] = [
      panel.onDidChangeViewState(() => this.#look(session)),
      document.onViewChange(({ kind }) => {
        if (session === this.#focused && (kind === 'phase' || kind === 'run' || kind === 'comparison'))
          this.#tell()
      }),
      session.onDidChangeView(() => {
        if (session === this.#focused) this.#setKeys()
      }),
    ]
    panel.onDidDispose(() => {
      for (const subscription of subscriptions) subscription.dispose()
      this.#sessions.delete(session)
      if (this.#recent === session) this.#recent = undefined
      if (this.#focused === session) this.#focus([...this.#sessions].find((other) => other.panel.active))
    })
    this.#look(session)
  }

  dispose(): void {
    this.#changes.dispose()
  }

  #look(session: ViewSession): void {
    if (session.panel.active) this.#focus(session)
    else if (session === this.#focused && !session.panel.visible)
      this.#focus([...this.#sessions].find((other) => other.panel.active))
  }

  #focus(session: ViewSession | undefined): void {
    this.#focused = session
    this.#recent = session ?? this.#recent
    this.#tell()
  }

  #tell(): void {
    this.#setKeys()
    if (this.active === this.#told) return
    this.#told = this.active
    this.#changes.fire(this.active)
  }

  #setKeys(): void {
    const { active } = this
    const view = active?.view
    const objects = active?.document.annotations.objects
    this.#setKey('siammae.open', active !== undefined)
    this.#setKey('siammae.tool', view?.tool)
    this.#setKey('siammae.playing', view?.playing ?? false)
    this.#setKey('siammae.hasObject', view?.objectId !== undefined && objects?.has(view.objectId) === true)
    this.#setKey('siammae.hasRange', view?.range !== undefined)
    this.#setKey('siammae.comparing', active?.document.comparison !== undefined)
    this.#setKey('siammae.run', active?.document.run?.state ?? '')
  }

  #setKey(key: string, value: unknown): void {
    if (this.#keys.get(key) === value) return
    this.#keys.set(key, value)
    void vscode.commands.executeCommand('setContext', key, value)
  }
}
