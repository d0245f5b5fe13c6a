import { Worker } from 'node:worker_threads'
import { type BirpcReturn, createBirpc } from 'birpc'
import { type Dialect, Graph, toOnnx } from '../graph/index.ts'
import { entryPoint } from './entry-point.ts'
import { explainEngineError } from './explain.ts'
import {
  type AnyTensor,
  type Device,
  type EngineCalls,
  type HostTensor,
  type LoadOptions,
  onHost,
  type PortType,
  type Program,
  type ResidentTensor,
  type State,
  type StateTensor,
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
      const { resident = [], updates = {}, asWritten = false } = options
      const outputs = [...graph.outputs.keys()]
      return { program: await this.#calls.load(model, outputs, resident, updates, asWritten) }
    } catch (error) {
      throw explainEngineError(error, this.device)
    }
  }

  /**
   * Compiles an ONNX file of others.
   * @param options.outputs those that are wanted; all when left out
   * @throws as {@link load} does
   */
  async loadFile(
    file: Uint8Array,
    options: { readonly outputs?: readonly string[]; readonly resident?: readonly string[] } = {},
  ): Promise<Program> {
    const { outputs = [], resident = [] } = options
    try {
      return { program: await this.#calls.load(file, outputs, resident, {}, false) }
    } catch (error) {
      throw explainEngineError(error, this.device)
    }
  }

  /** Names, types and shapes of a program's inputs and outputs. */
  describe(program: Program): Promise<{ inputs: PortType[]; outputs: PortType[] }> {
    return this.#calls.describe(program.program)
  }

  /** Forgets a compiled graph and its weights. */
  unload(program: Program): Promise<void> {
    return this.#calls.unload(program.program)
  }

  /**
   * Runs a program on named inputs; resident outputs come as handles. Inputs that are not given come from the state,
   * and the program's updates go back into it. @throws as {@link load} does
   */
  run(program: Program, feeds: Record<string, AnyTensor>, state?: State): Promise<Record<string, AnyTensor>> {
    return this.#calls.run(program.program, feeds, state?.state).catch((error) => {
      throw explainEngineError(error, this.device)
    })
  }

  /** Hands named tensors to the engine to keep from run to run; give them back with {@link dropState}. */
  async createState(tensors: Readonly<Record<string, HostTensor>>): Promise<State> {
    return { state: await this.#calls.createState(tensors) }
  }

  /** Adds tensors to a state, or replaces some of it. */
  writeState(state: State, tensors: Readonly<Record<string, HostTensor>>): Promise<void> {
    return this.#calls.writeState(state.state, tensors)
  }

  /** Copies of some of a state's tensors, in the order of `names`. @throws Error when it has no such tensor */
  async readState(state: State, names: readonly string[]): Promise<Record<string, HostTensor>> {
    const read = await this.#calls.readState(state.state, names)
    const elsewhere = names.filter((name) => !read[name])
    return elsewhere.length === 0 ? read : { ...read, ...(await this.#download(state, elsewhere)) }
  }

  /** Type, shape and place of some of a state's tensors. @throws Error when it has no such tensor */
  describeState(state: State, names: readonly string[]): Promise<StateTensor[]> {
    return this.#calls.describeState(state.state, names)
  }

  dropState(state: State): Promise<void> {
    return this.#calls.dropState(state.state)
  }

  /** Tensors of a GPU come to the host as the results of a graph that passes them through. */
  async #download(state: State, names: readonly string[]): Promise<Record<string, HostTensor>> {
    const types = await this.describeState(state, names)
    const graph = new Graph()
    names.forEach((name, i) => {
      graph.output(`copy of ${name}`, graph.input(name, types[i]!.dtype, types[i]!.shape))
    })
    const program = await this.load(graph)
    try {
      const copies = await this.run(program, {}, state)
      return Object.fromEntries(names.map((name) => [name, onHost(copies[`copy of ${name}`])]))
    } finally {
      await this.unload(program)
    }
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
