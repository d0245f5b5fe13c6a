import { belongsToControl, keyTargetOf } from '../keys.ts'

/** A pointer's place on the canvas in device pixels, and how it is held. */
export interface CanvasPointer {
  readonly x: number
  readonly y: number
  readonly pressure: number | undefined
  readonly shift: boolean
  readonly alt: boolean
  readonly secondary: boolean
  /** A pen's other end, which takes away. */
  readonly eraser: boolean
  readonly clicks: number
}

/** What the canvas does with pointers, wheels and keys. */
export interface InputTarget {
  /** Device pixels per CSS pixel. */
  readonly density: number
  /** The frame that the view goes to. */
  readonly frame: number
  /** Whether a plain press moves the picture. */
  readonly pans: boolean
  /** Whether the Alt key is the tool's, and must not open the menu. */
  readonly usesAlt: boolean
  /** A press has come: the clip stays on the frame that it is meant for. */
  stay(): void
  down(pointer: CanvasPointer): boolean
  drag(pointers: readonly CanvasPointer[]): void
  up(): void
  cancel(): void
  hover(pointer: CanvasPointer | undefined): void
  pan(dx: number, dy: number): void
  zoom(factor: number, x: number, y: number): void
  /** The hand is shown: ready to move the picture, or moving it. */
  showHand(hand: 'open' | 'closed' | undefined): void
  /** Moves the pointer that the keyboard has, in pixels of the video. */
  moveKeyPointer(dx: number, dy: number): void
  /** @param shift as with a pointing device: a straight line, a polygon that takes away */
  pressKeyPointer(shift: boolean): void
}

/** Milliseconds and CSS pixels within which a second press makes a double click. */
const DOUBLE_CLICK = { time: 400, distance: 5 }
/** CSS pixels that a finger goes before it draws: until then a second one may come and make it a pinch. */
const SLOP = 8
/** Where `buttons` tells of a pen's other end, and the buttons of a mouse that are for going back and forth. */
const ERASER = 32
const THUMB = [3, 4]
/** How much a notch of a wheel, or a step of a pinch on a touchpad, changes the zoom. */
const WHEEL = 0.0016
const PINCH = 0.01
const LINE = 20

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

