import { computed, signal } from '@preact/signals'
import type {
  DashboardRun,
  EstimateView,
  EvaluationState,
  FormView,
  OtherRun,
  PreviewView,
  StageView,
  StepView,
} from '../protocol/index.ts'

/** What is shown: nothing yet, the form for a new run, or a run. */
export const page = signal<'waiting' | 'form' | 'run'>('waiting')

export const form = signal<FormView | undefined>(undefined)
/** The estimate for the form: being made, made, or why there is none. */
export const estimate = signal<{
  readonly stage: StageView | undefined
  readonly estimate: EstimateView | undefined
  readonly problem: string | undefined
}>({ stage: undefined, estimate: undefined, problem: undefined })
/** Why the run could not begin. */
export const refusal = signal<string | undefined>(undefined)
/** The start button was pressed and the host has not answered yet. */
export const starting = signal(false)

export const run = signal<DashboardRun | undefined>(undefined)
export const steps = signal<readonly StepView[]>([])
export const previews = signal<readonly PreviewView[]>([])
export const others = signal<readonly OtherRun[]>([])
/** Curves of other runs that came, by folder. */
export const curves = signal<ReadonlyMap<string, readonly StepView[]>>(new Map())
export const evaluation = signal<EvaluationState>({ kind: 'none' })

/** How the loss is drawn; outlives a hidden webview. */
export const smoothing = signal(0.9)
export const logScale = signal(false)
/** Folders of the runs that are drawn under this one. */
export const compared = signal<readonly string[]>([])
/** Those of them that are still on the list: runs may leave it. */
export const comparedNow = computed(() =>
  compared.value.filter((folder) => others.value.some((other) => other.folder === folder)),
)
