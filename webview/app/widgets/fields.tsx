import { useRef, useState } from 'preact/hooks'

/** A slider with its value as a number beside it; both change the same. */
export function SliderField(props: {
  readonly label: string
  readonly unit: string
  readonly min: number
  readonly max: number
  readonly value: number
  /** How the slider's way relates to the value: 2 gives small values more room. */
  readonly curve?: number
  readonly class?: string
  readonly onChange: (value: number) => void
}) {
  const { label, unit, min, max, value, curve = 1, onChange } = props
  const way = ((value - min) / (max - min)) ** (1 / curve)
  return (
    <label class={`field ${props.class ?? ''}`} title={label}>
      <span class="field-label">{label}</span>
      <input
        type="range"
        min={0}
        max={1}
        step={0.01}
        value={way}
        aria-label={label}
        aria-valuetext={`${value} ${unit}`}
        onInput={({ currentTarget }) => {
          const moved = Number(currentTarget.value)
          const next = Math.round(min + moved ** curve * (max - min))
          // A key always changes the value. Dragged, the slider would jump away from the pointer and back.
          const stays = next === value && !currentTarget.matches(':active')
          onChange(stays ? value + Math.sign(moved - way) : next)
        }}
      />
      <NumberField label={label} min={min} max={max} value={value} onChange={onChange} />
      <span class="field-unit">{unit}</span>
    </label>
  )
}

/** A whole number that takes effect with Enter or when it is left. */
export function NumberField(props: {
  readonly label: string
  readonly min: number
  readonly max: number
  readonly value: number
  readonly onChange: (value: number) => void
}) {
  const { label, min, max, value, onChange } = props
  const inside = (number: number) => Math.min(max, Math.max(min, number))
  return (
    <TypedField
      label={label}
      size={3}
      text={String(value)}
      onTyped={(text) => {
        const number = Number(text)
        if (text.trim() !== '' && Number.isFinite(number)) onChange(inside(Math.round(number)))
      }}
      onStep={(by) => onChange(inside(value + by))}
    />
  )
}

/** A short text that takes effect with Enter or when it is left; Escape gives it up, the arrows step. */
export function TypedField(props: {
  readonly label: string
  /** In characters. */
  readonly size?: number
  /** The same, for a field that grows with what it may hold. */
  readonly width?: number
  readonly title?: string
  readonly class?: string
  /** What stands in it while nothing is typed. */
  readonly text: string
  readonly onTyped: (text: string) => void
  readonly onStep: (by: 1 | -1) => void
}) {
  const { label, size, width, title, text, onTyped, onStep } = props
  const [typed, setTyped] = useState<string | undefined>(undefined)
  const givenUp = useRef(false)
  return (
    <input
      class={`number ${props.class ?? ''}`}
      type="text"
      inputMode="numeric"
      size={size}
      style={width === undefined ? undefined : { width: `${width}ch` }}
      aria-label={label}
      title={title}
      value={typed ?? text}
      onInput={(event) => setTyped(event.currentTarget.value)}
      onFocus={(event) => event.currentTarget.select()}
      onBlur={() => {
        if (typed !== undefined && !givenUp.current) onTyped(typed)
        givenUp.current = false
        setTyped(undefined)
      }}
      onKeyDown={(event) => {
        // Leaving the field takes the value over, and gives the keys back.
        if (event.key === 'Enter') event.currentTarget.blur()
        else if (event.key === 'Escape') {
          givenUp.current = true
          event.currentTarget.blur()
        } else if (event.key === 'ArrowUp') onStep(1)
        else if (event.key === 'ArrowDown') onStep(-1)
        else return
        event.preventDefault()
      }}
    />
  )
}
