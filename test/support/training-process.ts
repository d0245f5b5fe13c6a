/** The built training process, started as the extension host starts it, with everything it tells kept for a test. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { createBirpc } from 'birpc'
import type { TrainingHostFunctions, TrainingProcessFunctions } from '../../model/process/index.ts'
import { root } from './cli.ts'

type Told = { [Name in keyof TrainingHostFunctions]: Parameters<TrainingHostFunctions[Name]>[0][] }

const NAMES = [
  'preparing',
  'metrics',
  'preview',
  'checkpoint',
  'note',
  'resting',
  'ended',
  'evaluating',
  'log',
] as const satisfies readonly (keyof TrainingHostFunctions)[]

export interface TrainingProcess {
  readonly child: ChildProcess
  readonly calls: TrainingProcessFunctions
  /** Everything told so far, in order, by name. */
  readonly told: Told
  /** Resolves with the first value told under a name that fits, past ones included. */
  heard<Name extends keyof Told>(
    name: Name,
    fits?: (value: Told[Name][number]) => boolean,
  ): Promise<Told[Name][number]>
  /** Ends it and waits. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

export function startTrainingProcess(): TrainingProcess {
  const child = fork(join(root, 'dist', 'training-process.js'), { serialization: 'advanced' })
  const told = Object.fromEntries(NAMES.map((name) => [name, [] as unknown[]])) as unknown as Told
  const listeners = new Set<() => void>()
  const functions = Object.fromEntries(
    NAMES.map((name) => [
      name,
      (value: unknown) => {
        ;(told[name] as unknown[]).push(value)
        for (const listener of [...listeners]) listener()
      },
    ]),
  ) as unknown as TrainingHostFunctions
  const calls = createBirpc<TrainingProcessFunctions, TrainingHostFunctions>(functions, {
    post: (message) => void child.send(message, () => {}),
    on: (listener) => child.on('message', listener),
    timeout: -1,
  })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    child,
    calls: calls as unknown as TrainingProcessFunctions,
    told,
    heard(name, fits = () => true) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          const found = (told[name] as Told[typeof name][number][]).find((value) => fits(value))
          if (found === undefined) return
          listeners.delete(look)
          resolve(found)
        }
        listeners.add(look)
        void gone.then(() => {
          listeners.delete(look)
          reject(new Error(`The training process ended before it told of ${name}.`))
        })
        look()
      })
    },
    async stop(signal) {
      if (child.exitCode === null && child.signalCode === null) {
        if (signal) child.kill(signal)
        else if (child.connected) child.disconnect()
        await gone
      }
    },
  }
}
