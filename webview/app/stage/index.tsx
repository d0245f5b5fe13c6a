import './stage.css'
import { useComputed } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import * as state from '../state.ts'
import { t } from '../texts.ts'
import { awaited, StageController } from './controller.ts'
import { describeFrame } from './describe.ts'
import { hint, missingKeypoints } from './hints.ts'
import { LAYERS, type LayerName } from './layers.ts'

/** Milliseconds before a screen reader is told of another frame: while somebody steps on, nothing is read out. */
const QUIET = 700

/** The picture and what is drawn on it. */
export function Stage() {
  const root = useRef<HTMLDivElement>(null)
  const canvases = useRef<Partial<Record<LayerName, HTMLCanvasElement>>>({})
  useEffect(() => {
    const controller = new StageController({
      root: root.current!,
      canvases: canvases.current as Record<LayerName, HTMLCanvasElement>,
    })
    return () => controller.stop()
  }, [])
  const description = useComputed(() => {
    const frame = state.shownFrame.value
    if (frame === undefined) return t('No frame is shown yet.')
    return describeFrame(frame, state.frameCount.value, state.objects.value, state.entriesOf(frame))
  })
  return (
    <div
      class="stage"
      ref={root}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the canvas is drawn on, by pointer and by keyboard
      tabIndex={0}
      role="application"
      aria-label={description.value}
      aria-roledescription={t('canvas')}
      aria-description={t(
        'Ctrl (on a Mac Command) with the arrow keys moves the pointer, with Shift ten times as far; with Enter it presses, and lets go of what it holds.',
      )}
      data-vscode-context={'{"preventDefaultContextMenuItems":true}'}
    >
      {LAYERS.map((name) => (
        <canvas
          key={name}
          class={`layer layer-${name}`}
          style={name === 'picture' ? { filter: filterOf(state.pictureLook.value) } : undefined}
          ref={(element) => {
            if (element) canvases.current[name] = element
          }}
        />
      ))}
      <Waiting />
      {missingKeypoints.value.length > 0 && (
        <div class="stage-missing">{t('Not on this frame: {0}', missingKeypoints.value.join(', '))}</div>
      )}
      <Announcement text={description.value} />
    </div>
  )
}

/** None where the picture is shown as it is: even a filter that changes nothing is work for every frame. */
function filterOf({ brightness, contrast }: state.PictureLook): string {
  return brightness === 1 && contrast === 1 ? 'none' : `brightness(${brightness}) contrast(${contrast})`
}

/** A short sentence at the picture's lower edge. */
export function Hint() {
  const shown = hint.value
  if (shown === undefined) return null
  return (
    <div class="stage-hint" role="status" key={shown.id}>
      {shown.text}
    </div>
  )
}

/** Tells that another frame is meant than the one on screen; not at once, because mostly it is there in no time. */
function Waiting() {
  const waiting = awaited.value
  if (waiting === undefined) return null
  if (waiting.failure !== undefined)
    return (
      <div class="stage-waiting failed" role="alert">
        <span class="codicon codicon-warning" aria-hidden="true" />
        {t('Frame {0} cannot be shown: {1}', waiting.frame, waiting.failure)}
      </div>
    )
  return (
    <div class="stage-waiting" key="waiting">
      <span class="codicon codicon-loading codicon-modifier-spin" aria-hidden="true" />
      {t('Frame {0} is on its way', waiting.frame)}
    </div>
  )
}

/** Reads out what is on screen once it stays. */
function Announcement({ text }: { readonly text: string }) {
  const [said, say] = useState('')
  const playing = state.playing.value
  useEffect(() => {
    if (playing) say('')
    const timer = playing ? undefined : setTimeout(() => say(text), QUIET)
    return () => clearTimeout(timer)
  }, [text, playing])
  return (
    <div class="stage-announcement" aria-live="polite">
      {said}
    </div>
  )
}
