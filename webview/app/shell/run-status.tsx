import type { RunView } from '../../protocol/index.ts'
import { execute } from '../messages.ts'
import { t } from '../texts.ts'
import { durationText, rateText } from '../time-text.ts'
import { IconButton } from '../widgets/buttons.tsx'
import { Codicon, Icon } from '../widgets/icons.tsx'

function stateText(state: RunView['state']): string {
  switch (state) {
    case 'starting':
      return t('Starting')
    case 'running':
      return t('Propagating')
    case 'paused':
      return t('Paused')
    case 'restarting':
      return t('Restarting the model')
    case 'stopping':
      return t('Stopping')
  }
}

/** How the propagation gets on, and what can be done about it. */
export function RunStatus({ run }: { readonly run: RunView }) {
  const waiting = run.done === 0 && (run.state === 'starting' || run.state === 'restarting')
  const part = run.total > 0 ? run.done / run.total : 0
  const text = stateText(run.state)
  const facts = [
    run.state === 'running' && run.framesPerSecond !== undefined
      ? t('{0} frames/s', rateText(run.framesPerSecond))
      : undefined,
    run.state === 'running' && run.secondsLeft !== undefined
      ? t('{0} left', durationText(run.secondsLeft))
      : undefined,
  ].filter((fact) => fact !== undefined)
  const machine = [run.device, run.model].filter((fact) => fact !== undefined).join(', ')
  return (
    // biome-ignore lint/a11y/useSemanticElements: status and its buttons belong together
    <span class="run" data-state={run.state} role="group" aria-label={t('Propagation')}>
      <span class="run-text">
        <span class="run-state">{text}</span>
        <span class="run-count">
          {run.done} / {run.total}
        </span>
      </span>
      <span
        class={`run-bar ${waiting ? 'waiting' : ''} ${run.state === 'paused' ? 'paused' : ''}`}
        role="progressbar"
        aria-label={text}
        aria-valuemin={0}
        aria-valuemax={run.total}
        aria-valuenow={run.done}
      >
        <span class="run-done" style={{ width: `${waiting ? 30 : 100 * part}%` }} />
      </span>
      {facts.length > 0 && <span class="run-facts">{facts.join(' · ')}</span>}
      {machine !== '' && (
        <span class="run-machine" title={machine}>
          {machine}
        </span>
      )}
      {run.state === 'paused' ? (
        <IconButton title={t('Resume Propagation')} onPress={() => execute('siammae.resumePropagation')}>
          <Icon name="play" />
        </IconButton>
      ) : (
        <IconButton
          title={t('Pause Propagation')}
          disabled={run.state !== 'running'}
          onPress={() => execute('siammae.pausePropagation')}
        >
          <Icon name="pause" />
        </IconButton>
      )}
      <IconButton
        title={t('Cancel Propagation')}
        disabled={run.state === 'stopping'}
        onPress={() => execute('siammae.cancelPropagation')}
      >
        <Codicon name="debug-stop" />
      </IconButton>
    </span>
  )
}
