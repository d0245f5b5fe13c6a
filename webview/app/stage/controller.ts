import { effect, signal, untracked } from '@preact/signals'
import { insetFrame, insetPicture, isInspecting, stageLook } from '../inspect/index.ts'
import { likelyJumps } from '../jumps.ts'
import type { Rect } from '../masks/index.ts'
import { onPictures, wantPictures } from '../messages.ts'
import type { StageCommand, StagePort } from '../stage-port.ts'
import { attachStage } from '../stage-port.ts'
import * as state from '../state.ts'
import {
  type CanvasTool,
  fillHoles,
  KeypointsTool,
  makeTools,
  type PointerSample,
  withoutOthers,
} from '../tools/index.ts'
import { drawCrosshair } from './crosshair.ts'
import { drawVisible } from './draw-visible.ts'
import { Fills } from './fills.ts'
import { clearHint, missingKeypoints } from './hints.ts'
import { type CanvasPointer, type InputTarget, listen } from './input.ts'
import { type LayerName, Layers, type Stale } from './layers.ts'
import { drawLines } from './lines.ts'
import type { Mark } from './marks.ts'
import { Pictures } from './pictures.ts'
import { recallView, rememberView } from './placement.ts'
import { followPlaying } from './playback.ts'
import { shownMarks } from './shown.ts'
import { StageToolHost } from './tool-host.ts'
import {
  fitView,
  isBlocky,
  pan,
  resize,
  type Size,
  stepZoom,
  toCanvas,
  toVideo,
  type View,
  zoomAt,
} from './view.ts'

