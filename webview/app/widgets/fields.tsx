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
        onInput={(event) =>
          onChange(Math.round(min + Number(event.currentTarget.value) ** curve * (max - min)))
        }
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
  const [typed, setTyped] = useState<string | undefined>(undefined)
  const givenUp = useRef(false)
  const commit = () => {
    const number = Number(typed)
    if (!givenUp.current && typed !== undefined && typed.trim() !== '' && Number.isFinite(number))
      onChange(Math.min(max, Math.max(min, Math.round(number))))
    givenUp.current = false
    setTyped(undefined)
  }
  const step = (by: number) => onChange(Math.min(max, Math.max(min, value + by)))
  return (
    <input
      class="number"
      type="text"
      inputMode="numeric"
      size={3}
      aria-label={label}
      value={typed ?? String(value)}
      onInput={(event) => setTyped(event.currentTarget.value)}
      onFocus={(event) => event.currentTarget.select()}
      onBlur={commit}
      onKeyDown={(event) => {
        // Leaving the field takes the value over, and gives the keys back.
        if (event.key === 'Enter') event.currentTarget.blur()
        else if (event.key === 'Escape') {
          givenUp.current = true
          event.currentTarget.blur()
        } else if (event.key === 'ArrowUp') step(1)
        else if (event.key === 'ArrowDown') step(-1)
        else return
        event.preventDefault()
      }}
    />
  )
}
