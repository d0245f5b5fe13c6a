import { signal } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { useDismiss } from './dismiss.ts'

/** A line of a menu; `separator` draws a rule. */
export type MenuItem =
  | {
      readonly label: string
      /** The key that does the same. */
      readonly key?: string
      readonly disabled?: boolean
      readonly run: () => void
    }
  | 'separator'

interface OpenMenu {
  readonly items: readonly MenuItem[]
  readonly x: number
  readonly y: number
  /** The menu opens upwards from here where there is no room below. */
  readonly top: number
  readonly opener: Element | null
}

const open = signal<OpenMenu | undefined>(undefined)

/** Opens a menu at a place, such as the pointer's. */
export function openMenuAt(x: number, y: number, items: readonly MenuItem[]): void {
  open.value = { items, x, y, top: y, opener: document.activeElement }
}

/** Opens a menu below an element, or above it. */
export function openMenuAtElement(element: Element, items: readonly MenuItem[]): void {
  const box = element.getBoundingClientRect()
  open.value = { items, x: box.left, y: box.bottom, top: box.top, opener: element }
}

/** @param byKeyboard the opener gets the focus back; whoever used the pointer does not want it to have the keys */
function close(byKeyboard: boolean): void {
  const opener = open.value?.opener
  open.value = undefined
  if (byKeyboard && opener instanceof HTMLElement) opener.focus()
}

function dismiss(): void {
  open.value = undefined
}

/** The one menu of the view; stands last in the document. */
export function MenuHost() {
  const menu = open.value
  const element = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const box = element.current
    if (!menu || !box) return
    const { width, height } = box.getBoundingClientRect()
    box.style.left = `${Math.max(4, Math.min(menu.x, innerWidth - width - 4))}px`
    box.style.top = `${menu.y + height + 4 <= innerHeight ? menu.y : Math.max(4, menu.top - height)}px`
    box.querySelector<HTMLElement>('[role=menuitem]:not([aria-disabled=true])')?.focus()
  }, [menu])
  useDismiss(menu !== undefined, (target) => element.current?.contains(target) ?? false, dismiss)
  if (!menu) return null
  const move = (by: number | 'first' | 'last') => {
    const items = [...(element.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])]
    const now = items.indexOf(document.activeElement as HTMLElement)
    const next = by === 'first' ? 0 : by === 'last' ? items.length - 1 : now + by
    items[(next + items.length) % items.length]?.focus()
  }
  return (
    <div
      ref={element}
      class="menu"
      role="menu"
      onKeyDown={(event) => {
        if (event.key === 'ArrowDown') move(1)
        else if (event.key === 'ArrowUp') move(-1)
        else if (event.key === 'Home') move('first')
        else if (event.key === 'End') move('last')
        else if (event.key === 'Escape' || event.key === 'Tab') close(true)
        else return
        event.preventDefault()
      }}
    >
      {menu.items.map((item, at) =>
        item === 'separator' ? (
          <hr key={at} class="menu-separator" />
        ) : (
          <button
            key={item.label}
            type="button"
            role="menuitem"
            class="menu-item"
            aria-disabled={item.disabled ? 'true' : undefined}
            onClick={({ detail }) => {
              if (item.disabled) return
              close(detail === 0)
              item.run()
            }}
            onPointerEnter={(event) => event.currentTarget.focus()}
          >
            <span>{item.label}</span>
            <span class="menu-key">{item.key}</span>
          </button>
        ),
      )}
    </div>
  )
}
