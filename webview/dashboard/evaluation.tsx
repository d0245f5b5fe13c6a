import { t } from '../app/texts.ts'
import { TextButton } from '../app/widgets/buttons.tsx'
import { Codicon } from '../app/widgets/icons.tsx'
import type { EvaluationView, ScoresView } from '../protocol/index.ts'
import { Notes } from './estimate.tsx'
import { percent } from './format.ts'
import { act } from './messages.ts'
import { Progress } from './stage.tsx'
import { evaluation, run } from './state.ts'

const MEASURES = [
  ['jf', 'J&F'],
  ['pck10', 'PCK@0.1'],
  ['pck20', 'PCK@0.2'],
] as const

/** Before and after on the person's own annotated clips. */
export function Evaluation({ ended }: { readonly ended: boolean }) {
  const state = evaluation.value
  const canMeasure = ended && (run.value?.step ?? 0) > 0
  return (
    <section class="item" aria-labelledby="evaluation" aria-live="polite">
      <h2 id="evaluation" class="heading">
        {t('Does it help?')}
      </h2>
      <p class="soft">
        {t(
          'In every annotated clip of the workspace with two keyframes or more of an object, the first is propagated and the others are compared: masks by J&F, keypoints by PCK, in percent.',
        )}
      </p>
      {state.kind === 'running' && (
        <div class="row">
          <div class="stage-line" role="status">
            <span>
              {state.clip === ''
                ? t('Reading the annotated clips')
                : t('{0} on {1}', state.model, state.clip)}
            </span>
            <Progress
              share={state.total > 0 ? state.done / state.total : undefined}
              label={t('Evaluation')}
            />
          </div>
          <TextButton onPress={() => act('cancelEvaluation')}>{t('Cancel')}</TextButton>
        </div>
      )}
      {state.kind === 'failed' && (
        <div class="notice error" role="alert">
          <Codicon name="error" />
          <span>{state.message}</span>
        </div>
      )}
      {state.kind === 'done' && <Table evaluation={state.evaluation} />}
      {state.kind !== 'running' && (
        <div class="row">
          <TextButton
            disabled={!canMeasure}
            onPress={() => act('evaluate')}
            title={canMeasure ? undefined : t('Possible once the training has stopped.')}
          >
            {state.kind === 'done' ? t('Measure Again') : t('Measure Before and After')}
          </TextButton>
        </div>
      )}
    </section>
  )
}

function Table({ evaluation }: { readonly evaluation: EvaluationView }) {
  const { step, models, clips, overall, skipped } = evaluation
  const rows = clips.flatMap(({ name, keyframes, scores }) => rowsOf(name, keyframes, scores))
  const keyframes = clips.reduce((sum, clip) => sum + clip.keyframes, 0)
  const total = rowsOf(t('All clips'), keyframes, overall)
  return (
    <>
      {/* The run has gone on since, or went back to its last checkpoint. */}
      {step !== undefined && step !== run.value?.step && (
        <p class="soft">{t('Measured at step {0} of the training.', step)}</p>
      )}
      <table class="table scores">
        <thead>
          <tr>
            <th scope="col">{t('Clip')}</th>
            <th scope="col" class="number-cell">
              {t('Keyframes')}
            </th>
            <th scope="col">{t('Measure')}</th>
            <th scope="col" class="number-cell">
              {models[0]}
            </th>
            <th scope="col" class="number-cell">
              {models[1]}
            </th>
            <th scope="col" class="number-cell">
              {t('Difference')}
            </th>
          </tr>
        </thead>
        <tbody>{rows}</tbody>
        <tfoot>{total}</tfoot>
      </table>
      <Notes notes={skipped} />
    </>
  )
}

function rowsOf(name: string, keyframes: number, scores: readonly ScoresView[]) {
  return MEASURES.filter(([key]) => scores.some((score) => score[key] !== undefined)).map(
    ([key, measure], index) => {
      const [before, after] = [scores[0]?.[key], scores[1]?.[key]]
      const change = before === undefined || after === undefined ? undefined : 100 * (after - before)
      const better = change !== undefined && change >= 0.05
      const worse = change !== undefined && change <= -0.05
      return (
        <tr key={`${name} ${key}`}>
          <th scope="row">{index === 0 ? name : ''}</th>
          <td class="number-cell">{index === 0 ? keyframes : ''}</td>
          <td>{measure}</td>
          <td class="number-cell">{percent(before)}</td>
          <td class="number-cell">{percent(after)}</td>
          <td class={`number-cell change ${better ? 'better' : worse ? 'worse' : ''}`}>
            {better && <Codicon name="arrow-up" />}
            {worse && <Codicon name="arrow-down" />}
            {change === undefined ? '–' : `${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(1)}`}
          </td>
        </tr>
      )
    },
  )
}