/** Bytes of decoded pictures that are kept. */
const PICTURE_MEMORY = 300 * 2 ** 20
/** Milliseconds on one frame after which the frames that a jump may lead to are fetched. */
const REST = 250
/** Milliseconds without an answer after which a picture is asked for again. */
const OVERDUE = 3000
/** Opacity of what is being drawn where masks are shown as outlines only. */
const LIVE_OPACITY = 0.35

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
  readonly #fills = new Fills()
  readonly #pictures: Pictures<ImageBitmap>
  readonly #host: StageToolHost
  readonly #tools: ReturnType<typeof makeTools>
  readonly #stops: (() => void)[] = []
  #tool: CanvasTool | undefined
  #hand: 'open' | 'closed' | undefined
  #placed = false
  /** The keyboard's own pointer, in pixels of the video; undefined while a pointing device is used. */
  #keyPointer: { readonly x: number; readonly y: number; readonly pressed: boolean } | undefined

  constructor({ root, canvases }: StageElements) {
    this.#root = root
    this.#layers = new Layers(canvases, (stale) => this.#render(stale))
    this.#host = new StageToolHost(this.#layers, this.#fills)
    this.#tools = makeTools(this.#host)
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
    onPictures({
      arrived: (frame, bytes, mime) => void this.#pictures.arrived(frame, bytes, mime),
      failed: (frame, message) => this.#pictures.failed(frame, message),
    })
    this.#follow()
    this.#stops.push(attachStage(this), listen(root, this), this.#observeSize())
  }

  stop(): void {
    this.#tool?.leave()
    for (const stop of this.#stops) stop()
    this.#layers.stop()
    this.#host.newObject.forget()
    state.shownFrame.value = undefined
    insetPicture.value = undefined
    clearHint()
    missingKeypoints.value = []
  }

  // What the rest of the view asks for.

  hasPicture(frame: number): boolean {
    return this.#pictures.has(frame)
  }

  perform(command: StageCommand): void {
    const { width, height } = this.#layers.size
    const { scale } = this.#host.view
    switch (command.name) {
      case 'fit':
        this.#setView(fitView(this.#picture, this.#layers.size))
        break
      case 'actualSize':
        this.zoomTo(1, width / 2, height / 2)
        break
      case 'zoomIn':
        this.zoomTo(stepZoom(scale, 1), width / 2, height / 2)
        break
      case 'zoomOut':
        this.zoomTo(stepZoom(scale, -1), width / 2, height / 2)
        break
      case 'fillHoles':
        fillHoles(this.#host)
        break
      case 'noNewObject':
        this.#host.newObject.refused(command.request)
        break
      default:
        if (command.name === 'giveUp' && this.#host.newObject.isAsked) this.#host.newObject.forget()
        else this.#tool?.perform(command)
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

  down(pointer: CanvasPointer): boolean {
    this.#keyPointer = undefined
    if (state.playing.peek()) state.playing.value = false
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
    this.#keyPointer = undefined
    this.#tool?.hover(pointer && this.#sample(pointer))
    this.#updateCursor()
  }

  pan(dx: number, dy: number): void {
    this.#setView(pan(this.#host.view, dx, dy, this.#picture, this.#layers.size))
  }

  zoom(factor: number, x: number, y: number): void {
    this.zoomTo(this.#host.view.scale * factor, x, y)
  }

  zoomTo(scale: number, x: number, y: number): void {
    this.#setView(zoomAt(this.#host.view, scale, x, y, this.#picture, this.#layers.size))
  }

  showHand(hand: 'open' | 'closed' | undefined): void {
    this.#hand = hand
    this.#updateCursor()
  }

  moveKeyPointer(dx: number, dy: number): void {
    const { width, height } = this.#picture
    const before = this.#keyPointer ?? { x: width / 2, y: height / 2, pressed: false }
    const clamp = (value: number, size: number) => Math.min(size, Math.max(0, value))
    const step = this.#tool?.keyStep ?? { width: 1, height: 1 }
    this.#keyPointer = {
      ...before,
      x: clamp(before.x + dx * step.width, width),
      y: clamp(before.y + dy * step.height, height),
    }
    const sample = sampleAt(this.#keyPointer.x, this.#keyPointer.y)
    if (this.#keyPointer.pressed) this.#tool?.drag([sample])
    else this.#tool?.hover(sample)
    this.#layers.stale('tool')
  }

  pressKeyPointer(): void {
    if (this.#keyPointer === undefined) this.moveKeyPointer(0, 0)
    const { x, y, pressed } = this.#keyPointer!
    // A stroke goes on until the next press, everything else is a click.
    const strokes = state.tool.peek() === 'brush' || state.tool.peek() === 'eraser'
    if (pressed) this.up()
    else {
      const taken = this.#tool?.down(sampleAt(x, y)) ?? false
      if (taken && strokes) {
        this.#keyPointer = { x, y, pressed: true }
        return
      }
      if (taken) this.up()
    }
    this.#keyPointer = { x, y, pressed: false }
    this.#layers.stale('tool')
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
    this.#place()
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

  // Drawing. Picture and marks of a frame are always drawn in the same turn.

  #render(stale: ReadonlySet<Stale>): void {
    const frame = state.shownFrame.peek()
    const picture = frame === undefined ? undefined : this.#pictures.get(frame)
    if (stale.has('picture')) this.#renderPicture(frame, picture)
    if (stale.has('fills')) this.#renderFills(frame)
    else if (stale.has('live')) this.#renderFills(frame, this.#fills.updateLive())
    if (stale.has('lines')) this.#renderLines()
    if (stale.has('tool')) this.#renderTool()
  }

  #renderPicture(frame: number | undefined, picture: ImageBitmap | undefined): void {
    const context = this.#layers.context('picture')
    const { view } = this.#host
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.clearRect(0, 0, this.#layers.size.width, this.#layers.size.height)
    if (frame === undefined || picture === undefined) {
      this.#root.removeAttribute('data-frame')
      return
    }
    context.imageSmoothingEnabled = !isBlocky(view)
    context.imageSmoothingQuality = 'high'
    const bounds = { left: 0, top: 0, right: picture.width, bottom: picture.height }
    drawVisible(context, picture, bounds, view, this.#layers.size)
    this.#root.dataset.frame = String(frame)
  }

  #renderFills(frame: number | undefined, box?: Rect): void {
    if (frame !== undefined && box === undefined) {
      this.#fills.updateLive()
      this.#fills.show(shownMarks.peek())
    }
    const { maskOpacity, maskStyle } = state.settings.peek()
    const plain = maskStyle === 'outline' ? 0 : maskOpacity
    // A heat map needs the picture's own colours beneath it.
    const masks = isInspecting.peek() ? 0 : plain
    const opacity = this.#fills.isLive ? Math.max(plain, LIVE_OPACITY) : masks
    this.#fills.draw(this.#layers.context('fills'), this.#host.view, this.#layers.size, opacity, box)
  }

  #renderLines(): void {
    const { draft, view, liveObject } = this.#host
    drawLines(this.#layers.context('lines'), this.#marksWithDraft(), {
      view,
      canvas: this.#layers.size,
      density: this.#layers.density,
      outlines: state.settings.peek().maskStyle !== 'fill',
      without: liveObject,
      draft,
    })
  }

  /** A skeleton that is being placed belongs to the marks, though the object has nothing on the frame yet. */
  #marksWithDraft(): readonly Mark[] {
    const marks = shownMarks.peek()
    const { draft, object } = this.#host
    if (draft === undefined || object?.id !== draft.objectId) return marks
    if (marks.some(({ objectId }) => objectId === draft.objectId)) return marks
    return [
      ...marks,
      {
        objectId: object.id,
        name: object.name,
        colour: state.colourOf(object),
        entry: { state: 'keyframe', occluded: false },
        selected: true,
        edges: state.labelOf(object)?.skeleton?.edges ?? [],
        keypointNames: this.#host.keypointNamesOf(object),
      },
    ]
  }

  #renderTool(): void {
    const context = this.#layers.context('tool')
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.clearRect(0, 0, this.#layers.size.width, this.#layers.size.height)
    this.#listMissing()
    if (state.shownFrame.peek() === undefined) return
    context.save()
    this.#tool?.draw(context)
    context.restore()
    if (this.#keyPointer) {
      const { x, y } = toCanvas(this.#host.view, this.#keyPointer.x, this.#keyPointer.y)
      drawCrosshair(context, x, y, this.#layers.density)
    }
  }

  #listMissing(): void {
    const missing = this.#tool instanceof KeypointsTool ? this.#tool.missing : []
    if (missing.join() !== missingKeypoints.peek().join()) missingKeypoints.value = missing
  }

  // The view on the picture.

  get #picture(): Size {
    return { width: Math.max(1, this.#host.width), height: Math.max(1, this.#host.height) }
  }

  #observeSize(): () => void {
    const observer = new ResizeObserver(([entry]) => {
      if (entry === undefined) return
      const { inlineSize, blockSize } = entry.contentBoxSize[0]!
      if (inlineSize === 0 || blockSize === 0) return
      const exact = entry.devicePixelContentBoxSize?.[0]
      const density = window.devicePixelRatio || 1
      const size = {
        width: exact?.inlineSize ?? Math.round(inlineSize * density),
        height: exact?.blockSize ?? Math.round(blockSize * density),
      }
      this.#host.font = `${12 * density}px ${getComputedStyle(this.#root).fontFamily}`
      const before = this.#layers.size
      const { view } = this.#host
      if (this.#placed) this.#host.view = resize(view, this.#picture, before, size)
      this.#layers.resize(size, density)
      this.#place()
      this.#publishView()
    })
    try {
      observer.observe(this.#root, { box: 'device-pixel-content-box' })
    } catch {
      observer.observe(this.#root)
    }
    return () => observer.disconnect()
  }

  /** Finds the first view, as soon as the sizes of picture and canvas are known. */
  #place(): void {
    if (this.#placed || state.clip.peek() === undefined || this.#layers.size.width <= 1) return
    this.#placed = true
    this.#setView(recallView(this.#picture, this.#layers.size))
  }

  #setView(view: View): void {
    if (!this.#placed) return
    this.#host.view = view
    this.#publishView()
    this.#layers.stale('picture', 'fills', 'lines', 'tool')
    this.#updateCursor()
  }

  #publishView(): void {
    const { view } = this.#host
    const { density } = this.#layers
    state.zoom.value = view.scale
    rememberView(view, this.#layers.size)
    this.#root.dataset.scale = String(view.scale / density)
    this.#root.dataset.x = String(view.x / density)
    this.#root.dataset.y = String(view.y / density)
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
    return { ...held, ...toVideo(this.#host.view, x, y) }
  }
}

function sampleAt(x: number, y: number): PointerSample {
  return { x, y, pressure: undefined, shift: false, alt: false, secondary: false, clicks: 1 }
}
