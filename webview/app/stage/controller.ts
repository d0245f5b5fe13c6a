import { effect, signal, untracked } from '@preact/signals'
import { insetFrame, insetPicture, isInspecting, stageLook } from '../inspect/index.ts'
import { likelyJumps } from '../jumps.ts'
import { onPictures, wantPictures } from '../messages.ts'
import type { StageCommand, StagePort } from '../stage-port.ts'
import { attachStage } from '../stage-port.ts'
import * as state from '../state.ts'
import { type CanvasTool, fillHoles, makeTools, type PointerSample, withoutOthers } from '../tools/index.ts'
import { Fills } from './fills.ts'
import { clearHint, missingKeypoints } from './hints.ts'
import { type CanvasPointer, type InputTarget, listen } from './input.ts'
import { KeyPointer } from './key-pointer.ts'
import { type LayerName, Layers } from './layers.ts'
import { Painter } from './painter.ts'
import { Pictures } from './pictures.ts'
import { followPlaying } from './playback.ts'
import { shownMarks } from './shown.ts'
import { StageToolHost } from './tool-host.ts'
import { toVideo } from './view.ts'
import { Viewport } from './viewport.ts'

/** Bytes of decoded pictures that are kept. */
const PICTURE_MEMORY = 300 * 2 ** 20
/** Milliseconds on one frame after which the frames that a jump may lead to are fetched. */
const REST = 250
/** Milliseconds without an answer after which a picture is asked for again. */
const OVERDUE = 3000

/** The frame that should be on screen but is not, and why. */
export const awaited = signal<
  { readonly frame: number; readonly since: number; readonly failure: string | undefined } | undefined
>(undefined)

export interface StageElements {
  readonly root: HTMLElement
  readonly canvases: Record<LayerName, HTMLCanvasElement>
}

/** Brings picture, marks, tools and pointer together. Lives as long as the stage is mounted. */
export class StageController implements StagePort, InputTarget {
  readonly #root: HTMLElement
  readonly #layers: Layers
  readonly #viewport: Viewport
  readonly #painter: Painter
  readonly #fills = new Fills()
  readonly #pictures: Pictures<ImageBitmap>
  readonly #host: StageToolHost
  readonly #tools: ReturnType<typeof makeTools>
  readonly #stops: (() => void)[] = []
  #tool: CanvasTool | undefined
  #hand: 'open' | 'closed' | undefined
  readonly #keyPointer: KeyPointer

