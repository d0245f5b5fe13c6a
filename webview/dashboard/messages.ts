import { batch, effect } from '@preact/signals'
import { putTexts } from '../app/texts.ts'
import type { DashboardAction, DashboardHostMessage, DashboardWebviewMessage } from '../protocol/index.ts'
import * as state from './state.ts'

/** The only place of the panel that talks to the extension host. */

interface Kept {
  /** The run that is shown; the host finds the panel's subject by it after a reload of the window. */
  readonly folder?: string
  readonly smoothing?: number
  readonly logScale?: boolean
  readonly compared?: readonly string[]
}

const host = acquireVsCodeApi<Kept>()

export function post(message: DashboardWebviewMessage): void {
  host.postMessage(message)
}

export function act(action: DashboardAction): void {
  if (action === 'start') {
    state.starting.value = true
    state.refusal.value = undefined
  }
  post({ type: 'act', action })
}

/** Draws another run's curve, or takes it away. */
export function compare(folder: string, wanted: boolean): void {
  const rest = state.comparedNow.value.filter((other) => other !== folder)
  state.compared.value = wanted ? [...rest, folder] : rest
  if (wanted && !state.curves.value.has(folder)) post({ type: 'wantCurve', folder })
}

/** Starts listening and asks the host for everything. */
export function connect(): void {
  const kept = host.getState()
  if (typeof kept?.smoothing === 'number') state.smoothing.value = kept.smoothing
  if (kept?.logScale === true) state.logScale.value = true
  if (Array.isArray(kept?.compared)) state.compared.value = kept.compared
  window.addEventListener('message', (event: MessageEvent<DashboardHostMessage>) => {
    try {
      batch(() => receive(event.data))
    } catch (error) {
      log(error instanceof Error ? (error.stack ?? error.message) : String(error))
    }
  })
  window.addEventListener('error', (event) => log(`${event.message} (${event.filename}:${event.lineno})`))
  window.addEventListener('unhandledrejection', (event) => log(String(event.reason)))
  effect(() => {
    const folder = state.page.value === 'run' ? state.run.value?.folder : undefined
    host.setState({
      ...(folder !== undefined && { folder }),
      smoothing: state.smoothing.value,
      logScale: state.logScale.value,
      compared: state.compared.value,
    })
  })
  post({ type: 'ready' })
}

function log(text: string): void {
  post({ type: 'log', level: 'error', text: text.slice(0, 20_000) })
}

function receive(message: DashboardHostMessage): void {
  switch (message.type) {
    case 'form':
      putTexts(message.texts)
      state.form.value = message.form
      state.page.value = 'form'
      break
    case 'estimate':
      state.estimate.value = message
      break
    case 'refused':
      state.refusal.value = message.message
      state.starting.value = false
      break
    case 'opened':
      putTexts(message.texts)
      state.run.value = message.run
      state.steps.value = message.steps
      state.previews.value = message.previews
      state.others.value = message.others
      state.evaluation.value = message.evaluation
      state.starting.value = false
      state.page.value = 'run'
      for (const folder of state.compared.value)
        if (message.others.some((other) => other.folder === folder)) post({ type: 'wantCurve', folder })
      break
    case 'run':
      state.run.value = message.run
      state.others.value = message.others
      break
    case 'steps': {
      // After a crash a run does some steps once more: the later ones count.
      const first = message.steps[0]?.step ?? 0
      state.steps.value = [...state.steps.value.filter(({ step }) => step < first), ...message.steps]
      break
    }
    case 'preview': {
      const { preview } = message
      state.previews.value = [...state.previews.value.filter(({ step }) => step < preview.step), preview]
      break
    }
    case 'curve':
      state.curves.value = new Map(state.curves.value).set(message.folder, message.steps)
      break
    case 'evaluation':
      state.evaluation.value = message.evaluation
      break
    default:
      message satisfies never
  }
}
