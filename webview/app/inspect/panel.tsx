import './inspect.css'
import { useSignalEffect } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import { heatColour } from '../../../model/heat-map.ts'
import { type AttentionView, type InspectionWish, MOST_MATCHES } from '../../protocol/index.ts'
import { perform } from '../commands.ts'
import * as state from '../state.ts'
import { t } from '../texts.ts'
import { IconButton } from '../widgets/buttons.tsx'
import { NumberField } from '../widgets/fields.tsx'
import { Codicon } from '../widgets/icons.tsx'
import { middleOf, percentText } from './geometry.ts'
import { HeatLayer } from './heat-layer.ts'
import { attentionHeat, insetLook, type Look, stageLook } from './look.ts'
import { drawMatches, drawPatch } from './marks.ts'
import * as inspection from './state.ts'

/** Milliseconds before a screen reader is told what was found: while the pointer moves, nothing is read out. */
const QUIET = 700

/** Beside the stage: what is inspected, where, and with what. */
export function InspectPanel() {
  return (
    <aside class="inspect-panel" aria-label={t('Inspect the Model')}>
      <Kinds />
      <Problem />
      {inspection.what.value === 'attention' ? <Attention /> : <Correspondence />}
      <Looking />
      <Network />
      <Announcement />
    </aside>
  )
}

function Kinds() {
  const kinds = [
    ['correspondence', t('Correspondence')],
    ['attention', t('Attention')],
  ] as const
  const choose = (kind: InspectionWish['kind']) => perform({ name: 'inspect', what: kind })
  return (
    <div class="segments wide" role="radiogroup" aria-label={t('What to look at')}>
      {kinds.map(([kind, title], at) => (
        // biome-ignore lint/a11y/useSemanticElements: a radio group like the others, with the arrow keys of one
        <button
          key={kind}
          type="button"
          role="radio"
          class="segment"
          aria-checked={inspection.what.value === kind}
          tabIndex={inspection.what.value === kind ? 0 : -1}
          onClick={() => choose(kind)}
          onKeyDown={(event) => {
            if (!['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'].includes(event.key)) return
            choose(kinds[1 - at]![0])
            ;(event.currentTarget.parentElement?.children[1 - at] as HTMLElement | undefined)?.focus()
          }}
        >
          {title}
        </button>
      ))}
    </div>
  )
}

/** Why there is nothing to see. */
function Problem() {
  const obstacle = inspection.obstacle.value
  const text = obstacle ?? inspection.refusal.value
  if (text === undefined) return null
  return (
    <div class="inspect-problem" role="alert">
      <Codicon name={obstacle === undefined ? 'error' : 'info'} />
      <span>{text}</span>
    </div>
  )
}

function Looking() {
  return (
    <div class={inspection.isLooking.value ? 'inspect-looking' : 'inspect-looking idle'}>
      <span class="codicon codicon-loading codicon-modifier-spin" aria-hidden="true" />
      {t('The model looks at the frames')}
    </div>
  )
}

function Correspondence() {
  const pin = inspection.pinned.value
  const count = state.frameCount.value
  const other = inspection.otherFrame.value
  if (count < 2 || other === undefined) return null
  return (
    <>
      <div class="inspect-row">
        <span class="inspect-label">{t('Patch from frame')}</span>
        <span class="inspect-value">{pin?.frame ?? state.frame.value}</span>
        {pin && (
          <IconButton title={t('Let Go of the Patch')} keys="Esc" onPress={() => inspection.unpin()}>
            <Codicon name="pinned" />
          </IconButton>
        )}
      </div>
      <div class="inspect-row">
        <span class="inspect-label">{t('Looked for in frame')}</span>
        {pin ? (
          <span class="inspect-value">{state.frame.value}</span>
        ) : (
          <NumberField
            label={t('Looked for in frame')}
            min={0}
            max={count - 1}
            value={other}
            onChange={(frame) => {
              inspection.chosenOther.value = frame
            }}
          />
        )}
        {!pin && inspection.chosenOther.value !== undefined && (
          <IconButton
            title={t('Look in the Frame Shown Before')}
            onPress={() => {
              inspection.chosenOther.value = undefined
            }}
          >
            <Codicon name="discard" />
          </IconButton>
        )}
      </div>
      <Inset />
      <Legend heat={(pin ? stageLook : insetLook).value?.heat} text={t('Similarity')} />
      <div class="inspect-row">
        <span class="inspect-label">{t('Matches')}</span>
        <NumberField
          label={t('Matches')}
          min={1}
          max={MOST_MATCHES}
          value={inspection.topK.value}
          onChange={inspection.setTopK}
        />
      </div>
      <Matches />
    </>
  )
}