  constructor({ root, canvases }: StageElements) {
    this.#root = root
    this.#layers = new Layers(canvases, (stale) => this.#painter.render(stale))
    this.#viewport = new Viewport(root, this.#layers, () => this.#updateCursor())
    this.#host = new StageToolHost(this.#layers, this.#fills, this.#viewport)
    this.#tools = makeTools(this.#host)
    this.#keyPointer = new KeyPointer(() => this.#tool, this.#viewport)
    this.#pictures = new Pictures<ImageBitmap>({
      decode: (bytes, mime) =>
        createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: mime })),
      want: wantPictures,
      changed: () => {
        this.#show()
        this.#showInset()
      },
      limit: PICTURE_MEMORY,
    })
    this.#painter = new Painter({
      root,
      layers: this.#layers,
      fills: this.#fills,
      pictures: this.#pictures,
      host: this.#host,
      held: () => ({ tool: this.#tool, keyPointer: this.#keyPointer.place }),
    })
    this.#stops.push(
      onPictures({
        arrived: (frame, bytes, mime) => void this.#pictures.arrived(frame, bytes, mime),
        failed: (frame, message) => this.#pictures.failed(frame, message),
      }),
    )
    this.#follow()
    this.#stops.push(attachStage(this), listen(root, this), this.#viewport.followSize())
  }

  stop(): void {
    this.#tool?.leave()
    for (const stop of this.#stops) stop()
    this.#layers.stop()
    this.#host.newObject.forget()
    state.shownFrame.value = undefined
    insetPicture.value = undefined
    this.#pictures.close()
    clearHint()
    missingKeypoints.value = []
  }

  // What the rest of the view asks for.

  hasPicture(frame: number): boolean {
    return this.#pictures.has(frame)
  }

  perform(command: StageCommand): void {
    switch (command.name) {
      case 'fit':
        this.#viewport.fit()
        break
      case 'actualSize':
        this.#viewport.actualSize()
        break
      case 'zoomIn':
        this.#viewport.step(1)
        break
      case 'zoomOut':
        this.#viewport.step(-1)
        break
      case 'fillHoles':
        fillHoles(this.#host)
        break
      case 'noNewObject':
        this.#host.newObject.refused(command.request)
        break
      default:
        if (!this.#tool?.perform(command) && command.name === 'giveUp') this.#host.newObject.forget()
        this.#updateCursor()
    }
  }

  // What pointers, wheels and keys do.

  get density(): number {
    return this.#layers.density
  }

  get frame(): number {
    return state.frame.peek()
  }

  get pans(): boolean {
    return state.tool.peek() === 'pan'
  }

  get usesAlt(): boolean {
    return ['brush', 'eraser', 'polygon'].includes(state.tool.peek())
  }

  stay(): void {
    state.playing.value = false
  }

  down(pointer: CanvasPointer): boolean {
    this.#keyPointer.putAway()
    const taken = this.#tool?.down(this.#sample(pointer)) ?? false
    this.#updateCursor()
    return taken
  }

  drag(pointers: readonly CanvasPointer[]): void {
    this.#tool?.drag(pointers.map((pointer) => this.#sample(pointer)))
  }

  up(): void {
    this.#tool?.up()
    this.#updateCursor()
  }

  cancel(): void {
    this.#tool?.cancel()
    this.#updateCursor()
  }

  hover(pointer: CanvasPointer | undefined): void {
    this.#keyPointer.putAway()
    this.#tool?.hover(pointer && this.#sample(pointer))
    this.#updateCursor()
  }

  pan(dx: number, dy: number): void {
    this.#viewport.pan(dx, dy)
  }

  zoom(factor: number, x: number, y: number): void {
    this.#viewport.zoom(factor, x, y)
  }

  showHand(hand: 'open' | 'closed' | undefined): void {
    this.#hand = hand
    this.#updateCursor()
  }

  moveKeyPointer(dx: number, dy: number): void {
    this.#keyPointer.move(dx, dy)
    this.#layers.stale('tool')
  }

  pressKeyPointer(shift: boolean): void {
    this.stay()
    this.#keyPointer.press(shift)
    this.#layers.stale('tool')
    this.#updateCursor()
  }

  // What follows from the state.

  #follow(): void {
    const on = (run: () => void) => this.#stops.push(effect(run))
    let before = -1
    let opened: typeof state.clip.value
    on(() => {
      const frame = state.frame.value
      const clip = state.clip.value
      untracked(() => {
        if (clip !== opened) this.#open(clip)
        opened = clip
        if (clip === undefined) return
        if (frame !== before) this.#tool?.leave()
        if (!state.playing.peek()) this.#pictures.follow(frame, frame < before ? -1 : 1)
        before = frame
        this.#show()
      })
    })
    on(() => {
      shownMarks.value
      this.#layers.stale('fills', 'lines', 'tool')
    })
    on(() => {
      const { maskOpacity, maskStyle, brushSize } = state.settings.value
      void [maskOpacity, maskStyle, brushSize]
      this.#layers.stale('fills', 'lines', 'tool')
      untracked(() => this.#updateCursor())
    })
    on(() => {
      const tool = state.tool.value
      untracked(() => {
        this.#tool?.leave()
        this.#tool?.hover(undefined)
        this.#tool = tool === 'pan' ? undefined : this.#tools[tool]
        this.#tool?.enter?.()
        this.#hand = tool === 'pan' ? 'open' : undefined
        this.#updateCursor()
        this.#layers.stale('tool')
      })
    })
    on(() => {
      insetFrame.value
      untracked(() => this.#showInset())
    })
    on(() => {
      stageLook.value
      this.#layers.stale('tool')
    })
    on(() => {
      isInspecting.value
      this.#layers.stale('fills')
    })
    let resting: ReturnType<typeof setTimeout> | undefined
    on(() => {
      void [state.objectId.value, state.doubtful.value, state.playing.value]
      const there = state.shownFrame.value === state.frame.value
      clearTimeout(resting)
      // Who goes on at once does not stay, and who waits for a picture is not to wait for others.
      if (there)
        resting = setTimeout(() => {
          if (!state.playing.peek()) this.#pictures.stay(likelyJumps())
        }, REST)
    })
    this.#stops.push(() => clearTimeout(resting))
    let object = state.objectId.peek()
    on(() => {
      const next = state.objectId.value
      const ids = new Set(state.objects.value.map(({ id }) => id))
      untracked(() => {
        this.#host.unfinished = withoutOthers(this.#host.unfinished, ids)
        if (next === object) return
        this.#tool?.leave()
        this.#tool?.enter?.()
      })
      object = next
    })
    this.#stops.push(
      followPlaying({
        has: (frame) => this.#pictures.has(frame) || this.#pictures.failure(frame) !== undefined,
        follow: (frame) => this.#pictures.follow(frame, 1),
      }),
    )
    const overdue = setInterval(() => {
      const waiting = awaited.peek()
      if (waiting && waiting.failure === undefined && performance.now() - waiting.since > OVERDUE)
        this.#pictures.askAgain()
    }, OVERDUE)
    this.#stops.push(() => clearInterval(overdue))
  }

  #open(clip: typeof state.clip.value): void {
    state.shownFrame.value = undefined
    insetPicture.value = undefined
    this.#root.removeAttribute('data-frame')
    this.#host.newObject.forget()
    if (clip === undefined) return
    this.#fills.open(clip.width, clip.height)
    this.#pictures.open(clip.frameCount, clip.width, clip.height)
    this.#viewport.place()
    this.#layers.stale('picture', 'fills', 'lines', 'tool')
  }

  /** The frame beside the stage: where a patch is looked for, or is from. */
  #showInset(): void {
    const frame = insetFrame.peek()
    this.#pictures.also(frame)
    const image = frame === undefined ? undefined : this.#pictures.get(frame)
    if (insetPicture.peek()?.image !== image)
      insetPicture.value = frame === undefined || image === undefined ? undefined : { frame, image }
  }

  /** Puts the frame that is wanted on screen, when its picture is there. */
  #show(): void {
    const frame = state.frame.peek()
    if (this.#pictures.has(frame)) {
      awaited.value = undefined
      if (state.shownFrame.peek() === frame) return
      this.#host.forgetWaiting()
      this.#host.endLive()
      this.#pictures.show(frame)
      state.shownFrame.value = frame
      this.#tool?.enter?.()
      this.#layers.stale('picture', 'fills', 'lines', 'tool')
      return
    }
    const failure = this.#pictures.failure(frame)
    const waiting = awaited.peek()
    if (waiting?.frame !== frame || waiting.failure !== failure)
      awaited.value = { frame, since: performance.now(), failure }
  }

  #updateCursor(): void {
    const cursor =
      this.#hand === 'closed'
        ? 'grabbing'
        : this.#hand === 'open'
          ? 'grab'
          : (this.#tool?.cursor ?? 'default')
    if (this.#root.style.cursor !== cursor) this.#root.style.cursor = cursor
  }

  #sample({ x, y, ...held }: CanvasPointer): PointerSample {
    return { ...held, ...toVideo(this.#viewport.view, x, y) }
  }
}