/** Listens on an element until the returned function is called. */
export function listen(element: HTMLElement, target: InputTarget): () => void {
  const stop = new AbortController()
  const { signal } = stop
  const touches = new Map<number, { x: number; y: number }>()
  let pointerId: number | undefined
  let mode: 'tool' | 'pan' | 'pinch' | 'finger' | undefined
  /** A finger's press that the tool has not been told of, and its frame. */
  let press: { readonly event: PointerEvent; readonly frame: number } | undefined
  let last = { x: 0, y: 0 }
  let lastPress = { time: 0, x: 0, y: 0, clicks: 0 }
  let over = false
  let penSeen = false
  let space: 'up' | 'held' | 'used' = 'up'
  let lastHover: CanvasPointer | undefined

  const pointerOf = (event: PointerEvent, clicks = 1): CanvasPointer => {
    const box = element.getBoundingClientRect()
    return {
      x: (event.clientX - box.left) * target.density,
      y: (event.clientY - box.top) * target.density,
      // A mouse always tells 0.5, fingers mostly 1: only pens press.
      pressure: event.pointerType === 'pen' ? event.pressure : undefined,
      shift: event.shiftKey,
      alt: event.altKey,
      secondary: event.button === 2 || (event.button === -1 && (event.buttons & 2) !== 0),
      eraser: (event.buttons & ERASER) !== 0,
      clicks,
    }
  }

  const begin = (event: PointerEvent, next: 'tool' | 'pan' | 'finger') => {
    mode = next
    pointerId = event.pointerId
    last = { x: event.clientX, y: event.clientY }
    element.setPointerCapture(event.pointerId)
  }

  const showRestingHand = () => target.showHand(space !== 'up' || target.pans ? 'open' : undefined)

  const pinch = (before: readonly { x: number; y: number }[]) => {
    const [a, b] = [...touches.values()]
    const [p, q] = before
    if (!a || !b || !p || !q) return
    const box = element.getBoundingClientRect()
    const { density } = target
    const middle = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }
    target.pan((middle.x - (p.x + q.x) / 2) * density, (middle.y - (p.y + q.y) / 2) * density)
    const factor = Math.hypot(a.x - b.x, a.y - b.y) / Math.max(1, Math.hypot(p.x - q.x, p.y - q.y))
    target.zoom(factor, (middle.x - box.left) * density, (middle.y - box.top) * density)
  }

  const countClicks = (event: PointerEvent): number => {
    const near = Math.hypot(event.clientX - lastPress.x, event.clientY - lastPress.y) < DOUBLE_CLICK.distance
    const soon = event.timeStamp - lastPress.time < DOUBLE_CLICK.time
    const clicks = near && soon ? lastPress.clicks + 1 : 1
    lastPress = { time: event.timeStamp, x: event.clientX, y: event.clientY, clicks }
    return clicks
  }

  /** What fingers have begun is given up for a pinch, or for the pen whose hand they belong to. */
  const giveUpFingers = () => {
    if (mode === 'tool') target.cancel()
    if (mode === 'pan') showRestingHand()
    press = undefined
    mode = undefined
  }

  /** @returns whether the pointer is the tool's until it is let go */
  const tellPress = (event: PointerEvent) => target.down(pointerOf(event, countClicks(event)))

  /** The finger draws: the tool hears of its press where it came down. */
  const tellFinger = (): boolean => {
    const held = press
    press = undefined
    const taken = held !== undefined && held.frame === target.frame && tellPress(held.event)
    mode = taken ? 'tool' : undefined
    return taken
  }

  element.addEventListener(
    'pointerdown',
    (event) => {
      if (THUMB.includes(event.button)) return
      const isFinger = event.pointerType === 'touch'
      const heldByFinger = mode === 'pinch' || (mode !== undefined && touches.has(pointerId!))
      if (isFinger) {
        touches.set(event.pointerId, { x: event.clientX, y: event.clientY })
        // The hand that holds a pen lies on the screen with several contacts.
        if (touches.size === 2 && (mode === undefined || heldByFinger)) {
          giveUpFingers()
          mode = 'pinch'
          return
        }
      } else if (event.pointerType === 'pen') {
        penSeen = true
        if (heldByFinger) giveUpFingers()
      }
      if (mode !== undefined) return
      // Whoever draws with a pen rests the hand on the screen.
      const resting = isFinger && penSeen
      if (event.button === 1 || space !== 'up' || resting || (target.pans && event.button === 0)) {
        if (space === 'held') space = 'used'
        begin(event, 'pan')
        target.showHand('closed')
        event.preventDefault()
        return
      }
      // A field takes over what was typed when it is left, which must not come after the first dab. The browser gives
      // the canvas the focus itself; given by script, the ring for people without a pointer would be shown.
      const { frame } = target
      const { activeElement } = document
      if (activeElement !== element && activeElement instanceof HTMLElement) activeElement.blur()
      // Nobody draws on a frame before having seen it.
      if (target.frame !== frame) return
      target.stay()
      if (isFinger) {
        press = { event, frame }
        begin(event, 'finger')
      } else if (tellPress(event)) begin(event, 'tool')
    },
    { signal },
  )

  element.addEventListener(
    'pointermove',
    (event) => {
      if (touches.has(event.pointerId)) {
        const before = [...touches.values()]
        touches.set(event.pointerId, { x: event.clientX, y: event.clientY })
        if (mode === 'pinch') {
          pinch(before)
          return
        }
      }
      if (mode === undefined) {
        if (event.pointerType === 'touch' && penSeen) return
        lastHover = pointerOf(event)
        target.hover(lastHover)
        return
      }
      if (event.pointerId !== pointerId) return
      if (mode === 'finger') {
        if (Math.hypot(event.clientX - last.x, event.clientY - last.y) < SLOP) return
        if (!tellFinger()) return
      }
      if (mode === 'tool') {
        const events = event.getCoalescedEvents?.() ?? []
        target.drag((events.length > 0 ? events : [event]).map((one) => pointerOf(one)))
      } else {
        const { density } = target
        target.pan((event.clientX - last.x) * density, (event.clientY - last.y) * density)
        last = { x: event.clientX, y: event.clientY }
      }
    },
    { signal },
  )

  const end = (event: PointerEvent) => {
    touches.delete(event.pointerId)
    if (mode === 'pinch') {
      if (touches.size === 0) mode = undefined
      return
    }
    if (event.pointerId !== pointerId || mode === undefined) return
    const lifted = event.type === 'pointerup'
    if (mode === 'finger' && lifted) tellFinger()
    const was = mode
    mode = undefined
    press = undefined
    pointerId = undefined
    if (was === 'pan') showRestingHand()
    else if (was !== 'tool') return
    else if (lifted) target.up()
    else target.cancel()
  }
  element.addEventListener('pointerup', end, { signal })
  element.addEventListener('pointercancel', end, { signal })

  element.addEventListener(
    'pointerenter',
    () => {
      over = true
    },
    { signal },
  )
  element.addEventListener(
    'pointerleave',
    () => {
      over = false
      lastHover = undefined
      if (mode === undefined) target.hover(undefined)
    },
    { signal },
  )

  element.addEventListener('contextmenu', (event) => event.preventDefault(), { signal })

  element.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault()
      const box = element.getBoundingClientRect()
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : LINE
      // A pinch on a touchpad comes as a wheel with Ctrl.
      const factor = Math.exp(-event.deltaY * unit * (event.ctrlKey ? PINCH : WHEEL))
      target.zoom(
        factor,
        (event.clientX - box.left) * target.density,
        (event.clientY - box.top) * target.density,
      )
    },
    { signal, passive: false },
  )

  /** Keys that are the canvas's own are kept from VS Code, which listens on the window. */
  const keep = (event: KeyboardEvent) => {
    event.preventDefault()
    event.stopPropagation()
  }
  /** Whatever has the focus, while the pointer is over the picture, unless it needs the key itself. */
  const isOurs = (event: KeyboardEvent) => {
    const { activeElement } = document
    return over && !(activeElement && belongsToControl(event, keyTargetOf(activeElement)))
  }

  // On a Mac the arrows with Ctrl are the system's.
  const hasChord = ({ ctrlKey, metaKey, altKey }: KeyboardEvent) => (ctrlKey || metaKey) && !altKey

  const hoverWithAlt = (alt: boolean) => {
    if (lastHover === undefined || mode !== undefined) return
    lastHover = { ...lastHover, alt }
    target.hover(lastHover)
  }

  document.addEventListener(
    'keydown',
    (event) => {
      const hasFocus = document.activeElement === element
      const isPlain = !event.ctrlKey && !event.altKey && !event.metaKey && !event.shiftKey
      if (event.key === ' ' && isPlain && isOurs(event)) {
        keep(event)
        if (space !== 'up') return
        space = 'held'
        target.showHand('open')
      } else if (event.key === 'Alt' && target.usesAlt && over) {
        // No control needs this key by itself.
        keep(event)
        hoverWithAlt(true)
      } else if (hasChord(event) && ARROWS[event.key] && hasFocus) {
        keep(event)
        const [dx, dy] = ARROWS[event.key]!
        const step = event.shiftKey ? 10 : 1
        target.moveKeyPointer(dx * step, dy * step)
      } else if (hasChord(event) && event.key === 'Enter' && hasFocus) {
        keep(event)
        if (!event.repeat) target.pressKeyPointer(event.shiftKey)
      }
    },
    { signal, capture: true },
  )

  document.addEventListener(
    'keyup',
    (event) => {
      if (event.key === 'Alt') {
        if (target.usesAlt && over) keep(event)
        hoverWithAlt(false)
      }
      if (event.key !== ' ' || space === 'up') return
      keep(event)
      const unused = space === 'held'
      space = 'up'
      if (mode !== 'pan') showRestingHand()
      // Nothing was moved with it: the key goes where it would have gone, to whatever it is bound to.
      if (unused)
        window.dispatchEvent(
          new KeyboardEvent('keydown', {
            key: ' ',
            code: 'Space',
            keyCode: 32,
            cancelable: true,
          } as KeyboardEventInit),
        )
    },
    { signal, capture: true },
  )

  window.addEventListener(
    'blur',
    () => {
      space = 'up'
      if (mode !== 'pan') showRestingHand()
    },
    { signal },
  )

  return () => stop.abort()
}
