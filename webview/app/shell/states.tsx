import { execute } from '../messages.ts'
import type { Phase } from '../state.ts'
import { t } from '../texts.ts'
import { TextButton } from '../widgets/buttons.tsx'
import { Codicon } from '../widgets/icons.tsx'

/** The clip is being read for the first time. */
export function Opening({ phase }: { readonly phase: Extract<Phase, { kind: 'opening' }> }) {
  const { done, total } = phase
  const text =
    total !== undefined
      ? t('Reading the clip: {0} of {1} frames', done.toLocaleString(), total.toLocaleString())
      : done > 0
        ? t('Reading the clip: {0} frames', done.toLocaleString())
        : t('Opening the clip')
  return (
    <div class="centre">
      <div class="opening" role="status">
        <span
          class={`run-bar wide ${total === undefined ? 'waiting' : ''}`}
          role="progressbar"
          aria-label={text}
          aria-valuemin={0}
          aria-valuemax={total}
          aria-valuenow={total === undefined ? undefined : done}
        >
          <span class="run-done" style={{ width: `${total ? (100 * done) / total : 30}%` }} />
        </span>
        <span>{text}</span>
        <TextButton onPress={() => execute('siammae.cancelOpening')}>{t('Cancel')}</TextButton>
      </div>
    </div>
  )
}

/** Nothing can be shown: why, and what helps. */
export function Failed({ phase }: { readonly phase: Extract<Phase, { kind: 'failed' }> }) {
  return (
    <div class="centre">
      <div class="failed" role="alert">
        <span class="failed-icon">
          <Codicon name="error" />
        </span>
        <p>{phase.message}</p>
        {phase.actions.length > 0 && (
          <div class="failed-actions">
            {phase.actions.map((action, at) => (
              <TextButton key={action.command} primary={at === 0} onPress={() => execute(action.command)}>
                {action.title}
              </TextButton>
            ))}
          </div>
        )}
      </div>
    </div>
  )
}
