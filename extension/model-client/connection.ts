import { type ChildProcess, fork } from 'node:child_process'
import { createInterface } from 'node:readline'
import { type BirpcReturn, createBirpc } from 'birpc'
import type { HostFunctions, ModelProcessFunctions } from '../../model/process/index.ts'

/** The process ended while it was asked something. What was asked may be asked again. */
export class ProcessLostError extends Error {
  override readonly name = 'ProcessLostError'
}

/** The process is gone with its window. What was asked must not be asked again: nobody will ever answer. */
export class WindowClosing extends Error {
  override readonly name = 'WindowClosing'

  constructor() {
    super('The window is closing.')
  }
}

/** One life of a process, the model process unless said otherwise. */
export interface Connection<
  Functions extends object = ModelProcessFunctions,
  Told extends object = HostFunctions,
> {
  readonly pid: number
  readonly rpc: BirpcReturn<Functions, Told>
  /** Resolves with a sentence about how the process ended; never rejects. */
  readonly ended: Promise<string>
  /** Ends the process: it is asked to go, and made to go when it does not. Resolves when it is gone. */
  close(): Promise<void>
  /** Ends the process without asking it: one that hangs does not hear. Resolves when it is gone. */
  kill(): Promise<void>
}

export interface ConnectionOptions {
  /** The bundle `model-process.js`. */
  readonly module: string
  /** Given every line of the process's standard error and output. */
  readonly onLine: (line: string) => void
  /** How sentences about its end call it; `The model process` when left out. */
  readonly name?: string
  /** How long a process that was asked to go may take before it is killed, in milliseconds; {@link GRACE} when left out. */
  readonly grace?: number
}

const GRACE = 1500

/** Starts the process. What is asked before it listens waits in the channel. */
export function connect<
  Functions extends object = ModelProcessFunctions,
  Told extends object = HostFunctions,
>(
  { module, onLine, name = 'The model process', grace = GRACE }: ConnectionOptions,
  functions: Told,
): Connection<Functions, Told> {
  const child = fork(module, [], {
    execPath: process.execPath,
    // Without a debugger's or a loader's flags, which belong to the extension host.
    execArgv: [],
    env: environment(),
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  for (const stream of [child.stdout, child.stderr])
    if (stream !== null) createInterface({ input: stream }).on('line', onLine)

  const rpc = createBirpc<Functions, Told>(functions, {
    post: (message) => post(child, message, name),
    on: (listener) => child.on('message', listener),
    off: (listener) => child.off('message', listener),
    // Opening a long clip and writing a dataset take as long as they take.
    timeout: -1,
    eventNames: [],
    // Anything thrown by a listener is ours to log, not the process's to hear.
    onFunctionError: (error, called) => {
      onLine(`${called}: ${error.stack ?? error.message}`)
    },
  })
  // A process that has lost its channel is of no use to anybody, whatever it is still doing.
  let timer: NodeJS.Timeout | undefined
  child.once('disconnect', () => {
    timer = setTimeout(() => child.kill('SIGKILL'), grace)
  })
  const ended = endOf(child, name).then((how) => {
    clearTimeout(timer)
    rpc.$close(new ProcessLostError(how))
    return how
  })
  return {
    pid: child.pid ?? -1,
    rpc,
    ended,
    close: async () => {
      if (child.connected) child.disconnect()
      await ended
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Electron's program is Node only when it is told so. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...rest } = process.env
  return { ...rest, ELECTRON_RUN_AS_NODE: '1' }
}

function post(child: ChildProcess, message: unknown, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!child.connected) {
      reject(new ProcessLostError(`${name} has ended.`))
      return
    }
    child.send(message as object, (error) => {
      if (error === null) resolve()
      else reject(new ProcessLostError(`${name} cannot be reached: ${error.message}.`))
    })
  })
}

function endOf(child: ChildProcess, name: string): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      if (child.exitCode === null && child.pid === undefined)
        resolve(`${name} could not be started: ${error.message}.`)
    })
    child.once('exit', (code, signal) => {
      resolve(signal === null ? `${name} ended with code ${code}.` : `${name} was ended by ${signal}.`)
    })
  })
}
