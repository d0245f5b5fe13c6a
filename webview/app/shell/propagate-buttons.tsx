import { execute } from '../messages.ts'
import { objects, range, trusted } from '../state.ts'
import { t } from '../texts.ts'
import { Codicon, Icon } from '../widgets/icons.tsx'
import { openMenuAtElement } from '../widgets/menu.tsx'

/** Starts a propagation from the marks on this frame; the arrow offers the other ways. */
export function PropagateButtons() {
  const why = !trusted.value
    ? t('Models do not run in a workspace that is not trusted.')
    : objects.value.length === 0
      ? t('There is no object to propagate yet.')
      : undefined
  const ways = [
    ['propagateBackward', 'siammae.propagateBackward', t('Propagate Backward'), ' (B)'],
    ['propagateBoth', 'siammae.propagateBoth', t('Propagate in Both Directions'), ''],
    ['propagateForward', 'siammae.propagateForward', t('Propagate Forward'), ' (F)'],
  ] as const
  return (
    // biome-ignore lint/a11y/useSemanticElements: buttons of one kind in a toolbar
    <span class="split" role="group" aria-label={t('Propagate')}>
      <span class="split-label collapsible" aria-hidden="true">
        {t('Propagate')}
      </span>
      {ways.map(([icon, command, title, key]) => (
        <button
          key={command}
          type="button"
          class="split-button"
          title={`${title}${key}${why ? `\n${why}` : ''}`}
          aria-label={title}
          disabled={why !== undefined}
          onClick={() => execute(command)}
        >
          <Icon name={icon} />
        </button>
      ))}
      <button
        type="button"
        class="split-button split-more"
        title={t('More Ways to Propagate')}
        aria-label={t('More Ways to Propagate')}
        aria-haspopup="menu"
        disabled={why !== undefined}
        onClick={(event) =>
          openMenuAtElement(event.currentTarget, [
            {
              label: t('Propagate to Next Keyframe'),
              run: () => execute('siammae.propagateToNextKeyframe'),
            },
            {
              label: range.value
                ? t('Propagate over Range {0} to {1}', range.value[0], range.value[1])
                : t('Propagate over Range'),
              disabled: range.value === undefined,
              run: () => execute('siammae.propagateRange'),
            },
            { label: t('Propagate over the Whole Clip'), run: () => execute('siammae.propagateBoth') },
            'separator',
            {
              label: t('Propagate Backward to the Start'),
              key: 'B',
              run: () => execute('siammae.propagateBackward'),
            },
            {
              label: t('Propagate Forward to the End'),
              key: 'F',
              run: () => execute('siammae.propagateForward'),
            },
          ])
        }
      >
        <Codicon name="chevron-down" />
      </button>
    </span>
  )
}
