/** Propagations, one at a time. */
import { join, resolve } from 'node:path'
import { throwIfCancelled, UsageError, UserError } from '../errors.ts'
import { toolVersion } from '../installation/index.ts'
import { labelMaps, maskMarks, poseMarks, runRecord } from '../marks/index.ts'
import { type MaskMark, type PoseMark, type PropagationJob, propagate } from '../propagation/index.ts'
import type { FrameTable, VideoSource } from '../video/index.ts'
import { ActiveRun } from './active-run.ts'
import type { Clips } from './clips.ts'
import { fitOf } from './fit.ts'
import type { Host } from './host.ts'
import { EarlierEntries, RunEntries } from './run-entries.ts'
import { sentenceOf } from './sentence.ts'
import type { Mark, ModelChoice, ModelReady, RunFacts, RunRequest, RunSettings } from './surface.ts'
import { Trail } from './trail.ts'
import type { Fit, Tools, Warm, WarmModel } from './warm-model.ts'

interface Current {
  readonly id: number
  readonly clip: string
  readonly active: ActiveRun
  /** Resolves once the run has ended and all has been told. */
  ended: Promise<void>
}

export class Runs {
  readonly #host: Host
  readonly #clips: Clips
  readonly #warm: WarmModel
  readonly #onStart: () => void
  #current: Current | undefined

  /** @param onStart what else uses the model makes room now */
  constructor(host: Host, clips: Clips, warm: WarmModel, onStart: () => void = () => {}) {
    this.#host = host
    this.#clips = clips
    this.#warm = warm
    this.#onStart = onStart
  }

  /** Whether a run is going on, paused ones included: the model is its own until it has ended. */
  get isBusy(): boolean {
    return this.#current !== undefined
  }

  /** @throws UserError when the device or the model does not work */
  async prepare(
    choice: ModelChoice,
    first?: { clip: string; settings: RunSettings; frame?: number },
  ): Promise<ModelReady> {
    const warm = await this.#prepare(choice, first)
    const { name, file, trained } = warm.model
    return { device: warm.engine.device, model: { name, file, trained }, notes: warm.notes }
  }

