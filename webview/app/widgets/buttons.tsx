import type { ComponentChildren, TargetedMouseEvent } from 'preact'

interface ButtonProps {
  /** What it does; the title of the command where it is one. */
  readonly title: string
  /** The key that does the same. */
  readonly keys?: string
  readonly onPress: (event: TargetedMouseEvent<HTMLButtonElement>) => void
  readonly disabled?: boolean
  /** Of a button that stays pressed. */
  readonly pressed?: boolean
  /** Of a button that opens something: whether it is open. */
  readonly expanded?: boolean
  /** Looks pressed, because what it opens is not as usual; its title says so. */
  readonly on?: boolean
  readonly class?: string
  readonly children: ComponentChildren
}

/** A small square button with an icon. */
export function IconButton({
  title,
  keys,
  onPress,
  disabled,
  pressed,
  expanded,
  on,
  children,
  ...more
}: ButtonProps) {
  return (
    <button
      type="button"
      class={`icon-button ${on ? 'on' : ''} ${more.class ?? ''}`}
      title={keys ? `${title} (${keys})` : title}
      aria-label={title}
      aria-pressed={pressed}
      aria-haspopup={expanded === undefined ? undefined : 'dialog'}
      aria-expanded={expanded}
      disabled={disabled}
      onClick={onPress}
    >
      {children}
    </button>
  )
}

/** A button with words. */
export function TextButton({
  title,
  onPress,
  disabled,
  children,
  primary = false,
}: Omit<ButtonProps, 'title'> & { readonly title?: string; readonly primary?: boolean }) {
  return (
    <button
      type="button"
      class={`text-button ${primary ? 'primary' : ''}`}
      title={title}
      disabled={disabled}
      onClick={onPress}
    >
      {children}
    </button>
  )
}
