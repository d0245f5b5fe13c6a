import * as vscode from 'vscode'
import { TOOLS, type Tool, type ViewCommand } from '../../webview/protocol/index.ts'
import { frameFrom } from '../frame-or-time.ts'
import { Sentence } from '../sentence.ts'
import { wordsOf } from '../words.ts'
import { activeView, freshView, type Handler, type Handlers } from './command.ts'
import { askForObject, givenId } from './pick-object.ts'

type Plain = Extract<
  ViewCommand['name'],
  | 'firstFrame'
  | 'lastFrame'
  | 'previousKeyframe'
  | 'nextKeyframe'
  | 'previousDoubtful'
  | 'togglePlay'
  | 'toggleLoop'
  | 'rangeStart'
  | 'rangeEnd'
  | 'clearRange'
  | 'fit'
  | 'actualSize'
  | 'zoomIn'
  | 'zoomOut'
  | 'toggleOverlay'
  | 'toggleTakeOver'
  | 'fillHoles'
  | 'finish'
  | 'giveUp'
  | 'removePoint'
>

/** Commands that a view does by itself, without anything to ask. Complete: a missing name does not compile. */
const PLAIN: Record<Plain, true> = {
  firstFrame: true,
  lastFrame: true,
  previousKeyframe: true,
  nextKeyframe: true,
  previousDoubtful: true,
  togglePlay: true,
  toggleLoop: true,
  rangeStart: true,
  rangeEnd: true,
  clearRange: true,
  fit: true,
  actualSize: true,
  zoomIn: true,
  zoomOut: true,
  toggleOverlay: true,
  toggleTakeOver: true,
  fillHoles: true,
  finish: true,
  giveUp: true,
  removePoint: true,
}

/** What a keybinding says in its `args` is taken as it is; without, the person is asked. */
export const viewCommands: Handlers = {
  ...Object.fromEntries(
    (Object.keys(PLAIN) as Plain[]).map((name): [string, Handler] => [
      name,
      (services) => activeView(services).command({ name }),
    ]),
  ),
  async nextDoubtful(services) {
    activeView(services).command({ name: 'nextDoubtful' })
    // The walkthrough goes by it.
    await vscode.commands.executeCommand('setContext', 'siammae.checked', true)
  },
  toggleHide: onObject('toggleHide'),
  toggleLock: onObject('toggleLock'),
  toggleSolo: onObject('toggleSolo'),

  async goToFrame(services, given, objectId) {
    const view = typeof given === 'number' ? activeView(services) : await freshView(services)
    const frame =
      typeof given === 'number' ? given : await askForFrame(view.document.clip.times, view.view.frame)
    if (frame === undefined) return
    if (typeof objectId === 'number') view.command({ name: 'selectObject', objectId })
    view.command({ name: 'goToFrame', frame })
    view.reveal()
  },

  async step(services, given) {
    const view = activeView(services)
    const by =
      typeof given === 'number'
        ? given
        : await askForNumber(vscode.l10n.t('How many frames? Negative goes back.'), '10')
    if (by !== undefined) view.command({ name: 'step', by: Math.trunc(by) })
  },

  async tool(services, given) {
    const view = activeView(services)
    const tool = isTool(given) ? given : await askForTool(view.view.tool)
    if (tool !== undefined) view.command({ name: 'tool', tool })
  },

  inspectCorrespondence: looking('correspondence'),
  inspectAttention: looking('attention'),

  async brushSize(services, given) {
    const view = activeView(services)
    if (typeof given === 'number') {
      view.command({ name: 'brushSize', by: given })
      return
    }
    const size = await askForNumber(
      vscode.l10n.t('Diameter of the brush in pixels of the video'),
      String(services.settings.display().brushSize),
    )
    if (size !== undefined) await services.settings.change({ brushSize: Math.min(500, Math.max(1, size)) })
  },

  async selectObject(services, given) {
    const view = activeView(services)
    const { annotations } = view.document
    const position = positionOf(given)
    const ids = [...annotations.objects.keys()].sort((a, b) => a - b)
    if (position !== undefined) {
      const objectId = ids[position - 1]
      // A digit without an object does nothing, like any key without a meaning.
      if (objectId !== undefined) view.command({ name: 'selectObject', objectId })
      return
    }
    if (ids.length === 0) throw new Sentence('There are no objects yet; make one with New Object first.')
    const objectId = givenId(given) ?? (await askForObject(annotations))?.id
    if (objectId !== undefined) view.command({ name: 'selectObject', objectId })
  },

  async keypointVisibility(services, given) {
    const view = activeView(services)
    const visibility = isVisibility(given) ? given : await askForVisibility()
    if (visibility !== undefined) view.command({ name: 'keypointVisibility', visibility })
  },
}