  async #prepare(
    choice: ModelChoice,
    first: { clip: string; settings: RunSettings; frame?: number } | undefined,
  ): Promise<Warm> {
    const source = first && (await this.#clips.source(first.clip))
    // A run that goes on has its own network, which must not be taken from it.
    if (!first || !source || this.#current) return this.#warm.prepare(choice)
    const { frame = 0, settings } = first
    const within = Math.min(Math.max(0, frame), source.table.frames.length - 1)
    const { warm, seconds } = await this.#warm.prepareFor(choice, fitOf(source, settings), within)
    if (seconds !== undefined)
      this.#say(`The network is ready; frame ${within} went through it in ${seconds.toFixed(2)} s.`)
    return warm
  }

  /** @throws UserError when something about the request, the model or the device is wrong; CancelledError */
  async start(request: RunRequest): Promise<RunFacts> {
    if (this.#current)
      throw new UserError(`Run ${this.#current.id} is still going; wait for it or cancel it first.`)
    const active = new ActiveRun()
    let settled = (): void => {}
    const setUp = new Promise<void>((done) => {
      settled = done
    })
    const current: Current = { id: request.run, clip: resolve(request.clip), active, ended: setUp }
    this.#current = current
    this.#onStart()
    try {
      const source = await this.#clips.source(request.clip)
      const marks = marksOf(request, source.table)
      const fit = fitOf(source, request.settings)
      const warm = await this.#warm.prepare(request.model)
      throwIfCancelled(active.signal)
      const tools = await this.#warm.fit(warm, fit)
      throwIfCancelled(active.signal)
      const trail = this.#trailOf(request, warm, fit, tools, source)
      const job = this.#jobOf(request, { source, fit, warm, tools, active, trail, ...marks })
      if (job.total === 0 && !request.earlier?.length)
        throw new UserError(
          `Nothing leads ${request.direction === 'both' ? '' : `${request.direction} `}into the frames ${request.range[0]} to ${request.range[1]}; mark the object on a frame from which it can be carried there.`,
        )
      current.ended = this.#follow(current, request, job, marks, trail)
      const record = runRecord({
        id: request.run,
        model: warm.model,
        device: warm.engine.device,
        preset: request.settings.preset,
        settings: fit.settings,
        size: tools.size,
        direction: request.direction,
        range: request.range,
        tool: toolVersion(),
      })
      this.#say(
        `Run ${request.run}: ${job.total} results to come, ${record.model.name} ${record.model.file} on ${record.device} at ${tools.size.width}x${tools.size.height}.`,
      )
      return { record, notes: warm.notes, small: job.small, total: job.total }
    } catch (error) {
      active.end()
      this.#current = undefined
      throw error
    } finally {
      settled()
    }
  }

  async pause(run: number): Promise<void> {
    await this.#find(run)?.active.pause()
  }

  resume(run: number): void {
    this.#find(run)?.active.resume()
  }

  /** Resolves when it has ended. */
  async cancel(run: number): Promise<void> {
    const current = this.#find(run)
    if (!current) return
    current.active.cancel()
    await current.ended
    // A run that was being set up may have got under way meanwhile.
    await current.ended
  }

  /** Before a clip is closed. */
  async cancelOf(clip: string): Promise<void> {
    if (this.#current?.clip === resolve(clip)) await this.cancel(this.#current.id)
  }

  async cancelAll(): Promise<void> {
    if (this.#current) await this.cancel(this.#current.id)
  }

  #find(run: number): Current | undefined {
    return this.#current?.id === run ? this.#current : undefined
  }

  #jobOf(
    request: RunRequest,
    { source, fit, warm, tools, active, trail, masks, poses }: Prepared,
  ): ReturnType<typeof propagate> {
    const { engine } = warm
    const { extractor, features, affinity } = tools
    return propagate({
      video: source,
      engine,
      extractor,
      features,
      affinity,
      settings: fit.settings,
      masks,
      poses,
      ...(request.bystanders?.length && { bystanders: bystandersOf(request.bystanders, source.table) }),
      direction: request.direction,
      range: request.range,
      beyond: 'context',
      signal: active.signal,
      gate: () => active.walked(),
      onWalked: (step) => trail.add(step),
      ...(request.earlier?.length && { earlier: new EarlierEntries(request.earlier, source.table, trail) }),
    })
  }

  #trailOf(request: RunRequest, { model }: Warm, fit: Fit, { size }: Tools, { table }: VideoSource): Trail {
    const { run, clip, objects, marks, direction, range } = request
    const ids = objects.map(({ id }) => id)
    const { hash } = model
    const identity = [run, table.contentHash, hash, size, fit.settings, ids, marks, direction, range]
    return new Trail(join(this.#clips.cacheFolder(clip), 'runs'), identity, !!request.earlier?.length)
  }

  async #follow(
    current: Current,
    { run, earlier = [] }: RunRequest,
    job: ReturnType<typeof propagate>,
    { masks, poses }: Marks,
    trail: Trail,
  ): Promise<void> {
    const masked = new Set(masks.flatMap(({ objects }) => objects))
    const twofold = poses.map(({ object }) => object).filter((object) => masked.has(object))
    const entries = new RunEntries(run, twofold, earlier)
    // The host hears that the run is set up before it hears of results.
    await new Promise(setImmediate)
    const start = performance.now()
    let count = 0
    const end = await current.active.follow(job, entries, (results, progress) => {
      count = progress.done
      this.#host.tell.results({ run, results, progress })
    })
    trail.remove()
    const seconds = (performance.now() - start) / 1000
    this.#say(`Run ${run}: ${end.reason} after ${count} of ${job.total} results in ${seconds.toFixed(1)} s.`)
    let message: string | undefined
    if (end.reason === 'failed') {
      message = sentenceOf(end.error, 'The propagation')
      const details = end.error instanceof Error ? (end.error.stack ?? end.error.message) : String(end.error)
      this.#host.tell.log({ level: 'error', text: `Run ${run}: ${details}` })
      // An engine that has failed once is not relied on again.
      await this.#warm.discard().catch(() => {})
    }
    this.#current = undefined
    this.#host.tell.runEnded({ run, reason: end.reason, message })
  }

  #say(text: string): void {
    this.#host.tell.log({ level: 'info', text })
  }
}

interface Marks {
  readonly masks: readonly MaskMark[]
  readonly poses: readonly PoseMark[]
}

interface Prepared extends Marks {
  readonly source: VideoSource
  readonly fit: Fit
  readonly warm: Warm
  readonly tools: Tools
  readonly active: ActiveRun
  readonly trail: Trail
}

/** What the run starts from. @throws UserError when the request does not fit the clip */
function marksOf({ objects, marks: all, range }: RunRequest, table: FrameTable): Marks {
  const [first, last] = range
  const count = table.frames.length
  if (!(Number.isInteger(first) && Number.isInteger(last) && first >= 0 && first <= last && last < count))
    throw new UsageError(
      `The frames ${first} to ${last} are no range of this clip; its frames are 0 to ${count - 1}.`,
    )
  const carried = new Set(objects.map(({ id }) => id))
  const marks = all.filter(({ objectId, frame }) => carried.has(objectId) && frame >= 0 && frame < count)
  const masks = maskMarks(marks, table)
  const poses = poseMarks(marks)
  if (masks.length === 0 && poses.length === 0)
    throw new UserError('Nothing is marked; draw the object, or place its keypoints, on a frame first.')
  return { masks, poses }
}

/** The masks of a frame, decoded when they are asked for. */
function bystandersOf(marks: readonly Mark[], size: FrameTable): NonNullable<PropagationJob['bystanders']> {
  const byFrame = new Map<number, Mark[]>()
  for (const mark of marks) byFrame.set(mark.frame, [...(byFrame.get(mark.frame) ?? []), mark])
  return (frame) =>
    labelMaps(
      (byFrame.get(frame) ?? []).map(({ objectId, entry }) => [
        objectId,
        entry.state === 'keyframe' ? entry.mask : undefined,
      ]),
      size,
    ).map(({ map }) => map)
}
