/** What the extension host and the panel for fine-tuning say to each other. */

/** How long a run goes on, in optimiser steps. */
export const LENGTHS = { short: 100, medium: 400, long: 1500 } as const
export type RunLength = keyof typeof LENGTHS

/** A model that a run may start from. */
export interface StartChoice {
  /** `starter`, `random`, or an absolute path. */
  readonly value: string
  readonly name: string
  /** Such as `SiamMAE ViT-S/16`. */
  readonly detail: string
}

/** The form as the host keeps it. */
export interface FormView {
  readonly footage: readonly { readonly path: string; readonly name: string; readonly isFolder: boolean }[]
  /** Value of a {@link StartChoice}. */
  readonly start: string
  readonly length: RunLength
  readonly device: string
  readonly starts: readonly StartChoice[]
  readonly devices: readonly string[]
  /** The file 'All Settings' edits, where there is one; what it sets counts before the form. */
  readonly settings: { readonly name: string; readonly problem: string | undefined } | undefined
  readonly trusted: boolean
}

export interface EstimateView {
  readonly secondsPerStep: number
  readonly secondsToStart: number
  /** Where the settings file says how many, else undefined: the length counts. */
  readonly steps: number | undefined
  readonly peakMemoryBytes: number
  readonly memoryBytes: number
  readonly device: string
  readonly clips: readonly {
    readonly name: string
    readonly frames: number
    readonly licence: string
  }[]
  readonly skipped: readonly string[]
  readonly pairs: number
  readonly pairsPerStep: number
  readonly notes: readonly string[]
}

/** Preparing an estimate or a run. */
export interface StageView {
  /** An estimate waits for whatever else computes. */
  readonly stage: 'waiting' | 'decoding' | 'device' | 'compiling' | 'measuring' | 'exporting'
  readonly name: string
  readonly done: number
  readonly total: number
}

export interface DashboardRun {
  /** The run's folder; its key. */
  readonly folder: string
  readonly name: string
  readonly state:
    | 'preparing'
    | 'running'
    | 'paused'
    | 'waiting'
    | 'restarting'
    | 'stopping'
    | 'stopped'
    | 'failed'
    | 'done'
  readonly step: number
  readonly steps: number
  readonly loss: number | undefined
  readonly device: string | undefined
  readonly pairsPerSecond: number | undefined
  readonly secondsLeft: number | undefined
  readonly memoryBytes: number | undefined
  readonly message: string | undefined
  readonly stage: StageView | undefined
  readonly notes: readonly string[]
  /** Names of the footage. */
  readonly footage: readonly string[]
  /** Name of the model that it started from. */
  readonly start: string
  /** Whether a model was made of its last step, and whether that is the active one. */
  readonly model: 'none' | 'made' | 'active'
}

/** A step as the charts need it. */
export interface StepView {
  readonly step: number
  readonly loss: number
  readonly gradientNorm: number
  readonly learningRate: number
  readonly pairsPerSecond: number
}

/** Another run whose curve may lie under this one's. */
export interface OtherRun {
  readonly folder: string
  readonly name: string
}

export interface PreviewView {
  readonly step: number
  /** Address that the webview may load. */
  readonly uri: string
}

export interface ScoresView {
  readonly jf: number | undefined
  readonly j: number | undefined
  readonly f: number | undefined
  readonly pck10: number | undefined
  readonly pck20: number | undefined
}

export interface EvaluationView {
  /** Of the run, at which its model was measured; undefined where an earlier version has measured. */
  readonly step: number | undefined
  /** Before, after. */
  readonly models: readonly string[]
  readonly device: string
  readonly clips: readonly {
    readonly name: string
    readonly keyframes: number
    readonly scores: readonly ScoresView[]
  }[]
  readonly overall: readonly ScoresView[]
  readonly skipped: readonly string[]
}

/** Where an evaluation stands. */
export type EvaluationState =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'running'
      readonly clip: string
      readonly model: string
      readonly done: number
      readonly total: number
    }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'done'; readonly evaluation: EvaluationView }

/** From the host. */
export type DashboardHostMessage =
  | {
      readonly type: 'form'
      readonly form: FormView
      readonly texts: Readonly<Record<string, string>>
    }
  | {
      readonly type: 'estimate'
      /** While it is made. */
      readonly stage: StageView | undefined
      readonly estimate: EstimateView | undefined
      /** Why there is none. */
      readonly problem: string | undefined
    }
  /** The run could not begin. */
  | { readonly type: 'refused'; readonly message: string }
  | {
      readonly type: 'opened'
      readonly run: DashboardRun
      readonly steps: readonly StepView[]
      readonly previews: readonly PreviewView[]
      readonly others: readonly OtherRun[]
      readonly evaluation: EvaluationState
      readonly texts: Readonly<Record<string, string>>
    }
  | { readonly type: 'run'; readonly run: DashboardRun; readonly others: readonly OtherRun[] }
  | { readonly type: 'steps'; readonly steps: readonly StepView[] }
  | { readonly type: 'preview'; readonly preview: PreviewView }
  /** The curve of another run, which was asked for. */
  | { readonly type: 'curve'; readonly folder: string; readonly steps: readonly StepView[] }
  | { readonly type: 'evaluation'; readonly evaluation: EvaluationState }

/** Buttons of the panel that need no argument. */
export const DASHBOARD_ACTIONS = [
  'addFiles',
  'addFolder',
  'openSettings',
  'dropSettings',
  'estimate',
  'cancelEstimate',
  'start',
  'pause',
  'resume',
  'stop',
  'stopAndKeep',
  'makeActive',
  'evaluate',
  'cancelEvaluation',
  'reveal',
  'openCard',
  'trust',
  'newRun',
] as const
export type DashboardAction = (typeof DASHBOARD_ACTIONS)[number]

/** From the webview. */
export type DashboardWebviewMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'act'; readonly action: DashboardAction }
  | {
      readonly type: 'change'
      readonly form: { readonly start?: string; readonly length?: RunLength; readonly device?: string }
    }
  | { readonly type: 'removeFootage'; readonly path: string }
  | { readonly type: 'wantCurve'; readonly folder: string }
  | { readonly type: 'openPreview'; readonly step: number }
  | { readonly type: 'log'; readonly level: 'error' | 'info'; readonly text: string }
