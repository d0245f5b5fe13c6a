/** The lives of the process of a run, one after the other: what is told meanwhile, and how each of them ends. */
import { setTimeout as wait } from 'node:timers/promises'
import type { TrainingFacts, TrainingHostFunctions, TrainingRequest } from '../../model/process/index.ts'
import type { Disposable } from '../emitter.ts'
import { ProcessLostError, Restarts } from '../model-client/index.ts'
import { silent } from './ask.ts'
import type { LifeEnd, Live } from './live.ts'
import type { TrainingsOptions } from './types.ts'

/** Hears of a run whose process lives. */
export interface LivesListener
  extends Pick<TrainingHostFunctions, 'preparing' | 'metrics' | 'preview' | 'note'> {
  /** Asked at the start of every life. */
  readonly start: () => { readonly request: TrainingRequest; readonly isAtRest: boolean }
  readonly began: (facts: TrainingFacts) => void
  /** The process was lost and is started again in a moment. */
  readonly lost: () => void
}

/** A folder that another window has is tried again this often, after this pause in milliseconds. */
export interface Patience {
  readonly pause: number
  readonly tries: number
}

export class Lives implements Disposable {
  readonly #options: Pick<TrainingsOptions, 'connect' | 'places' | 'log'>
  readonly #restarts = new Restarts()
  #disposed = false

  constructor(options: Pick<TrainingsOptions, 'connect' | 'places' | 'log'>) {
    this.#options = options
  }

  /**
   * Starts the process of a run, again and again where that helps.
   * @returns how its last life ended; undefined when the window closes
   */
  async follow(
    live: Live,
    listener: LivesListener,
    { tries, pause }: Patience,
  ): Promise<LifeEnd | undefined> {
    let left = tries
    for (;;) {
      const life = await this.#oneLife(live, listener)
      if (this.#disposed) return undefined
      if (isStopping(live)) return life
      if (life.kind === 'inUse' && left > 0) {
        left--
        await wait(pause)
        if (this.#disposed) return undefined
        if (isStopping(live)) return life
        continue
      }
      if (life.kind !== 'lost') return life
      this.#options.log('error', life.reason)
      const restart = this.#restarts.ended()
      if (restart === undefined) return life
      live.state = 'restarting'
      live.facts = undefined
      live.pace = []
      listener.lost()
      await restart.due
      if (this.#disposed) return undefined
      if (isStopping(live)) return life
    }
  }

  /** A person asks for another try. */
  forgive(): void {
    this.#restarts.forgive()
  }

  /** A person does not want what is about to be started again. */
  hurry(): void {
    this.#restarts.hurry()
  }

  dispose(): void {
    this.#disposed = true
    this.#restarts.dispose()
  }

  #oneLife(live: Live, { start, began, preparing, metrics, preview, note }: LivesListener): Promise<LifeEnd> {
    const { connect, places, log } = this.#options
    return new Promise<LifeEnd>((resolve) => {
      const connection = connect({
        ...silent(log),
        preparing,
        metrics,
        preview,
        note,
        ended: (end) => resolve({ kind: 'ended', end }),
      })
      live.connection = connection
      log('info', `The training process has started (process ${connection.pid}).`)
      void connection.ended.then((reason) => resolve({ kind: 'lost', reason }))
      const { request, isAtRest } = start()
      connection.rpc
        .start({ folder: live.folder, request, ...(isAtRest && { paused: true }) }, places())
        .then(
          (answer) => {
            if ('inUse' in answer) resolve({ kind: 'inUse', message: answer.inUse })
            else began(answer)
          },
          // A process that is lost is told by its end.
          (error: unknown) => {
            if (!(error instanceof ProcessLostError || connection.rpc.$closed))
              resolve({ kind: 'refused', error })
          },
        )
    }).finally(async () => {
      const { connection } = live
      live.connection = undefined
      // Its lock and its memory are gone with it.
      await connection?.close()
    })
  }
}

function isStopping({ state }: Live): boolean {
  return state === 'stopping'
}