/** The other frame; a press goes there. */
function Inset() {
  const frame = inspection.insetFrame.value
  if (frame === undefined) return null
  return (
    <button
      type="button"
      class="inspect-inset"
      title={t('Go to Frame {0}', frame)}
      aria-label={t('Go to Frame {0}', frame)}
      onClick={() => perform({ name: 'goToFrame', frame })}
    >
      <InsetCanvas />
      <span class="inspect-caption">{t('Frame {0}', frame)}</span>
    </button>
  )
}

function InsetCanvas() {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [heat] = useState(() => new HeatLayer())
  const clip = state.clip.value
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0))
    observer.observe(canvas.current!)
    return () => observer.disconnect()
  }, [])
  const density = window.devicePixelRatio || 1
  const size = clip && {
    width: Math.max(1, Math.round(width * density)),
    height: Math.max(1, Math.round((width * density * clip.height) / clip.width)),
  }
  useSignalEffect(() => {
    const picture = inspection.insetPicture.value
    const look = insetLook.value
    const opacity = state.settings.value.heatMapOpacity
    const context = canvas.current?.getContext('2d')
    if (context && size) drawInset(context, picture?.image, look, heat, { opacity, density })
  })
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!context || !size) return
    const { heatMapOpacity: opacity } = state.settings.peek()
    drawInset(context, inspection.insetPicture.peek()?.image, insetLook.peek(), heat, { opacity, density })
  }, [size?.width, size?.height])
  return (
    <canvas
      ref={canvas}
      width={size?.width ?? 1}
      height={size?.height ?? 1}
      style={clip && { aspectRatio: `${clip.width} / ${clip.height}` }}
    />
  )
}

function drawInset(
  context: CanvasRenderingContext2D,
  image: ImageBitmap | undefined,
  look: Look | undefined,
  heat: HeatLayer,
  { opacity, density }: { opacity: number; density: number },
): void {
  const { width, height } = context.canvas
  const place = { left: 0, top: 0, width, height }
  context.clearRect(0, 0, width, height)
  if (image === undefined) return
  context.imageSmoothingEnabled = true
  context.imageSmoothingQuality = 'high'
  context.drawImage(image, 0, 0, width, height)
  if (look?.heat) heat.draw(context, look.heat, look.patches, place, opacity)
  if (look) drawMatches(context, look.matches, look.patches, place, { density, font: '', labels: false })
  if (look?.patch) drawPatch(context, look.patch, look.patches, place, density)
}

const STOPS = Array.from({ length: 10 }, (_, i) => `rgb(${heatColour(i / 9).join(' ')})`)

/** The colours with what their ends stand for. */
function Legend({ heat, text, percent = false }: { heat: Look['heat']; text: string; percent?: boolean }) {
  const write = (value: number) => (percent ? percentText(value) : value.toFixed(2))
  const ends = heat && [write(heat.scale.low), write(heat.scale.high)]
  return (
    <div class="inspect-legend">
      <span class="inspect-label">{text}</span>
      <div class="inspect-scale">
        <span class="inspect-end">{ends?.[0] ?? '-'}</span>
        <span class="inspect-colours" style={{ background: `linear-gradient(90deg, ${STOPS.join(', ')})` }} />
        <span class="inspect-end">{ends?.[1] ?? '-'}</span>
      </div>
    </div>
  )
}

/** The best matches in words. */
function Matches() {
  const look = (inspection.pinned.value ? stageLook : insetLook).value
  const clip = state.clip.value
  if (!look || !clip) return null
  if (look.matches.length === 0) return <p class="inspect-hint">{hint()}</p>
  return (
    <ol class="inspect-matches">
      {look.matches.map((match) => {
        const { x, y } = middleOf(match, look.patches, clip)
        return (
          <li key={`${match.row},${match.column}`}>
            <span class="inspect-value">{match.similarity.toFixed(3)}</span>
            <span class="inspect-place">{`${Math.round(x)}, ${Math.round(y)}`}</span>
          </li>
        )
      })}
    </ol>
  )
}

