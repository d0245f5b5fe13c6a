/** Protects: commands act on what is seen and ask where they were told nothing, and one that fails holds up no other. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { annotateCommands } from '../../../extension/commands/annotate.ts'
import { compareCommands } from '../../../extension/commands/compare.ts'
import { modelCommands } from '../../../extension/commands/models.ts'
import { trainingCommands } from '../../../extension/commands/training.ts'
import { viewCommands } from '../../../extension/commands/views.ts'
import { followContext } from '../../../extension/context-keys.ts'
import type { AnnotatorView } from '../../../extension/editor/index.ts'
import { Emitter } from '../../../extension/emitter.ts'
import { cell } from '../../../extension/reports.ts'
import { revealFile } from '../../../extension/reveal.ts'
import type { Services } from '../../../extension/services.ts'
import { clip } from './support.ts'

interface Executed {
  readonly name: string
  readonly values: readonly unknown[]
}

const shown = vi.hoisted(() => ({
  executed: [] as Executed[],
  picks: [] as string[],
  dialogs: 0,
  messages: [] as string[],
  answer: undefined as string | undefined,
  remote: undefined as string | undefined,
  inside: undefined as object | undefined,
  copied: [] as string[],
}))
vi.mock('vscode', () => {
  class Uri {
    readonly fsPath: string
    readonly scheme = 'file'
    constructor(path: string) {
      this.fsPath = path
    }
    get path() {
      return this.fsPath
    }
    static file(path: string) {
      return new Uri(path)
    }
  }
  return {
    Uri,
    UIKind: { Desktop: 1, Web: 2 },
    CancellationError: class extends Error {},
    l10n: { t: (text: string) => text },
    env: {
      language: 'en',
      uiKind: 1,
      get remoteName() {
        return shown.remote
      },
      clipboard: { writeText: async (text: string) => void shown.copied.push(text) },
    },
    EventEmitter: class {
      event() {}
    },
    commands: {
      executeCommand: async (name: string, ...values: unknown[]) =>
        void shown.executed.push({ name, values }),
    },
    workspace: { isTrusted: true, workspaceFolders: undefined, getWorkspaceFolder: () => shown.inside },
    window: {
      showErrorMessage: (text: string) => {
        shown.messages.push(text)
        return new Promise(() => {})
      },
      showInformationMessage: async (text: string) => {
        shown.messages.push(text)
        return shown.answer
      },
      showQuickPick: async (_: unknown, { placeHolder }: { placeHolder: string }) =>
        void shown.picks.push(placeHolder),
      showOpenDialog: async () => void shown.dialogs++,
    },
  }
})

beforeEach(() => {
  Object.assign(shown, {
    executed: [],
    picks: [],
    dialogs: 0,
    messages: [],
    answer: undefined,
    remote: undefined,
    inside: undefined,
    copied: [],
  })
})
afterEach(() => vi.restoreAllMocks())

const { Uri } = await import('vscode')
const log = { error() {}, info() {}, warn() {} }

/** A view that notes what it is asked for. */
function fakeView() {
  const asked: string[] = []
  const document = { annotations: clip('k...a') }
  const view = {
    document,
    view: { frame: 0 },
    command: ({ name }: { name: string }) => void asked.push(name),
    refresh: async () => {},
    reveal: () => void asked.push('reveal'),
  }
  return { view: view as unknown as AnnotatorView, asked }
}

test('an annotator that something covers is brought to the front before a command acts on it', async () => {
  const { view, asked } = fakeView()
  const run = (editors: object) => viewCommands.fit!({ editors } as Services)
  await run({ active: undefined, recent: view })
  expect(asked).toEqual(['reveal', 'fit'])
  await run({ active: view, recent: undefined })
  expect(asked).toEqual(['reveal', 'fit', 'fit'])
  expect(() => run({ active: undefined, recent: undefined })).toThrow('No annotator is open')
})

