import { perform } from '../commands.ts'
import {
  agreement,
  type ComparedSide,
  comparedSide,
  comparison,
  farthest,
  isCompared,
  SIDE_COLOURS,
  SIDES,
} from '../comparison.ts'
import { execute } from '../messages.ts'
import { frame, shownFrame } from '../state.ts'
import { t } from '../texts.ts'
import { IconButton, TextButton } from '../widgets/buttons.tsx'
import { Codicon } from '../widgets/icons.tsx'

/** Two models on the same marks: which of them is drawn, how far they agree, and what becomes of them. */
export function ComparisonBar() {
  const view = comparison.value
  if (view === undefined) return null
  const [first, last] = view.range
  return (
    // biome-ignore lint/a11y/useSemanticElements: its parts belong together
    <div class="comparison" role="group" aria-label={t('Comparison of models')}>
      <div class="comparison-row">
        <Sides models={view.models} />
        <span class="stretch" />
        <IconButton title={t('Close Comparison')} onPress={() => execute('siammae.closeComparison')}>
          <Codicon name="close" />
        </IconButton>
      </div>
      <div class="comparison-row">
        <span class="comparison-facts" aria-live="polite">
          <Facts />
        </span>
        <span class="stretch" />
        <TextButton
          title={t('Make the results of {0} your annotations, as one step to undo', view.models[0])}
          disabled={view.done[0] === 0}
          onPress={() => execute('siammae.keepComparisonA')}
        >
          {t('Keep A')}
        </TextButton>
        <TextButton
          title={t('Make the results of {0} your annotations, as one step to undo', view.models[1])}
          disabled={view.done[1] === 0}
          onPress={() => execute('siammae.keepComparisonB')}
        >
          {t('Keep B')}
        </TextButton>
      </div>
      {!isCompared(frame.value) && (
        <div class="comparison-row">
          <span class="comparison-facts">{t('Frames {0} to {1} are compared.', first, last)}</span>
          <span class="stretch" />
          <TextButton onPress={() => perform({ name: 'goToFrame', frame: first })}>
            {t('Go There')}
          </TextButton>
        </div>
      )}
    </div>
  )
}

/** A radio group: A, B, or where they differ. */
function Sides({ models }: { readonly models: readonly [string, string] }) {
  const now = comparedSide.value
  const choose = (side: ComparedSide) => {
    comparedSide.value = side
  }
  const text = (side: ComparedSide) =>
    side === 'difference' ? t('Difference') : `${side.toUpperCase()} · ${models[side === 'a' ? 0 : 1]}`
  return (
    <span class="segments comparison-sides" role="radiogroup" aria-label={t('What is shown')}>
      {SIDES.map((side, at) => (
        // biome-ignore lint/a11y/useSemanticElements: a radio group of buttons, with the arrow keys of one
        <button
          key={side}
          type="button"
          role="radio"
          class="segment words"
          aria-checked={now === side}
          tabIndex={now === side ? 0 : -1}
          title={`${text(side)} (Shift+C)`}
          onClick={() => choose(side)}
          onKeyDown={(event) => {
            const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
            if (by === 0) return
            const next = (at + by + SIDES.length) % SIDES.length
            choose(SIDES[next]!)
            ;(event.currentTarget.parentElement?.children[next] as HTMLElement | undefined)?.focus()
          }}
        >
          {side !== 'difference' && <Swatch side={side} />}
          <span class="segment-text">{text(side)}</span>
        </button>
      ))}
    </span>
  )
}

function Swatch({ side }: { readonly side: 'a' | 'b' }) {
  return <span class="side-swatch" style={{ background: SIDE_COLOURS[side] }} aria-hidden="true" />
}

/** How far the comparison is, and how far the models agree. */
function Facts() {
  const view = comparison.value
  if (view === undefined) return null
  const shown = shownFrame.value
  const here = shown === undefined ? undefined : agreement(shown)
  const least = farthest.value
  return (
    <>
      {view.state !== 'done' && <span>{progressText()}</span>}
      {here !== undefined && <span>{t('Agreement here {0} %', percent(here))}</span>}
      {least !== undefined && (
        <button type="button" class="link" onClick={() => perform({ name: 'goToFrame', frame: least.frame })}>
          {t('least on frame {0}: {1} %', least.frame, percent(least.agreement))}
        </button>
      )}
    </>
  )
}

function progressText(): string {
  const view = comparison.value!
  const { side, done, total, models } = view
  switch (view.state) {
    case 'running':
      return t('{0}: {1} of {2}', models[side], done[side], total)
    case 'stopped':
      return t('Stopped')
    case 'failed':
      return t('Failed; see the log')
    case 'done':
      return ''
  }
}

const percent = (share: number): number => Math.round(100 * share)
