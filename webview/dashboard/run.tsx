import { t } from '../app/texts.ts'
import { TextButton } from '../app/widgets/buttons.tsx'
import { Codicon } from '../app/widgets/icons.tsx'
import type { DashboardRun } from '../protocol/index.ts'
import { Charts } from './charts.tsx'
import { Fact, Notes } from './estimate.tsx'
import { Evaluation } from './evaluation.tsx'
import { duration, gigabytes, short } from './format.ts'
import { Gallery } from './gallery.tsx'
import { act } from './messages.ts'
import { Progress, Stage } from './stage.tsx'
import { run } from './state.ts'

const STATES: Readonly<Record<DashboardRun['state'], readonly [icon: string, words: () => string]>> = {
  preparing: ['loading codicon-modifier-spin', () => t('Preparing')],
  running: ['mortar-board', () => t('Training')],
  paused: ['debug-pause', () => t('Paused')],
  waiting: ['debug-pause', () => t('Waiting: the propagation goes first')],
  restarting: ['loading codicon-modifier-spin', () => t('Restarting from the last checkpoint')],
  stopping: ['loading codicon-modifier-spin', () => t('Stopping with a checkpoint')],
  stopped: ['debug-stop', () => t('Stopped')],
  failed: ['error', () => t('Failed')],
  done: ['pass', () => t('Done')],
}

/** The dashboard of a run. */
export function Run() {
  const shown = run.value
  if (!shown) return null
  const [icon, words] = STATES[shown.state]
  const ended = ['stopped', 'failed', 'done'].includes(shown.state)
  return (
    <main class="page dashboard">
      <header>
        <div class="row spread">
          <h1>{shown.name}</h1>
          <Buttons shown={shown} />
        </div>
        <div class="row status" role="status">
          <Codicon name={icon} />
          <strong>{words()}</strong>
          <span class="soft">{t('{0} of {1} steps', shown.step, shown.steps)}</span>
        </div>
        <Progress share={shown.step / Math.max(1, shown.steps)} label={t('Steps')} />
        {shown.stage && !ended && <Stage stage={shown.stage} />}
        {shown.message !== undefined && shown.state !== 'running' && (
          <div class="notice error" role="alert">
            <Codicon name="error" />
            <span>{shown.message}</span>
          </div>
        )}
        <Facts shown={shown} ended={ended} />
        <Notes notes={shown.notes} />
      </header>
      <Charts />
      <Gallery />
      <Evaluation ended={ended} />
    </main>
  )
}

function Buttons({ shown: { state, step, model } }: { readonly shown: DashboardRun }) {
  const going = ['preparing', 'running', 'waiting', 'restarting'].includes(state)
  const canResume = ['paused', 'stopped', 'failed'].includes(state)
  const canStop = going || state === 'paused'
  const ended = ['stopped', 'failed', 'done'].includes(state)
  return (
    <div class="row buttons" role="toolbar" aria-label={t('Training')}>
      {going && <TextButton onPress={() => act('pause')}>{t('Pause')}</TextButton>}
      {canResume && (
        <TextButton primary={state === 'paused'} onPress={() => act('resume')}>
          {t('Resume')}
        </TextButton>
      )}
      {canStop && (
        <TextButton onPress={() => act('stop')} title={t('Writes a checkpoint; the run can be resumed.')}>
          {t('Stop')}
        </TextButton>
      )}
      {canStop && (
        <TextButton
          disabled={step === 0}
          onPress={() => act('stopAndKeep')}
          title={t('Writes a checkpoint and makes a model of it.')}
        >
          {t('Stop and Keep')}
        </TextButton>
      )}
      {ended && step > 0 && model !== 'active' && (
        <TextButton primary onPress={() => act('makeActive')}>
          {t('Use This Model')}
        </TextButton>
      )}
      {model === 'active' && (
        <span class="badge">
          <Codicon name="check" />
          {t('Active model')}
        </span>
      )}
      {ended && <TextButton onPress={() => act('newRun')}>{t('New Run...')}</TextButton>}
      <TextButton onPress={() => act('openCard')} disabled={step === 0}>
        {t('Training Card')}
      </TextButton>
      <TextButton onPress={() => act('reveal')}>{t('Reveal Folder')}</TextButton>
    </div>
  )
}

function Facts({ shown, ended }: { readonly shown: DashboardRun; readonly ended: boolean }) {
  const unknown = '–'
  return (
    <dl class="facts">
      <Fact name={t('Loss')} value={shown.loss === undefined ? unknown : shown.loss.toFixed(4)} />
      <Fact
        name={t('Pairs per second')}
        value={shown.pairsPerSecond === undefined ? unknown : short(shown.pairsPerSecond)}
      />
      <Fact
        name={t('Time left')}
        value={
          ended || shown.secondsLeft === undefined ? unknown : t('about {0}', duration(shown.secondsLeft))
        }
      />
      <Fact name={t('Device')} value={shown.device ?? unknown} />
      <Fact
        name={t('Memory')}
        value={shown.memoryBytes === undefined ? unknown : gigabytes(shown.memoryBytes)}
      />
      <Fact name={t('Started from')} value={shown.start} />
      <Fact name={t('Footage')} value={shown.footage.join(', ')} />
    </dl>
  )
}
