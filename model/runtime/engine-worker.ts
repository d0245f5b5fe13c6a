/**
 * Entry point of the engine thread. Session creation and `run` are synchronous native calls that would freeze
 * any thread that answers people; this thread does nothing else.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { createBirpc } from 'birpc'
import type { DType } from '../graph/index.ts'
import {
  createSession,
  describeSession,
  fromOnnxTensor,
  type OnnxSession,
  type OnnxTensor,
  toOnnxTensor,
} from './onnx.ts'
import type { AnyTensor, Device, EngineCalls, HostTensor } from './types.ts'

if (!parentPort) throw new Error('This file is the entry point of a worker thread.')
const port = parentPort
const { device, threads } = workerData as { device: Device; threads: number }

interface Loaded {
  readonly session: OnnxSession
  /** Those that are asked for; a graph of others may have more. */
  readonly outputs: readonly string[]
  readonly resident: ReadonlySet<string>
  /** Output name -> state name. */
  readonly updates: ReadonlyMap<string, string>
}

const sessions = new Map<number, Loaded>()
const residents = new Map<number, OnnxTensor>()
const states = new Map<number, Map<string, OnnxTensor>>()
let next = 1

function keep(tensor: OnnxTensor): number {
  residents.set(next, tensor)
  return next++
}

function residentTensor(id: number): OnnxTensor {
  const tensor = residents.get(id)
  if (!tensor) throw new Error(`The engine has no tensor ${id}; it was released.`)
  return tensor
}

function stateOf(id: number): Map<string, OnnxTensor> {
  const state = states.get(id)
  if (!state) throw new Error(`The engine has no state ${id}; it was dropped.`)
  return state
}

/** The named tensors of a session's inputs: from the feeds, and from the state where they are not among those. */
function inputsOf(
  { session }: Loaded,
  feeds: Record<string, AnyTensor>,
  state: ReadonlyMap<string, OnnxTensor> | undefined,
): Record<string, OnnxTensor> {
  const inputs: Record<string, OnnxTensor> = {}
  for (const [name, tensor] of Object.entries(feeds))
    inputs[name] = 'resident' in tensor ? residentTensor(tensor.resident) : toOnnxTensor(tensor)
  if (state)
    for (const name of session.inputNames) {
      const kept = inputs[name] ? undefined : state.get(name)
      if (kept) inputs[name] = kept
    }
  return inputs
}

const calls: EngineCalls = {
  async load(model, outputs, resident, updates, asWritten) {
    // What replaces a state stays where it was computed, like everything resident.
    const names = new Set([...resident, ...Object.keys(updates)])
    const session = await createSession(model, { device, threads, resident: names, outputs, asWritten })
    sessions.set(next, {
      session,
      outputs: outputs.length > 0 ? outputs : session.outputNames,
      resident: names,
      updates: new Map(Object.entries(updates)),
    })
    return next++
  },
  describe(program) {
    const entry = sessions.get(program)
    if (!entry) throw new Error(`The engine has no program ${program}; it was unloaded.`)
    return describeSession(entry.session)
  },
  async unload(program) {
    const entry = sessions.get(program)
    sessions.delete(program)
    await entry?.session.release()
  },
  async run(program, feeds, stateId) {
    const entry = sessions.get(program)
    if (!entry) throw new Error(`The engine has no program ${program}; it was unloaded.`)
    const state = stateId === undefined ? undefined : stateOf(stateId)
    if (!state && entry.updates.size > 0) throw new Error('The program updates a state and was given none.')
    const inputs = inputsOf(entry, feeds, state)
    const fetches: Record<string, OnnxTensor | null> = {}
    for (const name of entry.outputs) {
      const replaced = state?.get(entry.updates.get(name) ?? '')
      // On a GPU the runtime makes new buffers; in host memory the old one is written over.
      fetches[name] = replaced?.location === 'cpu' && device !== 'webgpu' ? replaced : null
    }
    const results = await entry.session.run(inputs, fetches)
    const answer: Record<string, AnyTensor> = {}
    for (const [name, tensor] of Object.entries(results)) {
      const replaces = entry.updates.get(name)
      if (replaces === undefined)
        answer[name] = entry.resident.has(name) ? { resident: keep(tensor) } : fromOnnxTensor(tensor)
      else if (tensor !== fetches[name]) {
        state!.get(replaces)?.dispose()
        state!.set(replaces, tensor)
      }
    }
    return answer
  },
  createState(tensors) {
    states.set(next, new Map())
    calls.writeState(next, tensors)
    return next++
  },
  writeState(id, tensors) {
    const state = stateOf(id)
    for (const [name, tensor] of Object.entries(tensors)) {
      state.get(name)?.dispose()
      state.set(name, toOnnxTensor(tensor))
    }
  },
  readState(id, names) {
    const state = stateOf(id)
    const read: Record<string, HostTensor> = {}
    for (const name of names) {
      const tensor = state.get(name)
      if (!tensor) throw new Error(`The state has no tensor ${name}.`)
      if (tensor.location === 'cpu') read[name] = fromOnnxTensor(tensor)
    }
    return read
  },
  describeState: (id, names) =>
    names.map((name) => {
      const tensor = stateOf(id).get(name)
      if (!tensor) throw new Error(`The state has no tensor ${name}.`)
      const place = tensor.location === 'cpu' ? 'host' : 'device'
      return { dtype: tensor.type as DType, shape: tensor.dims, place }
    }),
  dropState(id) {
    for (const tensor of states.get(id)?.values() ?? []) tensor.dispose()
    states.delete(id)
  },
  upload: (tensor) => keep(toOnnxTensor(tensor)),
  release(ids) {
    for (const id of ids) {
      residents.get(id)?.dispose()
      residents.delete(id)
    }
  },
  async shutdown() {
    for (const state of [...states.keys()]) calls.dropState(state)
    calls.release([...residents.keys()])
    for (const program of [...sessions.keys()]) await calls.unload(program)
  },
}

/**
 * One call after the other: a run gives way to the event loop before it starts, and what it uses must not be freed
 * by a call that came later.
 */
let tail: Promise<unknown> = Promise.resolve()
function inOrder<A extends unknown[], R>(call: (...args: A) => R): (...args: A) => Promise<Awaited<R>> {
  return (...args) => {
    const result = tail.then(() => call(...args))
    tail = result.catch(() => {})
    return result as Promise<Awaited<R>>
  }
}
const ordered = {
  load: inOrder(calls.load),
  describe: inOrder(calls.describe),
  unload: inOrder(calls.unload),
  run: inOrder(calls.run),
  createState: inOrder(calls.createState),
  writeState: inOrder(calls.writeState),
  readState: inOrder(calls.readState),
  describeState: inOrder(calls.describeState),
  dropState: inOrder(calls.dropState),
  upload: inOrder(calls.upload),
  release: inOrder(calls.release),
  shutdown: inOrder(calls.shutdown),
}

createBirpc<Record<string, never>, typeof ordered>(ordered, {
  post: (message) => port.postMessage(message),
  on: (listener) => port.on('message', listener),
})
