import { dismissOffer, execute } from '../messages.ts'
import { dismiss, notices, objects, offer, run, trusted } from '../state.ts'
import { t } from '../texts.ts'
import { IconButton, TextButton } from '../widgets/buttons.tsx'
import { Codicon } from '../widgets/icons.tsx'

/** Sentences above the picture; they lie over it, so that it never moves under the pen. */
export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {!trusted.value && (
        <div class="notice info">
          <Codicon name="shield" />
          <span class="notice-text">
            {t('This workspace is not trusted: looking and drawing work, models do not run.')}
          </span>
          <TextButton onPress={() => execute('workbench.trust.manage')}>{t('Manage Trust')}</TextButton>
        </div>
      )}
      <Offer />
      {notices.value.map((notice) => (
        <div key={notice.id} class={`notice ${notice.level}`}>
          <Codicon name={notice.level} />
          <span class="notice-text">{notice.text}</span>
          <IconButton title={t('Close')} onPress={() => dismiss(notice.id)}>
            <Codicon name="close" />
          </IconButton>
        </div>
      ))}
    </div>
  )
}

/** Offers to propagate the span of a corrected frame again. */
function Offer() {
  const offered = offer.value
  if (!offered || run.value) return null
  const object = objects.value.find((one) => one.id === offered.objectId)
  const [first, last] = offered.range
  return (
    <div class="offer">
      <span class="notice-text">
        {t('{0} was corrected: propagate frames {1} to {2} again?', object?.name ?? '', first, last)}
      </span>
      <TextButton
        primary
        disabled={!trusted.value}
        onPress={() => {
          offer.value = undefined
          execute('siammae.propagateSpan', offered.objectId, offered.range)
        }}
      >
        {t('Propagate')}
      </TextButton>
      <TextButton onPress={() => dismissOffer(offered)}>{t('Not Now')}</TextButton>
    </div>
  )
}
