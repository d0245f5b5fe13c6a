import { effect, signal } from '@preact/signals'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { readLaneCode } from '../../protocol/index.ts'
import { perform } from '../commands.ts'
import { rangeBetween, withRangeEnd } from '../navigation.ts'
import * as state from '../state.ts'
import { t } from '../texts.ts'
import { themeVersion } from '../theme.ts'
import { timeText } from '../time-text.ts'
import { gripOffset, type Hit, hitTest } from './geometry.ts'
import { paintTimeline } from './paint.ts'
import { readPalette } from './palette.ts'
import { frameAt, middleOfFrame, panBy, xOfFrame, zoomAt } from './scale.ts'
import * as view from './view.ts'

/** Ruler and lanes, drawn on one canvas; playhead and range stand above it. */
export function Track() {
  const element = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => drawing(element.current!, canvas.current!), [])
  useEffect(() => pointing(element.current!), [])
  useEffect(view.followFrame, [])
  const times = state.clip.value?.times
  const frame = state.frame.value
  const last = Math.max(0, state.frameCount.value - 1)
  const seconds = times?.[frame] ?? 0
  return (
    <div
      ref={element}
      class="track"
      role="slider"
      tabIndex={0}
      aria-label={t('Timeline')}
      aria-valuemin={0}
      aria-valuemax={last}
      aria-valuenow={frame}
      aria-valuetext={t('frame {0} of {1}, {2} s', frame, last, seconds.toFixed(2))}
      onKeyDown={onKey}
    >
      <canvas ref={canvas} class="track-canvas" />
      <RangeShade />
      <Playhead />
      <HoverText />
    </div>
  )
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const by = event.shiftKey ? 10 : 1
  const step = (frames: number) => perform({ name: 'step', by: frames })
  if (event.key === 'ArrowLeft') step(-by)
  else if (event.key === 'ArrowRight') step(by)
  else if (event.key === 'PageUp') step(-10)
  else if (event.key === 'PageDown') step(10)
  else if (event.key === 'Home') perform({ name: 'firstFrame' })
  else if (event.key === 'End') perform({ name: 'lastFrame' })
  else if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
    const at = state.objects.value.findIndex((object) => object.id === state.objectId.value)
    const next = state.objects.value[at + (event.key === 'ArrowDown' ? 1 : -1)]
    if (next) perform({ name: 'selectObject', objectId: next.id })
  } else return
  event.preventDefault()
}

/** Draws again, once per screen frame at most, when anything that is on the canvas has changed. */
function drawing(element: HTMLElement, canvas: HTMLCanvasElement): () => void {
  const context = canvas.getContext('2d', { alpha: true })!
  const ratio = signal(devicePixelRatio)
  let request = 0
  let palette = readPalette(element)
  let paletteOf = themeVersion.peek()
  const draw = () => {
    request = 0
    const { width, height } = view.size.peek()
    if (width === 0 || height === 0) return
    if (paletteOf !== themeVersion.peek()) {
      palette = readPalette(element)
      paletteOf = themeVersion.peek()
    }
    const deviceWidth = Math.round(width * ratio.peek())
    const deviceHeight = Math.round(height * ratio.peek())
    if (canvas.width !== deviceWidth || canvas.height !== deviceHeight) {
      canvas.width = deviceWidth
      canvas.height = deviceHeight
    }
    const run = state.run.peek()
    paintTimeline(context, {
      scale: view.scale.peek(),
      width,
      height,
      pixelRatio: ratio.peek(),
      scroll: view.scroll.peek(),
      frameCount: state.frameCount.peek(),
      times: state.clip.peek()?.times ?? new Float64Array(),
      lanes: state.objects.peek().map((object) => ({
        summary: view.summaryOf(object.id),
        colour: state.colourOf(object),
        doubtful: view.doubtfulFrames.peek().get(object.id) ?? [],
        selected: object.id === state.objectId.peek(),
        faint: !state.isShown(object.id),
        progress: run?.lanes.find(({ objectId }) => objectId === object.id),
      })),
      run,
      doubtBelow: state.settings.peek().doubtBelow,
      palette,
    })
  }
  const stop = effect(() => {
    const dependencies = [view.size, view.scale, view.scroll, ratio, view.doubtfulFrames, themeVersion]
    for (const dependency of dependencies) dependency.value
    const shown = [state.clip, state.objects, state.labels, state.lanesVersion, state.objectId, state.hidden]
    for (const dependency of [...shown, state.solo, state.run, state.settings]) dependency.value
    if (request === 0) request = requestAnimationFrame(draw)
  })
  const observer = new ResizeObserver(() => {
    const { width, height } = element.getBoundingClientRect()
    ratio.value = devicePixelRatio
    if (view.size.peek().width !== width || view.size.peek().height !== height)
      view.size.value = { width, height }
  })
  observer.observe(element)
  return () => {
    stop()
    observer.disconnect()
    cancelAnimationFrame(request)
  }
}

