/**
 * Entry point of the engine thread. Session creation and `run` are synchronous native calls that would freeze
 * any thread that answers people; this thread does nothing else.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { createBirpc } from 'birpc'
import { createSession, fromOnnxTensor, type OnnxSession, type OnnxTensor, toOnnxTensor } from './onnx.ts'
import type { AnyTensor, Device, EngineCalls } from './types.ts'

if (!parentPort) throw new Error('This file is the entry point of a worker thread.')
const port = parentPort
const { device, threads } = workerData as { device: Device; threads: number }

const sessions = new Map<number, { session: OnnxSession; resident: ReadonlySet<string> }>()
const residents = new Map<number, OnnxTensor>()
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

const calls: EngineCalls = {
  async load(model, outputs, resident) {
    const names = new Set(resident)
    const session = await createSession(model, { device, threads, resident: names, outputs })
    sessions.set(next, { session, resident: names })
    return next++
  },
  async unload(program) {
    const entry = sessions.get(program)
    sessions.delete(program)
    await entry?.session.release()
  },
  async run(program, feeds) {
    const entry = sessions.get(program)
    if (!entry) throw new Error(`The engine has no program ${program}; it was unloaded.`)
    const inputs: Record<string, OnnxTensor> = {}
    for (const [name, tensor] of Object.entries(feeds))
      inputs[name] = 'resident' in tensor ? residentTensor(tensor.resident) : toOnnxTensor(tensor)
    const results = await entry.session.run(inputs)
    const answer: Record<string, AnyTensor> = {}
    for (const [name, tensor] of Object.entries(results))
      answer[name] = entry.resident.has(name) ? { resident: keep(tensor) } : fromOnnxTensor(tensor)
    return answer
  },
  upload: (tensor) => keep(toOnnxTensor(tensor)),
  release(ids) {
    for (const id of ids) {
      residents.get(id)?.dispose()
      residents.delete(id)
    }
  },
  async shutdown() {
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
  unload: inOrder(calls.unload),
  run: inOrder(calls.run),
  upload: inOrder(calls.upload),
  release: inOrder(calls.release),
  shutdown: inOrder(calls.shutdown),
}

createBirpc<Record<string, never>, typeof ordered>(ordered, {
  post: (message) => port.postMessage(message),
  on: (listener) => port.on('message', listener),
})
