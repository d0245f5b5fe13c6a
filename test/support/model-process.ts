/** The built model process, started as the extension host starts it, with everything it tells kept for a test. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { createBirpc } from 'birpc'
import type { HostFunctions, ModelProcessFunctions } from '../../model/process/index.ts'
import { root } from './cli.ts'

type Told = { [Name in keyof HostFunctions]: Parameters<HostFunctions[Name]>[0][] }

export interface ModelProcess {
  readonly child: ChildProcess
  readonly calls: ModelProcessFunctions
  /** Everything told so far, in order, by name. */
  readonly told: Told
  /** Resolves with the first value told under a name that fits, past ones included. */
  heard<Name extends keyof HostFunctions>(
    name: Name,
    fits?: (value: Told[Name][number]) => boolean,
  ): Promise<Told[Name][number]>
  /** Ends it and waits. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

export function startModelProcess(): ModelProcess {
  const child = fork(join(root, 'dist', 'model-process.js'), { serialization: 'advanced' })
  const told: Told = {
    opening: [],
    picture: [],
    pictureFailed: [],
    results: [],
    runEnded: [],
    exporting: [],
    importing: [],
    log: [],
  }
  const listeners = new Set<() => void>()
  const keep =
    <Name extends keyof HostFunctions>(name: Name) =>
    (value: Told[Name][number]): void => {
      ;(told[name] as Told[Name][number][]).push(value)
      for (const listener of [...listeners]) listener()
    }
  const functions: HostFunctions = {
    opening: keep('opening'),
    picture: keep('picture'),
    pictureFailed: keep('pictureFailed'),
    results: keep('results'),
    runEnded: keep('runEnded'),
    exporting: keep('exporting'),
    importing: keep('importing'),
    log: keep('log'),
  }
  const calls = createBirpc<ModelProcessFunctions, HostFunctions>(functions, {
    post: (message) => void child.send(message, () => {}),
    on: (listener) => child.on('message', listener),
    timeout: -1,
  })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    child,
    calls: calls as unknown as ModelProcessFunctions,
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
          reject(new Error(`The model process ended before it told of ${name}.`))
        })
        look()
      })
    },
    async stop(signal) {
      if (child.exitCode === null && child.signalCode === null) {
        if (signal) child.kill(signal)
        else child.disconnect()
        await gone
      }
    },
  }
}