test('of several clips, one that cannot be opened holds up no other', async () => {
  const annotated: string[] = []
  const editors = {
    annotate: async ({ fsPath }: { fsPath: string }) => {
      annotated.push(fsPath)
      if (fsPath === '/empty') throw new Error('There are no images.')
    },
  }
  const uris = ['/empty', '/a', '/b'].map((path) => Uri.file(path))
  await annotateCommands.annotateFolder!({ editors, log } as unknown as Services, uris[0], uris)
  expect(annotated).toEqual(['/empty', '/a', '/b'])
  expect(shown.messages).toEqual(['There are no images.'])
})

describe('what VS Code hands to the buttons of a title', () => {
  const starter = {
    id: 'starter',
    name: 'Starter',
    file: '/s',
    origin: 'starter',
    family: 'SiamMAE',
    size: 'Ti',
  }
  const own = { ...starter, id: 'own', name: 'Own', origin: 'import' }
  const models = {
    list: async () => [starter, own],
    isActive: ({ id }: { id: string }) => id === 'starter',
    registry: { find: (id: string) => (id === 'own' ? own : starter) },
  }

  test('is no model to compare: both are asked for, but from the menu of a model', async () => {
    const { view } = fakeView()
    const opened: unknown[] = []
    const services = {
      models,
      editors: { active: view },
      propagation: { current: undefined },
      settings: { model: () => ({ device: 'cpu' }) },
      comparisons: {
        open: async (comparison: unknown) => {
          opened.push(comparison)
          throw new Error('Enough.')
        },
      },
    } as unknown as Services
    await compareCommands.compareModels!(services, { kind: 'model', model: own })
    expect(shown.picks).toEqual(['Compare which model (A)?'])
    expect(opened).toEqual([])
    await expect(compareCommands.compareModel!(services, { kind: 'model', model: own })).rejects.toThrow(
      'Enough.',
    )
    expect(shown.picks).toHaveLength(1)
    expect(opened).toHaveLength(1)
  })

  test('is no file to import', async () => {
    await modelCommands.importModel!({ models } as unknown as Services, { kind: 'unlisted', file: '/x' })
    expect(shown.dialogs).toBe(1)
  })
})

test('a training that goes on is not ended by asking to use its model', async () => {
  const used: string[] = []
  const run = { folder: '/run', name: 'run', state: 'running', step: 100, steps: 200 }
  const tuning = {
    trainings: { all: [run], find: () => undefined },
    makeActive: (folder: string) => used.push(folder),
  }
  const services = { tuning } as unknown as Services
  await trainingCommands.useTraining!(services, undefined)
  expect(used).toEqual([])
  expect(shown.messages).toEqual(['There is no training for which this can be done.'])
  tuning.trainings.all = [{ ...run, state: 'stopped' }]
  await trainingCommands.useTraining!(services, undefined)
  expect(used).toEqual(['/run'])
})

test('a file is shown where there is something to show it in, else its path is told', async () => {
  const uri = Uri.file('/models/own.safetensors')
  await revealFile(uri)
  shown.remote = 'ssh-remote'
  shown.answer = 'Copy Path'
  await revealFile(uri)
  shown.inside = {}
  await revealFile(uri)
  expect(shown.executed.map(({ name }) => name)).toEqual(['revealFileInOS', 'revealInExplorer'])
  expect(shown.messages).toEqual(['/models/own.safetensors'])
  expect(shown.copied).toEqual(['/models/own.safetensors'])
})

test('a run can be cancelled from the palette while something else is looked at', () => {
  const changes = new Emitter<void>()
  const propagation = { current: undefined as object | undefined, onDidChange: changes.event }
  const editors = { active: undefined, onDidChangeActive: new Emitter<undefined>().event }
  const following = followContext({ editors, propagation } as unknown as Services)
  const told = () => shown.executed.filter(({ values }) => values[0] === 'siammae.propagating')
  propagation.current = {}
  changes.fire()
  changes.fire()
  propagation.current = undefined
  changes.fire()
  expect(told().map(({ values }) => values[1])).toEqual([true, false])
  following.dispose()
})

test('paths of Windows stand in a report as they are', () => {
  expect(cell('C:\\Users\\me\\.vscode|x\ny')).toBe('C:\\\\Users\\\\me\\\\.vscode\\|x y')
})
