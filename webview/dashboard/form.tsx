import { t } from '../app/texts.ts'
import { IconButton, TextButton } from '../app/widgets/buttons.tsx'
import { Codicon } from '../app/widgets/icons.tsx'
import { type FormView, LENGTHS, type RunLength } from '../protocol/index.ts'
import { Estimate } from './estimate.tsx'
import { duration } from './format.ts'
import { act, post } from './messages.ts'
import { estimate, form, refusal, starting } from './state.ts'

/** The form for a new run. */
export function Form() {
  const choices = form.value
  if (!choices) return null
  const canStart = choices.trusted && choices.footage.length > 0 && !starting.value
  return (
    <main class="page form">
      <h1>{t('Fine-tune on footage')}</h1>
      <p class="lead">
        {t(
          'The model goes on learning from videos as they are: no marks are needed, and none are used. You can annotate meanwhile.',
        )}
      </p>
      {!choices.trusted && (
        <div class="notice" role="alert">
          <Codicon name="shield" />
          <span>{t('Models are not trained in a workspace that is not trusted; trust it first.')}</span>
          <TextButton onPress={() => act('trust')}>{t('Manage Workspace Trust')}</TextButton>
        </div>
      )}
      <Footage choices={choices} />
      <section class="item">
        <label class="heading" for="start">
          {t('Start from')}
        </label>
        <select
          id="start"
          class="select"
          value={choices.start}
          onChange={(event) => post({ type: 'change', form: { start: event.currentTarget.value } })}
        >
          {choices.starts.map(({ value, name, detail }) => (
            <option key={value} value={value} selected={value === choices.start}>
              {`${name} (${detail})`}
            </option>
          ))}
        </select>
      </section>
      <Length choices={choices} />
      <section class="item">
        <label class="heading" for="device">
          {t('Device')}
        </label>
        <select
          id="device"
          class="select"
          value={choices.device}
          onChange={(event) => post({ type: 'change', form: { device: event.currentTarget.value } })}
        >
          {choices.devices.map((device) => (
            <option key={device} value={device} selected={device === choices.device}>
              {device === 'auto' ? t('auto: the best that passes its test') : device}
            </option>
          ))}
        </select>
      </section>
      <Settings choices={choices} />
      <Estimate />
      {refusal.value !== undefined && (
        <div class="notice error" role="alert">
          <Codicon name="error" />
          <span>{refusal.value}</span>
        </div>
      )}
      <div class="row end">
        <TextButton primary disabled={!canStart} onPress={() => act('start')}>
          {starting.value ? t('Starting...') : t('Start Fine-Tuning')}
        </TextButton>
      </div>
    </main>
  )
}

function Footage({ choices }: { readonly choices: FormView }) {
  return (
    <section class="item" aria-labelledby="footage">
      <h2 id="footage" class="heading">
        {t('Footage')}
      </h2>
      {choices.footage.length === 0 ? (
        <p class="soft">{t('Add videos, folders of videos, or folders of images to learn from.')}</p>
      ) : (
        <ul class="list">
          {choices.footage.map(({ path, name, isFolder }) => (
            <li key={path} title={path}>
              <Codicon name={isFolder ? 'folder' : 'device-camera-video'} />
              <span class="grow">{name}</span>
              <IconButton title={t('Remove {0}', name)} onPress={() => post({ type: 'removeFootage', path })}>
                <Codicon name="close" />
              </IconButton>
            </li>
          ))}
        </ul>
      )}
      <div class="row">
        <TextButton onPress={() => act('addFiles')}>{t('Add Videos...')}</TextButton>
        <TextButton onPress={() => act('addFolder')}>{t('Add Folder...')}</TextButton>
      </div>
    </section>
  )
}

const LENGTH_NAMES: Readonly<Record<RunLength, () => string>> = {
  short: () => t('Short'),
  medium: () => t('Medium'),
  long: () => t('Long'),
}

function Length({ choices }: { readonly choices: FormView }) {
  const measured = estimate.value.estimate
  const own = measured?.steps
  return (
    <fieldset class="item" disabled={own !== undefined}>
      <legend class="heading">{t('How long')}</legend>
      <div class="cards">
        {(Object.keys(LENGTHS) as RunLength[]).map((length) => (
          <label key={length} class={`card ${choices.length === length ? 'chosen' : ''}`}>
            <input
              type="radio"
              name="length"
              value={length}
              checked={choices.length === length}
              onChange={() => post({ type: 'change', form: { length } })}
            />
            <span class="card-name">{LENGTH_NAMES[length]()}</span>
            <span class="soft">{t('{0} steps', LENGTHS[length])}</span>
            <span class="soft">
              {measured
                ? t(
                    'about {0}',
                    duration(measured.secondsToStart + LENGTHS[length] * measured.secondsPerStep),
                  )
                : t('time not measured yet')}
            </span>
          </label>
        ))}
      </div>
      {own !== undefined && <p class="soft">{t('All Settings says {0} steps; that counts.', own)}</p>}
    </fieldset>
  )
}

function Settings({ choices }: { readonly choices: FormView }) {
  const { settings } = choices
  return (
    <section class="item" aria-labelledby="settings">
      <h2 id="settings" class="heading">
        {t('All settings')}
      </h2>
      <p class="soft">
        {settings
          ? t('{0} counts before this form. What it leaves out stays as it is here.', settings.name)
          : t('Learning rate, batch, masking and everything else, as JSON with completion.')}
      </p>
      {settings?.problem !== undefined && (
        <div class="notice error" role="alert">
          <Codicon name="error" />
          <span>{settings.problem}</span>
        </div>
      )}
      <div class="row">
        <TextButton onPress={() => act('openSettings')}>{t('Edit All Settings')}</TextButton>
        {settings && <TextButton onPress={() => act('dropSettings')}>{t('Do Without')}</TextButton>}
      </div>
    </section>
  )
}