/** What a drag of the pointer does until it is let go. */
type Drag =
  | { readonly kind: 'scrub' }
  | { readonly kind: 'pan'; x: number; y: number }
  | { readonly kind: 'range'; readonly anchor: number; moved: boolean }
  | { readonly kind: 'end'; readonly end: 'first' | 'last'; readonly offset: number }

function pointing(element: HTMLElement): () => void {
  let drag: Drag | undefined
  let pointer = { x: 0, y: 0 }
  let request = 0
  const place = (event: PointerEvent | WheelEvent) => {
    const box = element.getBoundingClientRect()
    return { x: event.clientX - box.left, y: event.clientY - box.top }
  }
  const hit = (at: { x: number; y: number }) =>
    hitTest(at.x, at.y, {
      scale: view.scale.peek(),
      frameCount: state.frameCount.peek(),
      lanes: state.objects.peek().length,
      scroll: view.scroll.peek(),
      range: state.range.peek(),
    })
  const follow = () => {
    const x = drag?.kind === 'end' ? pointer.x - drag.offset : pointer.x
    const frame = frameAt(view.scale.peek(), x, state.frameCount.peek())
    if (drag?.kind === 'scrub') perform({ name: 'goToFrame', frame })
    else if (drag?.kind === 'range') {
      if (frame !== drag.anchor) drag.moved = true
      state.range.value = rangeBetween(
        drag.moved ? drag.anchor : state.frame.peek(),
        frame,
        state.frameCount.peek(),
      )
    } else if (drag?.kind === 'end')
      state.range.value = withRangeEnd(state.range.peek(), drag.end, frame, state.frameCount.peek())
  }
  // Beyond an edge the view moves on by itself, faster the farther out the pointer is.
  const push = () => {
    request = 0
    if (!drag || drag.kind === 'pan') return
    const { width } = view.size.peek()
    const beyond = pointer.x < 0 ? pointer.x : pointer.x > width ? pointer.x - width : 0
    if (beyond === 0 || !view.zoomed.peek()) return
    view.setScale(panBy(view.scale.peek(), beyond * 0.3, state.frameCount.peek(), width))
    follow()
    request = requestAnimationFrame(push)
  }
  const down = (event: PointerEvent) => {
    pointer = place(event)
    const at = hit(pointer)
    hideHover()
    if (event.button === 1) drag = { kind: 'pan', x: event.clientX, y: event.clientY }
    else if (event.button !== 0 || at.kind === 'nothing') return
    else if (event.shiftKey) drag = { kind: 'range', anchor: at.frame, moved: false }
    else if (at.kind === 'range')
      drag = {
        kind: 'end',
        end: at.end,
        offset: gripOffset(pointer.x, view.scale.peek(), state.range.peek()!, at.end),
      }
    else {
      drag = { kind: 'scrub' }
      const object = at.kind === 'lane' ? state.objects.peek()[at.lane] : undefined
      if (object) perform({ name: 'selectObject', objectId: object.id })
    }
    event.preventDefault()
    element.focus({ preventScroll: true })
    element.setPointerCapture(event.pointerId)
    view.dragging.value = true
    if (drag.kind !== 'end') follow()
  }
  const move = (event: PointerEvent) => {
    pointer = place(event)
    if (!drag) {
      const at = hit(pointer)
      element.style.cursor = at.kind === 'range' ? 'ew-resize' : at.kind === 'nothing' ? 'default' : ''
      hover(at, pointer.x, pointer.y)
      return
    }
    if (drag.kind === 'pan') {
      view.setScale(
        panBy(view.scale.peek(), drag.x - event.clientX, state.frameCount.peek(), view.size.peek().width),
      )
      element.closest('.timeline-scroll')?.scrollBy(0, drag.y - event.clientY)
      drag.x = event.clientX
      drag.y = event.clientY
      return
    }
    follow()
    if (request === 0) request = requestAnimationFrame(push)
  }
  const up = () => {
    drag = undefined
    view.dragging.value = false
  }
  const wheel = (event: WheelEvent) => {
    hideHover()
    const { width, height } = view.size.peek()
    const frames = state.frameCount.peek()
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 20 : 1
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault()
      const factor = Math.exp(-event.deltaY * unit * 0.003)
      view.setScale(zoomAt(view.scale.peek(), place(event).x, factor, frames, width))
      return
    }
    const scroller = element.closest('.timeline-scroll')
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey
    if (!sideways && scroller && scroller.scrollHeight > height + 1) return
    event.preventDefault()
    const by = (sideways ? event.deltaX || event.deltaY : event.deltaY) * unit
    view.setScale(panBy(view.scale.peek(), by, frames, width))
  }
  element.addEventListener('pointerdown', down)
  element.addEventListener('pointermove', move)
  element.addEventListener('pointerup', up)
  element.addEventListener('pointercancel', up)
  element.addEventListener('pointerleave', hideHover)
  // Not passive: ctrl and wheel would zoom the whole page.
  element.addEventListener('wheel', wheel, { passive: false })
  return () => {
    cancelAnimationFrame(request)
    hideHover()
    view.dragging.value = false
    for (const [name, listener] of Object.entries({
      pointerdown: down,
      pointermove: move,
      pointerup: up,
      pointercancel: up,
      pointerleave: hideHover,
      wheel,
    }))
      element.removeEventListener(name, listener as EventListener)
  }
}

