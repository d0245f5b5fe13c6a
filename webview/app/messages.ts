import { batch, effect } from '@preact/signals'
import type { Edit } from '../../model/annotation/index.ts'
import type {
  DisplaySettings,
  HostCommand,
  HostMessage,
  InspectionAnswer,
  InspectionWish,
  SpanOffer,
  ViewCommand,
  ViewState,
  WebviewMessage,
} from '../protocol/index.ts'
import { putCompared, putComparison } from './comparison.ts'
import * as state from './state.ts'
import { putTexts, t } from './texts.ts'

/** The only place that talks to the extension host. */

const host = acquireVsCodeApi<Record<string, unknown>>()

/** Frames around the shown one whose entries are kept up to date, on each side. */
const ENTRY_WINDOW = 64

function post(message: WebviewMessage): void {
  host.postMessage(message)
}

type PictureListener = {
  arrived(frame: number, bytes: Uint8Array, mime: string): void
  failed(frame: number, message: string): void
}
let pictures: PictureListener | undefined

/** Who takes the pictures that were wanted, until the returned function is called. */
export function onPictures(listener: PictureListener): () => void {
  pictures = listener
  return () => {
    if (pictures === listener) pictures = undefined
  }
}

/**
 * Asks for pictures, most urgent first; replaces what was wanted before.
 * @param at    the frame that the person is on
 * @param again those sent did not arrive
 */
export function wantPictures(frames: readonly number[], at: number, again: boolean): void {
  post({ type: 'wantPictures', frames, at, again })
}

let lastEdit = 0
const waiting = new Map<number, (error: string | undefined) => void>()

/**
 * Sends one step of a person's work. It is shown at once; when the host refuses it, it is taken back and a notice says
 * why.
 * @param label name of the undo step, in English
 * @param edits `setEntry` edits only
 * @returns undefined when done, else why it was refused
 */
export function sendEdit(label: string, edits: readonly Edit[]): Promise<string | undefined> {
  if (edits.length === 0) return Promise.resolve(undefined)
  const id = ++lastEdit
  state.pendingEdits.value = new Map(state.pendingEdits.value).set(id, { label, edits })
  post({ type: 'edit', id, label, edits })
  return new Promise((resolve) => waiting.set(id, resolve))
}

/** Runs a command of the extension; it sees the view as it stands now. */
export function execute(command: HostCommand, ...args: readonly unknown[]): void {
  sendView()
  post({ type: 'execute', command, args })
}

/** Tells the host that an offer is not wanted; it may have another one. */
export function dismissOffer(offer: SpanOffer): void {
  state.offer.value = undefined
  post({ type: 'dismissOffer', offer })
}

/** Changes settings for good; the view follows at once. */
export function changeSettings(settings: Partial<DisplaySettings>): void {
  state.settings.value = { ...state.settings.value, ...settings }
  unsentSettings = { ...unsentSettings, ...settings }
  clearTimeout(settingsTimer)
  // A slider that is dragged writes once, when it rests.
  settingsTimer = setTimeout(sendSettings, 400)
}

let unsentSettings: Partial<DisplaySettings> = {}
let settingsTimer: ReturnType<typeof setTimeout> | undefined

function sendSettings(): void {
  if (Object.keys(unsentSettings).length === 0) return
  post({ type: 'changeSettings', settings: unsentSettings })
  unsentSettings = {}
}

let inspected: (id: number, answer: InspectionAnswer) => void = () => {}

/** Who hears what came of looks into the model. */
export function onInspected(listener: (id: number, answer: InspectionAnswer) => void): void {
  inspected = listener
}

/** Asks for a look into the model, which takes the place of the one before; undefined ends it. */
export function sendWish(id: number, wish: InspectionWish | undefined): void {
  post({ type: 'inspect', id, wish })
}

/** A line for the extension's log. */
export function log(level: 'error' | 'info', text: string): void {
  post({ type: 'log', level, text })
}

let perform: (command: ViewCommand) => void = () => {}

/** Starts listening and asks the host for everything; commands of keys and menus go to `performer`. */
export function connect(performer: (command: ViewCommand) => void): void {
  perform = performer
  restore()
  window.addEventListener('message', (event: MessageEvent<HostMessage>) => {
    try {
      receive(event.data)
    } catch (error) {
      log('error', error instanceof Error ? (error.stack ?? error.message) : String(error))
    }
  })
  window.addEventListener('error', (event) =>
    log('error', `${event.message} (${event.filename}:${event.lineno})`),
  )
  window.addEventListener('unhandledrejection', (event) => log('error', String(event.reason)))
  window.addEventListener('pagehide', () => {
    save()
    sendSettings()
  })
  post({ type: 'ready' })
}

