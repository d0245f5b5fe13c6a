import { useLayoutEffect, useRef } from 'preact/hooks'
import { execute } from '../messages.ts'
import { frame, frameCount, objectId, objects, timelineHeight, timelineSpan } from '../state.ts'
import { t } from '../texts.ts'
import { IconButton, TextButton } from '../widgets/buttons.tsx'
import { Codicon, Icon } from '../widgets/icons.tsx'
import { LANE_HEIGHT, RULER_HEIGHT, revealLane } from './geometry.ts'
import { LaneHeaders } from './lane-headers.tsx'
import { middleOfFrame, zoomAt } from './scale.ts'
import { Track } from './track.tsx'
import * as view from './view.ts'

const SCROLLBAR = 10
const SHORTEST = RULER_HEIGHT + LANE_HEIGHT + SCROLLBAR

/** Height that shows the objects there are, six at most. */
function ownHeight(): number {
  return RULER_HEIGHT + Math.min(6, Math.max(3, objects.value.length)) * LANE_HEIGHT + SCROLLBAR
}

/** One lane per object under a ruler. */
export function Timeline() {
  const height = timelineHeight.value ?? ownHeight()
  const lanes = RULER_HEIGHT + objects.value.length * LANE_HEIGHT + SCROLLBAR
  const scroller = useRef<HTMLDivElement>(null)
  const current = objects.value.findIndex(({ id }) => id === objectId.value)
  const chosen = objects.value[current]?.id
  useLayoutEffect(() => {
    const element = scroller.current!
    // What is under the pointer stays there: a second press is for the same lane.
    const pressed = view.dragging.peek() || element.querySelector(`[data-object-id="${chosen}"]:hover`)
    if (chosen !== undefined && !pressed)
      element.scrollTop = revealLane(current, element.scrollTop, element.clientHeight - SCROLLBAR)
    // An element made anew starts at the top, and says nothing of that.
    view.scroll.value = element.scrollTop
  }, [chosen])
  return (
    <section class="timeline" style={{ '--height': `${height}px` }} aria-label={t('Timeline and Objects')}>
      <Splitter height={height} />
      <div
        ref={scroller}
        class="timeline-scroll"
        onScroll={(event) => {
          view.scroll.value = event.currentTarget.scrollTop
        }}
      >
        <div class="timeline-grid" style={{ '--lanes': `${lanes}px` }}>
          <div class="lane-column">
            <Corner />
            {objects.value.length > 0 && <LaneHeaders />}
          </div>
          <Track />
        </div>
      </div>
      {objects.value.length === 0 && (
        <div class="empty">
          <span>{t('No objects yet: make one, then draw it on this frame.')}</span>
          <TextButton primary onPress={() => execute('siammae.newObject')}>
            {t('New Object...')}
          </TextButton>
        </div>
      )}
      <HorizontalScroll />
    </section>
  )
}

function Corner() {
  const zoom = (factor: number) => {
    const { width } = view.size.value
    const scale = view.scale.value
    const x = Math.min(width, Math.max(0, middleOfFrame(scale, frame.value)))
    view.setScale(zoomAt(scale, x, factor, frameCount.value, width))
  }
  return (
    <div class="lane-corner">
      <span class="lane-corner-title">{t('Objects')}</span>
      <IconButton title={t('New Object...')} keys="N" onPress={() => execute('siammae.newObject')}>
        <Codicon name="add" />
      </IconButton>
      <span class="divider" />
      <IconButton title={t('Zoom Out the Timeline')} disabled={!view.zoomed.value} onPress={() => zoom(0.5)}>
        <Codicon name="zoom-out" />
      </IconButton>
      <IconButton title={t('Zoom In the Timeline (Ctrl and Wheel)')} onPress={() => zoom(2)}>
        <Codicon name="zoom-in" />
      </IconButton>
      <IconButton
        title={t('Show the Whole Clip')}
        disabled={!view.zoomed.value}
        onPress={() => {
          timelineSpan.value = undefined
        }}
      >
        <Icon name="fit" />
      </IconButton>
    </div>
  )
}

function Splitter({ height }: { readonly height: number }) {
  const start = useRef<{ y: number; height: number } | undefined>(undefined)
  const most = () => Math.max(SHORTEST, Math.round(innerHeight * 0.6))
  const set = (wanted: number) => {
    timelineHeight.value = Math.min(most(), Math.max(SHORTEST, Math.round(wanted)))
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a rule cannot be moved
    <div
      class="splitter"
      role="separator"
      tabIndex={0}
      aria-orientation="horizontal"
      aria-label={t('Height of the timeline')}
      aria-valuenow={height}
      aria-valuemin={SHORTEST}
      aria-valuemax={most()}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        start.current = { y: event.clientY, height: event.currentTarget.parentElement!.offsetHeight }
      }}
      onPointerMove={(event) => {
        if (start.current) set(start.current.height + start.current.y - event.clientY)
      }}
      onPointerUp={() => {
        start.current = undefined
      }}
      onPointerCancel={() => {
        start.current = undefined
      }}
      onDblClick={() => {
        timelineHeight.value = undefined
      }}
      onKeyDown={(event) => {
        if (event.key === 'ArrowUp') set(height + LANE_HEIGHT)
        else if (event.key === 'ArrowDown') set(height - LANE_HEIGHT)
        else return
        event.preventDefault()
      }}
    />
  )
}

function HorizontalScroll() {
  const start = useRef<{ x: number; first: number } | undefined>(undefined)
  if (!view.zoomed.value) return null
  const { width } = view.size.value
  const { first, perPixel } = view.scale.value
  const frames = frameCount.value
  const long = Math.max(20, (width * width * perPixel) / frames)
  const way = width - long
  const hidden = frames - width * perPixel
  const left = hidden > 0 ? (first / hidden) * way : 0
  return (
    <div class="timeline-scrollbar" aria-hidden="true">
      <div
        class="timeline-thumb"
        style={{ width: `${long}px`, transform: `translateX(${left}px)` }}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId)
          start.current = { x: event.clientX, first }
        }}
        onPointerMove={(event) => {
          if (!start.current || way <= 0) return
          const moved = ((event.clientX - start.current.x) / way) * hidden
          view.setScale({ first: start.current.first + moved, perPixel })
        }}
        onPointerUp={() => {
          start.current = undefined
        }}
      />
    </div>
  )
}
