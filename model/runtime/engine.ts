import { Worker } from 'node:worker_threads'
import { type BirpcReturn, createBirpc } from 'birpc'
import { type Dialect, type Graph, toOnnx } from '../graph/index.ts'
import { entryPoint } from './entry-point.ts'
import { explainEngineError } from './explain.ts'
import type {
  AnyTensor,
  Device,
  EngineCalls,
  HostTensor,
  LoadOptions,
  Program,
  ResidentTensor,
} from './types.ts'

/**
 * A device with a thread of its own. Calls return at once and are served in order, so work can be queued ahead
 * while the caller does something else.
 *
 * Tensors named `resident` at {@link load} stay with the engine; give them back with {@link release}.
 */
export class Engine {
  readonly device: Device
  readonly #worker: Worker
  readonly #calls: BirpcReturn<EngineCalls>
  #closed = false

  private constructor(device: Device, worker: Worker) {
    this.device = device
    this.#worker = worker
    this.#calls = createBirpc<EngineCalls>(
      {},
      {
        post: (message) => worker.postMessage(message),
        on: (listener) => worker.on('message', listener),
        // A large model on a slow machine may take minutes; a dead thread is noticed by its exit instead.
        timeout: -1,
      },
    )
    const fail = (reason: string): void => {
      this.#calls.$close(explainEngineError(new Error(reason), device) as Error)
    }
    worker.on('error', (error) => fail(`The engine thread failed: ${error.message}`))
    worker.on('exit', (code) => {
      if (!this.#closed) fail(`The engine thread ended unexpectedly (code ${code}).`)
    })
  }

  /**
   * Starts the engine thread. The device must have passed its probe (devices.ts): a bad driver takes the whole
   * process with it.
   * @param options.threads threads per operator on the CPU, 0 for one per physical core
   */
  static async start(device: Device, options: { threads?: number } = {}): Promise<Engine> {
    const worker = new Worker(entryPoint('engine'), { workerData: { device, threads: options.threads ?? 0 } })
    await new Promise<void>((resolve, reject) => {
      worker.once('online', resolve)
      worker.once('error', reject)
    })
    return new Engine(device, worker)
  }

  /** How graphs must be written for this device. */
  get dialect(): Dialect {
    return this.device === 'cpu' ? 'cpu' : 'portable'
  }

  /**
   * Compiles a graph.
   * @throws UserError when memory runs out or a GPU fails; Error with the runtime's words when the device cannot run it
   */
  async load(graph: Graph, options: LoadOptions = {}): Promise<Program> {
    try {
      const model = toOnnx(graph, this.dialect)
      return { program: await this.#calls.load(model, [...graph.outputs.keys()], options.resident ?? []) }
    } catch (error) {
      throw explainEngineError(error, this.device)
    }
  }

  /** Forgets a compiled graph and its weights. */
  unload(program: Program): Promise<void> {
    return this.#calls.unload(program.program)
  }

  /** Runs a program on named inputs; resident outputs come as handles. @throws as {@link load} does */
  run(program: Program, feeds: Record<string, AnyTensor>): Promise<Record<string, AnyTensor>> {
    return this.#calls.run(program.program, feeds).catch((error) => {
      throw explainEngineError(error, this.device)
    })
  }

  /** Hands numbers to the engine to keep. */
  async upload(tensor: HostTensor): Promise<ResidentTensor> {
    return { resident: await this.#calls.upload(tensor) }
  }

  /** Gives tensors back; they cannot be used again. */
  async release(...tensors: readonly ResidentTensor[]): Promise<void> {
    if (!this.#closed && tensors.length > 0)
      await this.#calls.release(tensors.map(({ resident }) => resident))
  }

  /**
   * Ends the thread and frees all it holds, once the calls already made are served: a thread that is ended in the
   * middle of a native call takes the whole process with it.
   */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#calls.shutdown().catch(() => {})
    this.#calls.$close(new Error('The engine was closed.'))
    await this.#worker.terminate()
  }
}