function Playhead() {
  const { width } = view.size.value
  const middle = middleOfFrame(view.scale.value, state.frame.value)
  if (middle < 0 || middle > width) return null
  const x = Math.min(width - 1, Math.round(middle - 0.5))
  return <div class="playhead" style={{ transform: `translateX(${x}px)` }} />
}

function RangeShade() {
  const chosen = state.range.value
  if (!chosen) return null
  const { width } = view.size.value
  const start = Math.max(-8, xOfFrame(view.scale.value, chosen[0]))
  const end = Math.min(width + 8, xOfFrame(view.scale.value, chosen[1] + 1))
  if (end < -7 || start > width + 7) return null
  return <div class="range-shade" style={{ left: `${start}px`, width: `${Math.max(2, end - start)}px` }} />
}

const hovered = signal<{ readonly x: number; readonly y: number; readonly text: string } | undefined>(
  undefined,
)
let hoverTimer: ReturnType<typeof setTimeout> | undefined

/** Also what would be told in a moment. */
function hideHover(): void {
  clearTimeout(hoverTimer)
  hovered.value = undefined
}

/** Tells what lies under the pointer, once it rests. */
function hover(hit: Hit, x: number, y: number): void {
  hideHover()
  if (hit.kind === 'nothing') return
  hoverTimer = setTimeout(() => {
    if (!view.dragging.peek()) hovered.value = { x, y, text: describe(hit) }
  }, 350)
}

function describe(hit: Exclude<Hit, { kind: 'nothing' }>): string {
  const time = timeText(state.clip.peek()?.times[hit.frame] ?? 0)
  const lines = [t('Frame {0}, {1}', hit.frame, time)]
  const object = hit.kind === 'lane' ? state.objects.peek()[hit.lane] : undefined
  if (!object) return lines[0]!
  const code = readLaneCode(state.lanes.get(object.id)?.[hit.frame] ?? 0)
  lines.push(`${object.name}: ${meaning(code)}`)
  for (const one of state.doubtful.peek())
    if (one.objectId === object.id && one.frame === hit.frame) lines.push(reasonText(one.reason))
  return lines.join('\n')
}

function meaning(code: ReturnType<typeof readLaneCode>): string {
  switch (code.kind) {
    case 'none':
      return t('nothing yet')
    case 'keyframe':
      return t('keyframe')
    case 'occluded':
      return t('keyframe, occluded')
    case 'absent':
      return t('absent')
    case 'absentByRun':
      return t('absent, says the model')
    case 'propagated':
      return t('propagated, confidence {0} %', Math.round(code.confidence * 100))
  }
}

/** Why a frame should be looked at. */
export function reasonText(reason: (typeof state.doubtful.value)[number]['reason']): string {
  switch (reason) {
    case 'confidence':
      return t('Worth checking: low confidence')
    case 'area':
      return t('Worth checking: the size changes suddenly')
    case 'position':
      return t('Worth checking: the place changes suddenly')
    case 'split':
      return t('Worth checking: the mask falls into parts')
    case 'lost':
      return t('Worth checking: the object was lost')
  }
}

/** CSS pixels from the pointer down to the box, which its arrow would cover. */
const BELOW = 16

/** Above the pointer, or below where there is no room. */
function HoverText() {
  const now = hovered.value
  const box = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    if (!now || !box.current) return
    const { offsetHeight, style } = box.current
    const lowest = Math.max(0, view.size.peek().height - offsetHeight)
    style.top = `${now.y >= offsetHeight ? now.y - offsetHeight : Math.min(now.y + BELOW, lowest)}px`
  }, [now])
  if (!now) return null
  const left = now.x > view.size.value.width / 2
  return (
    <div
      ref={box}
      class={`hover-text ${left ? 'left' : ''}`}
      style={{ left: `${now.x}px` }}
      aria-hidden="true"
    >
      {now.text}
    </div>
  )
}
