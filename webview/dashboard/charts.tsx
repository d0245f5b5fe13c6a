import { useMemo } from 'preact/hooks'
import { t } from '../app/texts.ts'
import type { StepView } from '../protocol/index.ts'
import { Chart, type Line } from './chart.tsx'
import { columns, smooth } from './curves.ts'
import { short } from './format.ts'
import { compare } from './messages.ts'
import { compared, comparedNow, curves, logScale, others, run, smoothing, steps } from './state.ts'

/** Colours and dashes of other runs, so that they can be told apart without colours too. */
const OTHERS = [
  ['charts-orange', [8, 4]],
  ['charts-green', [2, 3]],
  ['charts-purple', [10, 3, 2, 3]],
  ['charts-red', [4, 4]],
] as const

const MOST_OTHERS = OTHERS.length

/** What the steps say: the loss large, the rest small. */
export function Charts() {
  const known = steps.value
  if (known.length === 0)
    return (
      <section class="item">
        <p class="soft">{t('Curves appear with the first steps.')}</p>
      </section>
    )
  return (
    <section class="item" aria-labelledby="curves">
      <h2 id="curves" class="heading">
        {t('Curves')}
      </h2>
      <LossControls />
      <Loss known={known} />
      <div class="small-charts">
        <Small
          title={t('Learning rate')}
          known={known}
          of={({ learningRate }) => learningRate}
          colour="charts-purple"
        />
        <Small
          title={t('Gradient norm')}
          known={known}
          of={({ gradientNorm }) => gradientNorm}
          colour="charts-orange"
        />
        <Small
          title={t('Pairs per second')}
          known={known}
          of={({ pairsPerSecond }) => pairsPerSecond}
          colour="charts-green"
        />
      </div>
    </section>
  )
}

function LossControls() {
  return (
    <div class="row controls">
      <label class="row">
        <span class="soft">{t('Smoothing')}</span>
        <input
          type="range"
          min={0}
          max={0.99}
          step={0.01}
          value={smoothing.value}
          onInput={(event) => {
            smoothing.value = Number(event.currentTarget.value)
          }}
        />
        <span class="value">{smoothing.value.toFixed(2)}</span>
      </label>
      <label class="row">
        <input
          type="checkbox"
          checked={logScale.value}
          onChange={(event) => {
            logScale.value = event.currentTarget.checked
          }}
        />
        <span>{t('Log scale')}</span>
      </label>
      {others.value.length > 0 && (
        <details class="compare">
          <summary>{t('Compare with')}</summary>
          <div class="choices">
            {others.value.map(({ folder, name }) => {
              const chosen = compared.value.includes(folder)
              return (
                <label key={folder} class="row" title={folder}>
                  <input
                    type="checkbox"
                    checked={chosen}
                    disabled={!chosen && comparedNow.value.length >= MOST_OTHERS}
                    onChange={(event) => compare(folder, event.currentTarget.checked)}
                  />
                  <span>{name}</span>
                </label>
              )
            })}
          </div>
        </details>
      )}
    </div>
  )
}

function Loss({ known }: { readonly known: readonly StepView[] }) {
  const share = smoothing.value
  const chosen = compared.value
  const arrived = curves.value
  const names = others.value
  const lines = useMemo((): Line[] => {
    const [x, y] = columns(known, ({ loss }) => loss)
    const mean = smooth(y, share)
    return [
      ...(share > 0 ? [{ label: t('each step'), x, y, colour: 'charts-blue', faint: true }] : []),
      ...chosen.flatMap((folder, index): Line[] => {
        const curve = arrived.get(folder)
        const name = names.find((other) => other.folder === folder)?.name
        if (!curve || name === undefined) return []
        const [colour, dash] = OTHERS[index % MOST_OTHERS]!
        const [otherX, otherY] = columns(curve, ({ loss }) => loss)
        return [{ label: name, x: otherX, y: smooth(otherY, share), colour, dash }]
      }),
      { label: run.value?.name ?? t('Loss'), x, y: mean, colour: 'charts-blue' },
    ]
  }, [known, share, chosen, arrived, names])
  const last = lines.at(-1)!
  return (
    <Chart
      title={t('Loss')}
      lines={lines}
      height={280}
      log={logScale.value}
      summary={t(
        'From {0} at step {1} to {2} at step {3}',
        short(last.y[0]!),
        last.x[0]!,
        short(last.y.at(-1)!),
        last.x.at(-1)!,
      )}
    />
  )
}

function Small(props: {
  readonly title: string
  readonly known: readonly StepView[]
  readonly of: (step: StepView) => number
  readonly colour: string
}) {
  const { title, known, of, colour } = props
  const lines = useMemo((): Line[] => {
    const [x, y] = columns(known, of)
    return [{ label: title, x, y, colour }]
  }, [known, title, colour])
  const last = known.at(-1)!
  return (
    <Chart
      title={title}
      lines={lines}
      height={150}
      summary={t('{0} at step {1}', short(of(last)), last.step)}
    />
  )
}
