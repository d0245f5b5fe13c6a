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
  hover() {}
  pan(dx: number, dy: number) {
    this.said.push(`pan ${dx},${dy}`)
  }
  zoom(factor: number) {
    this.said.push(`zoom ${factor.toFixed(2)}`)
  }
  showHand() {}
  moveKeyPointer(dx: number, dy: number) {
    this.said.push(`key ${dx},${dy}`)
  }
  pressKeyPointer(_shift: boolean) {
    this.said.push('key press')
  }
}

let element: FakeElement
let page: Plain & { activeElement?: unknown }
let target: Recorder
beforeEach(() => {
  element = new FakeElement()
  page = new Plain()
  page.activeElement = element
  vi.stubGlobal('document', page)
  vi.stubGlobal('window', new Plain())
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
  const press = (key: string, held: object) => {
    const event = { key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, repeat: false }
    page.dispatchEvent(Object.assign(new Event('keydown'), event, held))
  }

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
