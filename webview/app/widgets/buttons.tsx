import type { ComponentChildren } from 'preact'

interface ButtonProps {
  /** What it does; the title of the command where it is one. */
  readonly title: string
  /** The key that does the same. */
  readonly keys?: string
  readonly onPress: () => void
  readonly disabled?: boolean
  /** Of a button that stays pressed. */
  readonly pressed?: boolean
  readonly class?: string
  readonly children: ComponentChildren
}

/** A small square button with an icon. */
export function IconButton({ title, keys, onPress, disabled, pressed, children, ...more }: ButtonProps) {
  return (
    <button
      type="button"
      class={`icon-button ${more.class ?? ''}`}
      title={keys ? `${title} (${keys})` : title}
      aria-label={title}
      aria-pressed={pressed}
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