function receive(message: HostMessage): void {
  if ('texts' in message && message.texts) putTexts(message.texts)
  switch (message.type) {
    case 'opening':
      state.phase.value = { kind: 'opening', done: message.done, total: message.total }
      break
    case 'failed':
      state.phase.value = { kind: 'failed', message: message.message, actions: message.actions }
      break
    case 'opened':
      batch(() => opened(message))
      break
    case 'catalogue':
      state.putCatalogue(message.labels, message.objects)
      break
    case 'lanes':
      state.putLanes(message.changes)
      break
    case 'entries':
      state.putEntries(message.frames)
      break
    case 'edited':
      edited(message.id, message.error)
      break
    case 'picture':
      pictures?.arrived(message.frame, message.bytes, message.mime)
      break
    case 'pictureFailed':
      pictures?.failed(message.frame, message.message)
      break
    case 'run':
      state.run.value = message.run
      break
    case 'offer':
      state.offer.value = message.offer
      break
    case 'comparison':
      putComparison(message.comparison)
      break
    case 'compared':
      putCompared(message.side, message.frames)
      break
    case 'doubtful':
      state.doubtful.value = message.frames
      break
    case 'settings':
      state.settings.value = { ...message.settings, ...unsentSettings }
      break
    case 'trusted':
      state.trusted.value = true
      break
    case 'inspected':
      inspected(message.id, message.answer)
      break
    case 'command':
      perform(message.command)
      break
    case 'tellView':
      if (state.phase.peek().kind === 'open') sendView()
      post({ type: 'viewTold', id: message.id })
      break
    default:
      message satisfies never
      log('error', `The message ${JSON.stringify((message as { type?: unknown }).type)} is not known.`)
  }
}

function opened(message: Extract<HostMessage, { type: 'opened' }>): void {
  state.clip.value = message.clip
  state.settings.value = { ...message.settings, ...unsentSettings }
  state.doubtful.value = message.doubtful
  state.run.value = message.run
  state.trusted.value = message.trusted
  state.offer.value = undefined
  putComparison(undefined)
  state.clearEntries()
  state.lanes.clear()
  state.putCatalogue(message.labels, message.objects)
  state.putLanes(message.lanes)
  // Edits sent to a document that was replaced are never answered.
  state.pendingEdits.value = new Map()
  for (const resolve of waiting.values()) resolve(t('The document was reloaded.'))
  waiting.clear()

  const { view } = message
  const last = message.clip.frameCount - 1
  state.frame.value = Math.min(last, Math.max(0, view.frame ?? state.frame.value))
  if (view.objectId !== undefined && message.objects.some((object) => object.id === view.objectId))
    state.objectId.value = view.objectId
  if (view.tool) state.tool.value = view.tool
  const range = view.range ?? state.range.value
  state.range.value = range && range[0] <= last ? [range[0], Math.min(last, range[1])] : undefined
  state.playing.value = false
  for (const warning of message.clip.warnings) state.notify('warning', warning)
  state.phase.value = { kind: 'open' }
  sentView = undefined
  entryWindow = undefined
  follow()
}

function edited(id: number, error: string | undefined): void {
  const left = new Map(state.pendingEdits.value)
  left.delete(id)
  state.pendingEdits.value = left
  if (error !== undefined) state.notify('error', error)
  waiting.get(id)?.(error)
  waiting.delete(id)
}

let entryWindow: readonly [number, number] | undefined
let sentView: string | undefined
let following = false

/** Tells the host where the view stands and which entries it needs, whenever that changes. */
function follow(): void {
  if (following) return
  following = true
  effect(() => {
    if (state.phase.value.kind !== 'open') return
    const frame = state.frame.value
    // Asked for again before the edge is reached, so that stepping and playing never wait.
    if (
      entryWindow &&
      frame - ENTRY_WINDOW / 2 >= entryWindow[0] &&
      frame + ENTRY_WINDOW / 2 <= entryWindow[1]
    )
      return
    const last = state.frameCount.value - 1
    entryWindow = [frame - ENTRY_WINDOW, frame + ENTRY_WINDOW]
    const window = { first: Math.max(0, entryWindow[0]), last: Math.min(last, entryWindow[1]) }
    // Not at once: tools are told of the same step, and need to know the frame that they leave.
    queueMicrotask(() => state.moveEntryWindow(window.first, window.last))
    post({ type: 'wantEntries', ...window })
  })
  const sendViewSoon = soon(30, sendView)
  effect(() => {
    if (state.phase.value.kind !== 'open') return
    currentView()
    sendViewSoon()
  })
  const saveSoon = soon(200, save)
  effect(() => {
    for (const signal of Object.values(state.kept)) signal.value
    saveSoon()
  })
}

/** Does something once, a while after it was first asked for; in between asking again changes nothing. */
function soon(milliseconds: number, action: () => void): () => void {
  let asked = false
  return () => {
    if (asked) return
    asked = true
    setTimeout(() => {
      asked = false
      action()
    }, milliseconds)
  }
}

function currentView(): ViewState {
  return {
    frame: state.frame.value,
    objectId: state.objectId.value,
    tool: state.tool.value,
    playing: state.playing.value,
    range: state.range.value,
    locked: [...state.locked.value],
  }
}

function sendView(): void {
  const view = currentView()
  const text = JSON.stringify(view)
  if (text === sentView) return
  sentView = text
  post({ type: 'view', view })
}

function save(): void {
  const values: Record<string, unknown> = {}
  for (const [name, signal] of Object.entries(state.kept)) {
    const value = signal.peek()
    values[name] = value instanceof Set ? [...value] : value
  }
  host.setState(values)
}

function restore(): void {
  const values = host.getState()
  if (!values) return
  for (const [name, signal] of Object.entries(state.kept)) {
    if (!(name in values)) continue
    const value = values[name]
    signal.value = signal.peek() instanceof Set && Array.isArray(value) ? new Set(value) : value
  }
}
