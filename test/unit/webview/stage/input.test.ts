/** Protects: what is meant for the tool reaches it, and a pinch, a resting hand or a thumb button draws nothing. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type CanvasPointer, type InputTarget, listen } from '../../../../webview/app/stage/input.ts'

/** Without the signal that ends listening: Node takes so many listeners on one for a leak. */
class Plain extends EventTarget {
  override addEventListener(type: string, listener: EventListener) {
    super.addEventListener(type, listener)
  }
}

/** An element without a page around it. */
class FakeElement extends Plain {
  tagName = 'DIV'
  type: string | undefined
  role: string | null = null
  getAttribute() {
    return this.role
  }
  getBoundingClientRect() {
    return { left: 0, top: 0 }
  }
  setPointerCapture() {}
  blur() {}
}

/** Writes down what the canvas is told to do. */
class Recorder implements InputTarget {
  density = 1
  frame = 0
  pans = false
  usesAlt = false
  readonly said: string[] = []
  readonly pointers: CanvasPointer[] = []
  hovered: CanvasPointer | undefined
  hand: string | undefined
  stay() {
    this.said.push('stay')
  }
  down(pointer: CanvasPointer) {
    this.pointers.push(pointer)
    this.said.push(`down ${pointer.x},${pointer.y}`)
    return true
  }
  drag(pointers: readonly CanvasPointer[]) {
    for (const { x, y } of pointers) this.said.push(`drag ${x},${y}`)
  }
  up() {
    this.said.push('up')
  }
  cancel() {
    this.said.push('cancel')
  }
  hover(pointer: CanvasPointer | undefined) {
    this.hovered = pointer
  }
  pan(dx: number, dy: number) {
    this.said.push(`pan ${dx},${dy}`)
  }
  zoom(factor: number) {
    this.said.push(`zoom ${factor.toFixed(2)}`)
  }
  showHand(hand: 'open' | 'closed' | undefined) {
    this.hand = hand
  }
  moveKeyPointer(dx: number, dy: number) {
    this.said.push(`key ${dx},${dy}`)
  }
  pressKeyPointer(_shift: boolean) {
    this.said.push('key press')
  }
}

let element: FakeElement
let page: Plain & { activeElement?: unknown }
let top: Plain
let target: Recorder
beforeEach(() => {
  element = new FakeElement()
  page = new Plain()
  page.activeElement = element
  vi.stubGlobal('document', page)
  top = new Plain()
  vi.stubGlobal('window', top)
  vi.stubGlobal('HTMLElement', FakeElement)
  target = new Recorder()
  listen(element as unknown as HTMLElement, target)
})
afterEach(() => vi.unstubAllGlobals())

function pointer(type: string, id: number, x: number, y: number, more: object = {}): void {
  const kind = { 1: 'mouse', 2: 'pen' }[id] ?? 'touch'
  const moving = type === 'move'
  const held = { pointerId: id, pointerType: kind, button: moving ? -1 : 0, buttons: 1, pressure: 0.5 }
  element.dispatchEvent(
    Object.assign(new Event(`pointer${type}`), { clientX: x, clientY: y, ...held, ...more }),
  )
}

/** @returns whether the canvas kept the key for itself */
function key(type: 'keydown' | 'keyup', name: string, held: object = {}): boolean {
  const none = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, repeat: false }
  const event = Object.assign(new Event(type, { cancelable: true }), { key: name, ...none, ...held })
  return !page.dispatchEvent(event)
}

function focus(on: Partial<FakeElement>): void {
  page.activeElement = Object.assign(new FakeElement(), on)
}

const MOUSE = 1
const PEN = 2
const FINGER = 10
const OTHER = 11
/** What the tool has heard of. */
const drawn = () => target.said.filter((one) => /^(down|drag|up|cancel)/.test(one))

describe('fingers', () => {
  it('that pinch leave nothing behind', () => {
    pointer('down', FINGER, 100, 100)
    pointer('move', FINGER, 103, 100)
    pointer('down', OTHER, 200, 100)
    pointer('move', OTHER, 297, 100)
    pointer('up', FINGER, 103, 100)
    pointer('up', OTHER, 297, 100)
    expect(target.said).toEqual(['stay', 'pan 48.5,0', 'zoom 2.00'])
    pointer('down', FINGER, 100, 100)
    pointer('up', FINGER, 101, 100)
    expect(drawn()).toEqual(['down 100,100', 'up'])
    expect(target.pointers[0]!.clicks).toBe(1)
  })

  it('that draw begin where they came down', () => {
    pointer('down', FINGER, 100, 100)
    pointer('move', FINGER, 104, 100)
    expect(drawn()).toEqual([])
    pointer('move', FINGER, 120, 100)
    pointer('move', FINGER, 130, 100)
    pointer('up', FINGER, 130, 100)
    expect(drawn()).toEqual(['down 100,100', 'drag 120,100', 'drag 130,100', 'up'])
  })

  it('that are called off, or whose frame is left, draw nothing', () => {
    pointer('down', FINGER, 100, 100)
    pointer('cancel', FINGER, 100, 100)
    pointer('down', FINGER, 100, 100)
    target.frame = 1
    pointer('up', FINGER, 100, 100)
    expect(drawn()).toEqual([])
    pointer('down', MOUSE, 5, 5)
    expect(drawn()).toEqual(['down 5,5'])
  })
})

