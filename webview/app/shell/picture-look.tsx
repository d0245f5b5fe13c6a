import { signal } from '@preact/signals'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { type PictureLook, PLAIN_PICTURE, pictureLook } from '../state.ts'
import { t } from '../texts.ts'
import { IconButton, TextButton } from '../widgets/buttons.tsx'
import { useDismiss } from '../widgets/dismiss.ts'
import { SliderField } from '../widgets/fields.tsx'
import { Codicon } from '../widgets/icons.tsx'

/** Percent. Dark footage wants several times its light. */
const MOST = 400
/** With it 100 % is in the slider's middle. */
const CURVE = 2

/** The button that opened the panel, and whether it was pressed by keyboard. */
const opened = signal<{ readonly by: HTMLElement; readonly byKeyboard: boolean } | undefined>(undefined)

function close(): void {
  opened.value = undefined
}

function isPlain(): boolean {
  const { brightness, contrast } = pictureLook.value
  return brightness === PLAIN_PICTURE.brightness && contrast === PLAIN_PICTURE.contrast
}

/** Looks pressed as long as the picture is not shown as it is in the video, so that nobody forgets it. */
export function PictureLookButton() {
  return (
    <IconButton
      title={
        isPlain()
          ? t('Brightness and Contrast of the Picture')
          : t('Brightness and Contrast of the Picture: changed')
      }
      on={!isPlain()}
      expanded={opened.value !== undefined}
      onPress={({ currentTarget, detail }) => {
        opened.value = opened.value ? undefined : { by: currentTarget, byKeyboard: detail === 0 }
      }}
    >
      <Codicon name="color-mode" />
    </IconButton>
  )
}

/** Two sliders under the button. They change what is seen only: not the video, nor what models and exports get of it. */
export function PictureLookPanel() {
  const panel = useRef<HTMLDivElement>(null)
  const open = opened.value
  useDismiss(
    open !== undefined,
    (target) => (panel.current?.contains(target) || open?.by.contains(target)) ?? false,
    close,
  )
  useLayoutEffect(() => {
    const box = panel.current
    if (!open || !box) return
    const button = open.by.getBoundingClientRect()
    box.style.top = `${button.bottom + 4}px`
    box.style.left = `${Math.max(4, Math.min(button.right, innerWidth - 4) - box.offsetWidth)}px`
    if (open.byKeyboard) box.querySelector('input')?.focus()
  }, [open])
  useEffect(() => {
    if (!open) return
    // A typed number gives up with Escape first: that key press does not come as far as here.
    const leave = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return
      event.stopPropagation()
      close()
      if (panel.current?.contains(document.activeElement)) open.by.focus()
    }
    document.addEventListener('keydown', leave)
    return () => document.removeEventListener('keydown', leave)
  }, [open])
  if (!open) return null
  const change = (part: Partial<PictureLook>) => {
    pictureLook.value = { ...pictureLook.peek(), ...part }
  }
  return (
    <div
      ref={panel}
      class="picture-look"
      role="dialog"
      aria-label={t('Brightness and Contrast of the Picture')}
    >
      <Percent
        label={t('Brightness')}
        factor={pictureLook.value.brightness}
        onChange={(brightness) => change({ brightness })}
      />
      <Percent
        label={t('Contrast')}
        factor={pictureLook.value.contrast}
        onChange={(contrast) => change({ contrast })}
      />
      <TextButton
        disabled={isPlain()}
        onPress={() => {
          pictureLook.value = PLAIN_PICTURE
        }}
      >
        {t('As in the Video')}
      </TextButton>
    </div>
  )
}

function Percent(props: {
  readonly label: string
  readonly factor: number
  readonly onChange: (factor: number) => void
}) {
  return (
    <SliderField
      label={props.label}
      unit="%"
      min={0}
      max={MOST}
      curve={CURVE}
      value={Math.round(props.factor * 100)}
      onChange={(percent) => props.onChange(percent / 100)}
    />
  )
}
