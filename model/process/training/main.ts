/** Entry point of the training process: forked by the extension host for one estimate, run or evaluation. */
import { setPriority } from 'node:os'
import { CancelledError, UserError } from '../../errors.ts'
import { evaluateWorkspace } from '../../evaluation/index.ts'
import { readModel } from '../../installation/index.ts'
import { endProbes } from '../../runtime/index.ts'
import { serve } from '../host.ts'
import { answering, problemText } from '../sentence.ts'
import { startEngine, type TrainingHost } from './equipment.ts'
import { estimate } from './estimate.ts'
import { keepLast } from './keep.ts'
import { TrainingRun } from './run.ts'
import type {
  Evaluation,
  EvaluationRequest,
  TrainingHostFunctions,
  TrainingPlaces,
  TrainingProcessFunctions,
} from './surface.ts'

if (!process.send) throw new Error('The training process is started by the extension, not by hand.')

/** A batch of a large network, and the checkpoint after it, once the window is gone. */
const LAST_MOMENTS_MS = 120_000
/** Below what a person waits for: decoding and propagation in the model process. Threads made from here on inherit it. */
const NICENESS = 10

try {
  setPriority(NICENESS)
} catch {
  // Some systems forbid even that; training then takes its share as any program does.
}

const answer = answering((text) => host.tell.log({ level: 'error', text }))
let busy: { readonly cancel: () => void } | undefined
let run: TrainingRun | undefined

const host: TrainingHost = serve<TrainingHostFunctions, TrainingProcessFunctions>({
  estimate: answer('The estimate', (request, places) =>
    alone((signal) => estimate(request, places, host, signal)),
  ),
  start: answer('Starting the training', async (request, places) => {
    if (run || busy) throw new UserError('The training process is at work already; stop that first.')
    run = new TrainingRun(host, request, places)
    try {
      const facts = await run.start()
      if ('inUse' in facts) run = undefined
      return facts
    } catch (error) {
      run = undefined
      throw error
    }
  }),
  pause: answer('Pausing the training', async () => run?.pause()),
  resume: answer('Going on with the training', async () => run?.resume()),
  stop: answer('Stopping the training', async () => run?.stop(false)),
  stopAndKeep: answer('Stopping the training', async () => run?.stop(true)),
  keep: answer('Making a model of the run', (folder) => alone(() => keepLast(folder))),
  evaluate: answer('The evaluation', (request, places) =>
    alone((signal) => evaluate(request, places, signal)),
  ),
  cancel: answer('Cancelling', async () => {
    busy?.cancel()
    await run?.stop(false)
  }),
})

/** One thing at a time, which {@link TrainingProcessFunctions.cancel} gives up. */
async function alone<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  if (run || busy) throw new UserError('The training process is at work already; wait for its end first.')
  const controller = new AbortController()
  busy = { cancel: () => controller.abort() }
  try {
    return await work(controller.signal)
  } finally {
    busy = undefined
  }
}

async function evaluate(
  request: EvaluationRequest,
  places: TrainingPlaces,
  signal: AbortSignal,
): Promise<Evaluation> {
  const { folders, models, device, preset, size } = request
  const { engine, choice } = await startEngine(device, 0, host, signal)
  try {
    const evaluation = await evaluateWorkspace({
      folders,
      models: models.map(({ name, file }) => ({ name, load: () => readModel(file) })),
      engine,
      preset,
      size,
      cacheFolder: places.cacheFolder,
      ...(places.ffmpeg !== undefined && { ffmpeg: places.ffmpeg }),
      signal,
      onProgress: (progress) => host.tell.evaluating(progress),
    })
    return { ...evaluation, device: choice.device }
  } finally {
    await engine.close()
  }
}

let leaving = false
async function leave(): Promise<void> {
  if (leaving) return
  leaving = true
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), LAST_MOMENTS_MS)
  endProbes()
  busy?.cancel()
  await run?.stop(false).catch(() => {})
  // An orderly exit in the middle of a native call would wait for it, or abort.
  process.kill(process.pid, 'SIGKILL')
}

process.on('disconnect', () => void leave())
process.on('SIGTERM', () => void leave())
// A terminal's Ctrl-C reaches the whole group; the extension host decides.
process.on('SIGINT', () => {})
process.on('unhandledRejection', (error) => {
  if (!(error instanceof CancelledError))
    host.tell.log({ level: 'error', text: problemText('A part of the work was lost', error) })
})