describe('a pen', () => {
  it('goes on drawing while its hand comes to rest on the screen', () => {
    pointer('down', PEN, 100, 100)
    pointer('down', FINGER, 150, 200)
    pointer('down', OTHER, 180, 220)
    pointer('move', OTHER, 190, 220)
    pointer('move', PEN, 110, 100)
    pointer('up', PEN, 110, 100)
    expect(target.said).toEqual(['stay', 'down 100,100', 'drag 110,100', 'up'])
  })

  it('draws though its hand rested first, with one contact or with two', () => {
    pointer('down', PEN, 1, 1)
    pointer('up', PEN, 1, 1)
    target.said.length = 0
    for (const hand of [[FINGER], [FINGER, OTHER]]) {
      for (const id of hand) pointer('down', id, 150, 200)
      pointer('down', PEN, 100, 100)
      pointer('move', FINGER, 160, 200)
      pointer('move', PEN, 110, 100)
      pointer('up', PEN, 110, 100)
      for (const id of hand) pointer('up', id, 160, 200)
      expect(target.said.splice(0)).toEqual(['stay', 'down 100,100', 'drag 110,100', 'up'])
    }
  })

  it('takes away with its other end', () => {
    pointer('down', PEN, 100, 100, { button: 5, buttons: 32 })
    expect(target.pointers[0]).toMatchObject({ eraser: true })
    pointer('up', PEN, 100, 100, { button: 5, buttons: 0 })
    pointer('down', PEN, 100, 100)
    expect(target.pointers[1]).toMatchObject({ eraser: false })
  })
})

describe('a mouse', () => {
  it('does nothing with the buttons for its thumb', () => {
    for (const button of [3, 4]) {
      pointer('down', MOUSE, 100, 100, { button })
      pointer('move', MOUSE, 120, 100)
      pointer('up', MOUSE, 120, 100, { button })
    }
    expect(target.said).toEqual([])
  })
})

describe('the keyboard', () => {
  const press = (name: string, held: object) => key('keydown', name, held)

  it('has its pointer with Ctrl, or with Command where Ctrl is the system’s', () => {
    for (const held of [{ ctrlKey: true }, { metaKey: true }, { ctrlKey: true, altKey: true }, {}]) {
      press('ArrowLeft', held)
      press('Enter', held)
    }
    expect(target.said).toEqual(['key -1,0', 'key press', 'key -1,0', 'key press'])
  })

  it('presses once, however long the key is held', () => {
    press('Enter', { ctrlKey: true })
    press('Enter', { ctrlKey: true, repeat: true })
    expect(target.said).toEqual(['key press'])
  })
})

describe('Space and Alt', () => {
  const needless = [{ role: 'slider' }, { tagName: 'BODY' }, { tagName: 'INPUT', type: 'range' }]
  const needing = [{ tagName: 'BUTTON' }, { tagName: 'INPUT', type: 'text' }, { role: 'menuitem' }]
  const moveWithSpace = () => {
    const kept = key('keydown', ' ')
    pointer('down', MOUSE, 100, 100)
    pointer('move', MOUSE, 120, 100)
    pointer('up', MOUSE, 120, 100)
    key('keyup', ' ')
    return kept
  }

  it('move the picture under the pointer and take away, whatever has the focus', () => {
    target.usesAlt = true
    pointer('enter', MOUSE, 100, 100)
    for (const other of needless) {
      focus(other)
      expect(moveWithSpace()).toBe(true)
      expect(target.said.splice(0)).toEqual(['pan 20,0'])
      pointer('move', MOUSE, 130, 100)
      expect(key('keydown', 'Alt', { altKey: true })).toBe(true)
      expect(target.hovered?.alt).toBe(true)
      expect(key('keyup', 'Alt')).toBe(true)
      expect(target.hovered?.alt).toBe(false)
    }
  })

  it('are left to a control that needs Space, and to others while the pointer is elsewhere', () => {
    pointer('enter', MOUSE, 100, 100)
    for (const control of needing) {
      focus(control)
      expect(moveWithSpace()).toBe(false)
      expect(target.said.splice(0)).toEqual(['stay', 'down 100,100', 'drag 120,100', 'up'])
    }
    pointer('leave', MOUSE, 100, 100)
    focus(needless[0]!)
    target.usesAlt = true
    expect(key('keydown', ' ')).toBe(false)
    expect(key('keydown', 'Alt', { altKey: true })).toBe(false)
  })

  it('give an unused Space back, and leave the hand to the tool that moves', () => {
    vi.stubGlobal(
      'KeyboardEvent',
      class extends Event {
        readonly key: string
        constructor(type: string, { key }: { readonly key: string }) {
          super(type)
          this.key = key
        }
      },
    )
    const heard: string[] = []
    top.addEventListener('keydown', (event) => heard.push((event as KeyboardEvent).key))
    pointer('enter', MOUSE, 100, 100)
    for (const pans of [false, true]) {
      target.pans = pans
      const resting = pans ? 'open' : undefined
      key('keydown', ' ')
      expect(target.hand).toBe('open')
      key('keyup', ' ')
      expect(target.hand).toBe(resting)
      expect(heard.splice(0)).toEqual([' '])
      moveWithSpace()
      expect(target.hand).toBe(resting)
      key('keydown', ' ')
      top.dispatchEvent(new Event('blur'))
      expect(target.hand).toBe(resting)
      expect(heard).toEqual([])
    }
  })
})
