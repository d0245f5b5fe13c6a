import { perform } from '../commands.ts'
import { clip, frame, frameCount, loop, playing, range, run } from '../state.ts'
import { t } from '../texts.ts'
import { parseFrame, timeText } from '../time-text.ts'
import { IconButton } from '../widgets/buttons.tsx'
import { TypedField } from '../widgets/fields.tsx'
import { Codicon, Icon } from '../widgets/icons.tsx'
import { PropagateButtons } from './propagate-buttons.tsx'
import { RunStatus } from './run-status.tsx'

/** Moving through the clip, the range, and propagation. */
export function TransportBar() {
  const none = frameCount.value === 0
  return (
    <div class="transport-bar" role="toolbar" aria-label={t('Transport')}>
      <span class="group">
        <IconButton
          title={t('First Frame')}
          keys="Home"
          disabled={none}
          onPress={() => perform({ name: 'firstFrame' })}
        >
          <Icon name="first" />
        </IconButton>
        <IconButton
          title={t('One Frame Back')}
          keys={t('Left')}
          disabled={none}
          onPress={() => perform({ name: 'step', by: -1 })}
        >
          <Icon name="back" />
        </IconButton>
        <IconButton
          title={playing.value ? t('Pause') : t('Play')}
          keys={t('Space')}
          disabled={none}
          onPress={() => perform({ name: 'togglePlay' })}
        >
          <Icon name={playing.value ? 'pause' : 'play'} />
        </IconButton>
        <IconButton
          title={t('One Frame Forward')}
          keys={t('Right')}
          disabled={none}
          onPress={() => perform({ name: 'step', by: 1 })}
        >
          <Icon name="forward" />
        </IconButton>
        <IconButton
          title={t('Last Frame')}
          keys="End"
          disabled={none}
          onPress={() => perform({ name: 'lastFrame' })}
        >
          <Icon name="last" />
        </IconButton>
        <IconButton
          title={t('Toggle Loop')}
          keys="L"
          disabled={none}
          pressed={loop.value}
          onPress={() => perform({ name: 'toggleLoop' })}
        >
          <Icon name="loop" />
        </IconButton>
      </span>
      <FrameBox />
      <span class="divider" />
      <RangeGroup />
      <span class="stretch" />
      {run.value ? <RunStatus run={run.value} /> : <PropagateButtons />}
    </div>
  )
}

function FrameBox() {
  const times = clip.value?.times ?? new Float64Array()
  const last = Math.max(0, frameCount.value - 1)
  const label = t('Frame; a number, or a time such as 0:01.5')
  return (
    <span class="frame-box">
      <TypedField
        class="frame-number"
        width={Math.max(3, String(last).length)}
        label={label}
        title={label}
        text={String(frame.value)}
        onTyped={(text) => {
          const chosen = parseFrame(text, times)
          if (chosen !== undefined) perform({ name: 'goToFrame', frame: chosen })
        }}
        onStep={(by) => perform({ name: 'step', by })}
      />
      <span class="frame-count">/ {last}</span>
      <span class="time">{timeText(times[frame.value] ?? 0)}</span>
    </span>
  )
}

function RangeGroup() {
  const none = frameCount.value === 0
  const chosen = range.value
  return (
    <span class="group">
      <IconButton
        title={t('Start Range Here')}
        keys="I"
        disabled={none}
        onPress={() => perform({ name: 'rangeStart' })}
      >
        <Icon name="rangeStart" />
      </IconButton>
      {chosen && <span class="range-text">{`${chosen[0]} – ${chosen[1]}`}</span>}
      <IconButton
        title={t('End Range Here')}
        keys="U"
        disabled={none}
        onPress={() => perform({ name: 'rangeEnd' })}
      >
        <Icon name="rangeEnd" />
      </IconButton>
      {chosen && (
        <IconButton title={t('Clear Range')} onPress={() => perform({ name: 'clearRange' })}>
          <Codicon name="close" />
        </IconButton>
      )}
    </span>
  )
}