function hint(): string {
  return inspection.pinned.value
    ? t('Step through the frames to see where the patch is found.')
    : t('Point at a patch of the picture; a click holds it.')
}

/** Every head as a small map; one of them, or their mean, lies over the frame. */
function Attention() {
  const seen = inspection.attention.value
  if (seen === undefined || inspection.refusal.value !== undefined) return null
  const { view } = seen
  const choices = [undefined, ...Array.from({ length: view.heads }, (_, head) => head)]
  const chosen =
    inspection.head.value !== undefined && inspection.head.value < view.heads
      ? inspection.head.value
      : undefined
  const choose = (at: number, group: HTMLElement | null) => {
    const next = (at + choices.length) % choices.length
    inspection.head.value = choices[next]
    ;(group?.children[next] as HTMLElement | undefined)?.focus()
  }
  return (
    <>
      <div class="inspect-heads" role="radiogroup" aria-label={t('Heads')}>
        {choices.map((head, at) => {
          const name = head === undefined ? t('Mean') : t('Head {0}', head + 1)
          return (
            // biome-ignore lint/a11y/useSemanticElements: a radio group of pictures, with the arrow keys of one
            <button
              key={name}
              type="button"
              role="radio"
              class="inspect-head"
              aria-checked={chosen === head}
              tabIndex={chosen === head ? 0 : -1}
              onClick={() => {
                inspection.head.value = head
              }}
              onKeyDown={(event) => {
                const group = event.currentTarget.parentElement
                if (event.key === 'ArrowRight' || event.key === 'ArrowDown') choose(at + 1, group)
                else if (event.key === 'ArrowLeft' || event.key === 'ArrowUp') choose(at - 1, group)
              }}
            >
              <HeadMap view={view} head={head} />
              <span class="inspect-caption">{name}</span>
            </button>
          )
        })}
      </div>
      <Legend
        heat={attentionHeat(view, chosen)}
        text={t('Attention of [CLS], the highest 1 % cut off')}
        percent
      />
      <div class="inspect-row">
        <span class="inspect-label">{t('On patches')}</span>
        <span class="inspect-value">{`${(100 * partOnPatches(view, chosen)).toFixed(1)} %`}</span>
      </div>
    </>
  )
}

function partOnPatches({ onPatches, heads }: AttentionView, head: number | undefined): number {
  return head === undefined ? onPatches.reduce((a, b) => a + b, 0) / heads : onPatches[head]!
}

function HeadMap({ view, head }: { readonly view: AttentionView; readonly head: number | undefined }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const { rows, columns } = view.network
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!context) return
    const place = { left: 0, top: 0, width: columns, height: rows }
    new HeatLayer().draw(context, attentionHeat(view, head), view.network, place, 1)
  }, [view, head, rows, columns])
  return <canvas ref={canvas} width={columns} height={rows} />
}

/** What looks: model, size, device. */
function Network() {
  const network = inspection.network.value
  if (network === undefined) return null
  const { model, architecture, device, width, height, rows, columns } = network
  return (
    <p class="inspect-network">
      {`${model}, ${architecture}`}
      <br />
      {t('{0} x {1} pixels, {2} x {3} patches, {4}', width, height, columns, rows, device)}
    </p>
  )
}

/** Reads out the best match once it stays. */
function Announcement() {
  const [said, say] = useState('')
  const text = bestMatchText()
  useEffect(() => {
    const timer = setTimeout(() => say(text), QUIET)
    return () => clearTimeout(timer)
  }, [text])
  return (
    <div class="stage-announcement" aria-live="polite">
      {said}
    </div>
  )
}

function bestMatchText(): string {
  const pin = inspection.pinned.value
  const look = (pin ? stageLook : insetLook).value
  const clip = state.clip.value
  const best = look?.matches[0]
  if (inspection.what.value !== 'correspondence' || !look || !clip || !best) return ''
  const { x, y } = middleOf(best, look.patches, clip)
  return t(
    'Best match in frame {0} at {1}, {2}: similarity {3}',
    pin ? state.frame.value : (inspection.otherFrame.value ?? 0),
    Math.round(x),
    Math.round(y),
    best.similarity.toFixed(2),
  )
}
