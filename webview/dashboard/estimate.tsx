import { t } from '../app/texts.ts'
import { TextButton } from '../app/widgets/buttons.tsx'
import { Codicon } from '../app/widgets/icons.tsx'
import { type EstimateView, LENGTHS } from '../protocol/index.ts'
import { duration, gigabytes, short } from './format.ts'
import { act } from './messages.ts'
import { Stage } from './stage.tsx'
import { estimate, form } from './state.ts'

/** What the run would cost, measured before it starts. */
export function Estimate() {
  const { stage, estimate: measured, problem } = estimate.value
  const choices = form.value
  if (!choices || choices.footage.length === 0 || !choices.trusted) return null
  return (
    <section class="item" aria-labelledby="estimate" aria-live="polite">
      <h2 id="estimate" class="heading">
        {t('Estimate')}
      </h2>
      {stage && (
        <div class="row">
          <Stage stage={stage} />
          <TextButton onPress={() => act('cancelEstimate')}>{t('Cancel')}</TextButton>
        </div>
      )}
      {problem !== undefined && (
        <div class="notice error" role="alert">
          <Codicon name="error" />
          <span>{problem}</span>
        </div>
      )}
      {measured && <Measured measured={measured} steps={measured.steps ?? LENGTHS[choices.length]} />}
      {!stage && (
        <div class="row">
          <TextButton onPress={() => act('estimate')}>
            {measured ? t('Measure Again') : t('Measure')}
          </TextButton>
        </div>
      )}
    </section>
  )
}

function Measured({ measured, steps }: { readonly measured: EstimateView; readonly steps: number }) {
  const { secondsPerStep, secondsToStart, peakMemoryBytes, memoryBytes, pairs, pairsPerStep } = measured
  const total = secondsToStart + steps * secondsPerStep
  const frames = measured.clips.reduce((sum, clip) => sum + clip.frames, 0)
  const tight = peakMemoryBytes > 0.8 * memoryBytes
  return (
    <>
      <dl class="facts">
        <Fact name={t('Time')} value={t('about {0}', duration(total))} />
        <Fact name={t('One step')} value={t('{0} s', short(secondsPerStep))} />
        <Fact
          name={t('Memory')}
          value={t('{0} of {1}', gigabytes(peakMemoryBytes), gigabytes(memoryBytes))}
          warning={tight}
        />
        <Fact name={t('Device')} value={measured.device} />
        <Fact name={t('Pairs of frames')} value={short(pairs)} />
        <Fact name={t('Looked at')} value={t('{0} pairs', short(steps * pairsPerStep))} />
      </dl>
      <details>
        <summary>
          {measured.clips.length === 1
            ? t('1 clip with {0} frames', frames)
            : t('{0} clips with {1} frames', measured.clips.length, frames)}
        </summary>
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{t('Clip')}</th>
              <th scope="col" class="number-cell">
                {t('Frames')}
              </th>
              <th scope="col">{t('Licence')}</th>
            </tr>
          </thead>
          <tbody>
            {measured.clips.map(({ name, frames: count, licence }) => (
              <tr key={name}>
                <td>{name}</td>
                <td class="number-cell">{count}</td>
                <td>{licence}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
      <Notes notes={[...measured.skipped, ...measured.notes]} />
    </>
  )
}

/** A name and what it is. */
export function Fact(props: { readonly name: string; readonly value: string; readonly warning?: boolean }) {
  return (
    <div class="fact">
      <dt>{props.name}</dt>
      <dd class={props.warning ? 'warning' : ''}>
        {props.warning && <Codicon name="warning" />}
        {props.value}
      </dd>
    </div>
  )
}

/** Sentences that a person should read. */
export function Notes({ notes }: { readonly notes: readonly string[] }) {
  if (notes.length === 0) return null
  return (
    <ul class="notes">
      {notes.map((note) => (
        <li key={note}>
          <Codicon name="info" />
          <span>{note}</span>
        </li>
      ))}
    </ul>
  )
}
