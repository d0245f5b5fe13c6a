/** A window's trainings over processes that do what a test says. */
import { Emitter } from '../../../extension/emitter.ts'
import { Trainings } from '../../../extension/training/trainings.ts'
import type { TrainingConnection, TrainingNews, TrainingsOptions } from '../../../extension/training/types.ts'
import { CancelledError } from '../../../model/errors.ts'
import type {
  TrainedModel,
  TrainingEnd,
  TrainingFacts,
  TrainingHostFunctions,
  TrainingRequest,
  TrainingStep,
} from '../../../model/process/index.ts'

export const REQUEST: TrainingRequest = { sources: ['/clips/a.mp4'], start: { kind: 'starter' }, layers: [] }
export const RUN = '/runs/one'

export function facts(folder: string, step = 0): TrainingFacts {
  return { folder, device: 'cpu', step, steps: 100, pairsPerStep: 8, clips: 1, frames: 30, notes: [] }
}

export const step = (number: number): TrainingStep => ({
  step: number,
  loss: 1 / number,
  gradientNorm: 1,
  learningRate: 1e-4,
  pairsPerSecond: 4,
  secondsWaiting: 0,
})

/** One life of a process that does what the test says. */
export class FakeProcess {
  readonly told: TrainingHostFunctions
  readonly asked: string[] = []
  /** What `start` is answered; set before it is called. */
  answer: (folder: string) => Promise<TrainingFacts | { inUse: string }> = async (folder) => facts(folder)
  /** What it does when it is to stop, with the model that it was asked to keep. */
  onStop: (model?: TrainedModel) => void = (model) => this.end({ reason: 'stopped', model })
  closed = false
  /** Answers the estimate that was asked for. */
  measured: () => void = () => {}
  #cancel: () => void = () => {}
  #die: (reason: string) => void = () => {}
  readonly connection: TrainingConnection

  constructor(told: TrainingHostFunctions) {
    this.told = told
    const ended = new Promise<string>((resolve) => {
      this.#die = resolve
    })
    const rpc = {
      $closed: false,
      start: async (request: { folder: string; paused?: boolean }) => {
        this.asked.push(request.paused ? 'start at rest' : 'start')
        return this.answer(request.folder)
      },
      pause: async () => void this.asked.push('pause'),
      resume: async () => void this.asked.push('resume'),
      stop: async () => {
        this.asked.push('stop')
        this.onStop()
      },
      stopAndKeep: async () => {
        this.asked.push('stopAndKeep')
        this.onStop({ file: '/m.safetensors', name: 'SiamMAE ViT-S/16', step: 7 })
      },
      keep: async () => ({ file: '/kept.safetensors', name: 'SiamMAE ViT-S/16', step: 3 }),
      estimate: () => {
        this.asked.push('estimate')
        return new Promise((resolve, reject) => {
          this.measured = () => resolve({ secondsPerStep: 1 })
          this.#cancel = () => reject(new CancelledError())
        })
      },
      cancel: async () => {
        this.asked.push('cancel')
        this.#cancel()
      },
    }
    const close = async () => {
      this.closed = true
    }
    this.connection = {
      pid: 1,
      rpc: rpc as unknown as TrainingConnection['rpc'],
      ended,
      close,
      kill: async () => this.die(),
    }
  }

  end(end: Partial<TrainingEnd>): void {
    this.told.ended({ reason: 'done', message: undefined, step: 7, steps: 100, model: undefined, ...end })
  }

  die(): void {
    this.#die('The training process was ended by SIGKILL.')
  }
}

const open: Trainings[] = []

/** Closes the windows that a test has opened. */
export function closeWindows(): void {
  for (const trainings of open.splice(0)) trainings.dispose()
}

/** A window with these trainings on its list, and everything that a test looks at. */
export function openWindow(changes: Partial<TrainingsOptions> = {}, kept: unknown = undefined) {
  const lives: FakeProcess[] = []
  const busy = { is: false, changed: new Emitter<void>() }
  const store = { kept }
  const next: { answer: FakeProcess['answer'] | undefined } = { answer: undefined }
  const trainings = new Trainings({
    connect: (functions) => {
      const life = new FakeProcess(functions)
      if (next.answer) life.answer = next.answer
      lives.push(life)
      return life.connection
    },
    store: { read: () => store.kept, write: (records) => (store.kept = structuredClone(records)) },
    places: () => ({ cacheFolder: '/cache', ffmpeg: undefined }),
    isBusy: () => busy.is,
    onBusy: (listener) => busy.changed.event(listener),
    isTrusted: () => true,
    log: () => {},
    patience: { pause: 1, tries: 3 },
    ...changes,
  })
  open.push(trainings)
  const news: TrainingNews[] = []
  trainings.onNews((one) => news.push(one))
  return {
    trainings,
    lives,
    store,
    news,
    next,
    kinds: () => news.map(({ kind }) => kind),
    propagate: (is: boolean) => {
      busy.is = is
      busy.changed.fire()
    },
  }
}

export const settled = () => new Promise((resolve) => setTimeout(resolve, 5))

/** A run as an earlier window has left it. */
export function record(changes: Record<string, unknown>) {
  return {
    folder: RUN,
    name: 'one',
    created: 1,
    request: REQUEST,
    step: 12,
    steps: 100,
    wish: 'run',
    ...changes,
  }
}