function onObject(name: 'toggleHide' | 'toggleLock' | 'toggleSolo'): Handler {
  return (services, given) => {
    const objectId = givenId(given)
    activeView(services).command(objectId === undefined ? { name } : { name, objectId })
  }
}

function looking(what: 'correspondence' | 'attention'): Handler {
  return (services) => {
    const view = activeView(services)
    if (!vscode.workspace.isTrusted)
      throw new Sentence(
        'Models do not run in a workspace that is not trusted; trust it to look into the model.',
      )
    view.command({ name: 'inspect', what })
  }
}

async function askForFrame(times: Float64Array, current: number): Promise<number | undefined> {
  const written = await vscode.window.showInputBox({
    title: vscode.l10n.t('Go to frame or time'),
    prompt: vscode.l10n.t('A frame up to {0}, or a time such as 4.8s or 0:04.8', times.length - 1),
    value: String(current),
    validateInput: (text) => {
      try {
        frameFrom(text, times)
        return undefined
      } catch (error) {
        return wordsOf(error)
      }
    },
  })
  return written === undefined ? undefined : frameFrom(written, times)
}

async function askForNumber(prompt: string, value: string): Promise<number | undefined> {
  const written = await vscode.window.showInputBox({
    prompt,
    value,
    validateInput: (text) =>
      text.trim() !== '' && Number.isFinite(Number(text)) ? undefined : vscode.l10n.t('Write a number.'),
  })
  return written === undefined ? undefined : Number(written)
}

async function askForTool(current: Tool): Promise<Tool | undefined> {
  const names: Record<Tool, string> = {
    select: vscode.l10n.t('Select'),
    brush: vscode.l10n.t('Brush'),
    eraser: vscode.l10n.t('Eraser'),
    polygon: vscode.l10n.t('Polygon'),
    keypoints: vscode.l10n.t('Keypoints'),
    inspect: vscode.l10n.t('Inspect'),
    pan: vscode.l10n.t('Pan'),
  }
  const items = TOOLS.map((tool) => ({
    label: names[tool],
    description: tool === current ? vscode.l10n.t('current') : undefined,
    tool,
  }))
  return (await vscode.window.showQuickPick(items, { placeHolder: vscode.l10n.t('Which tool?') }))?.tool
}

async function askForVisibility(): Promise<Visibility | undefined> {
  const items: { label: string; visibility: Visibility }[] = [
    { label: vscode.l10n.t('Visible'), visibility: 'visible' },
    { label: vscode.l10n.t('Occluded'), visibility: 'occluded' },
    { label: vscode.l10n.t('Absent'), visibility: 'absent' },
  ]
  return (
    await vscode.window.showQuickPick(items, { placeHolder: vscode.l10n.t('Can the keypoint be seen?') })
  )?.visibility
}

type Visibility = 'visible' | 'occluded' | 'absent'

function isVisibility(given: unknown): given is Visibility {
  return given === 'visible' || given === 'occluded' || given === 'absent'
}

function isTool(given: unknown): given is Tool {
  return TOOLS.includes(given as Tool)
}

function positionOf(given: unknown): number | undefined {
  return typeof given === 'object' &&
    given !== null &&
    'position' in given &&
    typeof given.position === 'number'
    ? given.position
    : undefined
}
