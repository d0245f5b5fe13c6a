/** Protects: a run that is prepared can be seen and stopped, and why it cannot begin reaches whoever started it. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import type * as vscode from 'vscode'
import { Emitter } from '../../../extension/emitter.ts'
import type { FineTuning } from '../../../extension/training/fine-tuning.ts'
import { DashboardPanel } from '../../../extension/training/panel.ts'
import type { DashboardHostMessage, DashboardWebviewMessage } from '../../../webview/protocol/index.ts'
import { closeWindows, facts, openWindow, settled } from './fake-training.ts'

const shown = vi.hoisted(() => ({ errors: [] as string[] }))
vi.mock('vscode', () => {
  const never = () => ({ dispose() {} })
  return {
    l10n: { t: (text: string) => text },
    env: { language: 'en' },
    Uri: {
      file: (path: string) => ({ fsPath: path }),
      joinPath: ({ fsPath }: { fsPath: string }, ...parts: string[]) => ({
        fsPath: [fsPath, ...parts].join('/'),
      }),
    },
    window: { showErrorMessage: async (text: string) => void shown.errors.push(text) },
    workspace: {
      isTrusted: true,
      asRelativePath: (path: string) => path,
      onDidChangeTextDocument: never,
      onDidGrantWorkspaceTrust: never,
    },
  }
})

afterEach(() => {
  closeWindows()
  shown.errors = []
})

/** The panel of VS Code, which is not to be touched once it is closed. */
class FakePanel {
  readonly posted: DashboardHostMessage[] = []
  readonly received = new Emitter<DashboardWebviewMessage>()
  readonly #looked = new Emitter<void>()
  readonly #closed = new Emitter<void>()
  readonly onDidChangeViewState = this.#looked.event
  readonly onDidDispose = this.#closed.event
  visible = true
  #isOpen = true

  readonly #webview = {
    options: {},
    html: '',
    cspSource: '',
    asWebviewUri: String,
    postMessage: (message: DashboardHostMessage) => this.posted.push(message),
    onDidReceiveMessage: this.received.event,
  }

  get webview() {
    this.#check()
    return this.#webview
  }

  set title(_: string) {
    this.#check()
  }

  hide(): void {
    this.visible = false
    this.#looked.fire()
  }

  close(): void {
    this.#isOpen = false
    this.#closed.fire()
  }

  types(): string[] {
    return this.posted.map(({ type }) => type)
  }

  #check(): void {
    if (!this.#isOpen) throw new Error('Webview is disposed')
  }
}

/** A panel whose start button was pressed; its run is prepared until the test says how that ends. */
async function starting() {
  const { trainings, next } = openWindow()
  let begin = (): void => {}
  let refuse = (): void => {}
  next.answer = (folder) =>
    new Promise((resolve, reject) => {
      begin = () => resolve(facts(folder))
      refuse = () => reject(new Error('The disk is full.'))
    })
  const logged: string[] = []
  const place = { fsPath: '/nowhere' }
  const tuning = {
    trainings,
    context: {
      extensionUri: place,
      storageUri: place,
      workspaceState: { get: (_: string, fallback: unknown) => fallback, update() {} },
    },
    settings: { model: () => ({ file: undefined, device: 'cpu' }) },
    models: { list: async () => [], onDidChange: () => ({ dispose() {} }) },
    log: { error: (text: string) => logged.push(text), warn() {}, info() {} },
    onDidEvaluate: () => ({ dispose() {} }),
    evaluationOf: () => ({ kind: 'none' }),
    readEvaluation: async () => {},
    hideFromGit: async () => {},
    startName: () => '',
    forgetPanel() {},
  }
  const panel = new FakePanel()
  new DashboardPanel(panel as unknown as vscode.WebviewPanel, tuning as unknown as FineTuning, ['/pond.mp4'])
  panel.received.fire({ type: 'ready' })
  await settled()
  panel.received.fire({ type: 'act', action: 'start' })
  await vi.waitFor(() => expect(trainings.current?.state).toBe('preparing'))
  await settled()
  return { panel, trainings, logged, begin: () => begin(), refuse: () => refuse() }
}

describe('a run that is prepared', () => {
  it('is shown before it has begun, and can be stopped from there', async () => {
    const { panel, trainings, begin } = await starting()
    expect(panel.posted.at(-1)).toMatchObject({ type: 'opened', run: { state: 'preparing' } })
    panel.received.fire({ type: 'act', action: 'stop' })
    await vi.waitFor(() => expect(trainings.current?.state).toBe('stopping'))
    begin()
  })

  it.each([
    ['is looked at', () => {}, ['form', 'refused'], []],
    ['is hidden', (panel: FakePanel) => panel.hide(), [], ['The disk is full.']],
    ['is closed', (panel: FakePanel) => panel.close(), [], ['The disk is full.']],
  ])('and cannot begin says so where its panel %s', async (_, act, posted, errors) => {
    const { panel, logged, refuse } = await starting()
    act(panel)
    panel.posted.length = 0
    refuse()
    await settled()
    expect(panel.types().filter((type) => type !== 'estimate')).toEqual(posted)
    expect(shown.errors).toEqual(errors)
    expect(logged).toEqual([])
  })

  it('goes on where its panel is closed, and nobody hears of that', async () => {
    const { panel, trainings, logged, begin } = await starting()
    panel.close()
    begin()
    await settled()
    expect(trainings.current?.state).toBe('running')
    expect(shown.errors).toEqual([])
    expect(logged).toEqual([])
  })
})
