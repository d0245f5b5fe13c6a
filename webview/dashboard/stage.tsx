import { t } from '../app/texts.ts'
import type { StageView } from '../protocol/index.ts'

const WORDS: Readonly<Record<StageView['stage'], (name: string) => string>> = {
  waiting: () => t('Waiting for the propagation or evaluation to end'),
  decoding: (name) => t('Decoding {0}', name),
  device: () => t('Trying the device'),
  compiling: (name) => t('Making the network ready on {0}', name),
  measuring: (name) => t('Measuring a step on {0}', name),
  exporting: () => t('Writing the model'),
}

/** What is being done before there are steps. */
export function Stage({ stage }: { readonly stage: StageView }) {
  const words = WORDS[stage.stage](stage.name)
  const share = stage.stage === 'decoding' && stage.total > 0 ? stage.done / stage.total : undefined
  return (
    <div class="stage-line" role="status">
      <span>{words}</span>
      <Progress share={share} label={words} />
    </div>
  )
}

/** A bar; without a share it only says that something goes on. */
export function Progress({ share, label }: { readonly share: number | undefined; readonly label: string }) {
  const percent = share === undefined ? undefined : Math.round(100 * Math.min(1, Math.max(0, share)))
  return (
    <div
      class={`progress ${percent === undefined ? 'unknown' : ''}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <div style={percent === undefined ? {} : { width: `${percent}%` }} />
    </div>
  )
}
