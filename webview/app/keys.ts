/** What of a key press decides who gets it. */
export interface KeyPress {
  readonly key: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
}

/** What of the element with the focus decides it. */
export interface KeyTarget {
  readonly tagName: string
  /** Of an input. */
  readonly type?: string | undefined
  readonly role: string | null
}

/** An element as the one that has the focus. */
export function keyTargetOf(element: Element & { readonly type?: string }): KeyTarget {
  return { tagName: element.tagName, type: element.type, role: element.getAttribute('role') }
}

const ARROWS = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown']
const TRAVEL = [...ARROWS, 'Home', 'End', 'PageUp', 'PageDown']
const PRESS = [' ', 'Enter']

/**
 * Whether a key belongs to the control that has the focus. Otherwise it goes on to VS Code, where people bind keys:
 * a digit typed into a number field must not pick an object, an arrow on a slider must not change the frame.
 */
export function belongsToControl({ key, ctrlKey, metaKey, altKey }: KeyPress, target: KeyTarget): boolean {
  if (key === 'Tab') return false
  if (target.role === 'menuitem') return [...TRAVEL, ...PRESS, 'Escape'].includes(key)
  if (target.tagName === 'INPUT' && target.type !== 'range' && target.type !== 'checkbox') {
    if (key === 'Escape') return true
    // Copy, paste and undo inside the field are the field's; the other chords are commands.
    if (ctrlKey || metaKey) return ['a', 'c', 'v', 'x', 'z', 'y'].includes(key.toLowerCase())
    return !altKey && !/^F\d+$/.test(key)
  }
  if (ctrlKey || metaKey || altKey) return false
  if (target.tagName === 'INPUT') return target.type === 'range' ? TRAVEL.includes(key) : PRESS.includes(key)
  if (target.tagName === 'SELECT') return [...TRAVEL, ...PRESS].includes(key)
  if (target.role === 'radio') return [...ARROWS, ...PRESS].includes(key)
  if (target.role === 'slider') return TRAVEL.includes(key)
  if (target.role === 'separator') return key === 'ArrowUp' || key === 'ArrowDown'
  if (target.tagName === 'BUTTON') return PRESS.includes(key)
  return false
}
