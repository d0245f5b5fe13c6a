import { t } from '../app/texts.ts'
import { post } from './messages.ts'
import { previews } from './state.ts'

/** What the network fills in, the latest first: the same pairs with the same masks every time. */
export function Gallery() {
  const pictures = [...previews.value].reverse()
  return (
    <section class="item" aria-labelledby="gallery">
      <h2 id="gallery" class="heading">
        {t('Reconstructions')}
      </h2>
      <p class="soft">
        {t(
          'Past frame, masked future frame, prediction and truth of the same pairs. The picture grows sharper as the model learns how things move.',
        )}
      </p>
      {pictures.length === 0 ? (
        <p class="soft">{t('The first picture comes after some steps.')}</p>
      ) : (
        <div class="gallery">
          {pictures.map(({ step, uri }) => (
            <figure key={step}>
              <button
                type="button"
                title={t('Open the picture of step {0}', step)}
                onClick={() => post({ type: 'openPreview', step })}
              >
                <img src={uri} alt={t('Reconstructions at step {0}', step)} loading="lazy" />
              </button>
              <figcaption>{t('Step {0}', step)}</figcaption>
            </figure>
          ))}
        </div>
      )}
    </section>
  )
}
