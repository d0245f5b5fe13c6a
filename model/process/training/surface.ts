/**
 * What the extension host and the training process ask of each other. Plain values only: they cross a process border.
 * One process does one thing (an estimate, a run, an evaluation) at a time; the host starts one for each.
 */

import type { RunSettings } from '../surface.ts'

/** Where a run starts from. */
export type TrainingStart =
  | { readonly kind: 'starter' | 'random' }
  | { readonly kind: 'file'; readonly file: string }

/** What a person asks for; everything else is the preset's. */
export interface TrainingRequest {
  /** Videos and folders, absolute. */
  readonly sources: readonly string[]
  readonly start: TrainingStart
  /**
   * Settings over the preset `finetune`, later layers over earlier ones: any part of a run's `config.json`, with
   * `model.size` and `model.patch` as short forms.
   */
  readonly layers: readonly { readonly name: string; readonly settings: Readonly<Record<string, unknown>> }[]
}

/** What the process needs of the machine. */
export interface TrainingPlaces {
  /** Decoded frames and frame tables are kept here. */
  readonly cacheFolder: string
  /** Path of ffmpeg; undefined to look for one. */
  readonly ffmpeg: string | undefined
}

/** A clip that a run learns from. */
export interface TrainingClip {
  readonly name: string
  readonly path: string
  readonly frames: number
  readonly fps: number
  /** What a file beside it says, such as `CC BY (LICENSE.txt)`, or `not stated`. */
  readonly licence: string
}

/** What a run will cost. */
export interface TrainingEstimate {
  /** The complete settings that the run would have, as `config.json` holds them. */
  readonly config: Readonly<Record<string, unknown>>
  /** Optimiser steps that these settings ask for. */
  readonly steps: number
  readonly secondsPerStep: number
  /** Before the first step, once the footage is decoded. */
  readonly secondsToStart: number
  readonly peakMemoryBytes: number
  /** Of the machine, or of its container. */
  readonly memoryBytes: number
  readonly device: string
  readonly clips: readonly TrainingClip[]
  readonly skipped: readonly { readonly path: string; readonly reason: string }[]
  /** Different pairs of frames that the clips have at the distances of the settings. */
  readonly pairs: number
  /** Pairs that one step looks at. */
  readonly pairsPerStep: number
  /** Sentences for the person: devices passed over, decoders that start from random weights, too little memory. */
  readonly notes: readonly string[]
}

export interface StartTraining {
  /** Folder of the run. Where it holds one already, that goes on; else `request` says what to begin. */
  readonly folder: string
  readonly request: TrainingRequest | undefined
  /** For a run that goes on: settings that may change, such as `device` and `schedule.steps`. */
  readonly changes?: Readonly<Record<string, unknown>>
  /** Begin at rest, until {@link TrainingProcessFunctions.resume}. */
  readonly paused?: boolean
}

/** What really runs. */
export interface TrainingFacts {
  readonly folder: string
  readonly device: string
  /** Steps that are done, and of the whole run. */
  readonly step: number
  readonly steps: number
  readonly pairsPerStep: number
  readonly clips: number
  readonly frames: number
  readonly notes: readonly string[]
}

/** One step, as `metrics.jsonl` has it. */
export interface TrainingStep {
  readonly step: number
  readonly loss: number
  readonly gradientNorm: number
  readonly learningRate: number
  readonly pairsPerSecond: number
  readonly secondsWaiting: number
}

/** A model made of a run. */
export interface TrainedModel {
  readonly file: string
  /** `SiamMAE ViT-S/16` */
  readonly name: string
  readonly step: number
  /** That of the weights it started from and of what it saw: `MIT + its footage`; `its footage`; `unknown`. */
  readonly licence?: string
}

/** How a run ended, for now or for good. */
export interface TrainingEnd {
  readonly reason: 'done' | 'stopped' | 'failed'
  /** One sentence, where it failed. */
  readonly message: string | undefined
  readonly step: number
  readonly steps: number
  /** The model that was kept: of a run that is done, and where keeping was asked for. */
  readonly model: TrainedModel | undefined
}

export interface EvaluationRequest {
  /** Folders that are looked through for side-cars. */
  readonly folders: readonly string[]
  /** Models to compare; without a file the starter model. */
  readonly models: readonly { readonly name: string; readonly file: string | undefined }[]
  readonly device: string
  readonly preset: RunSettings['preset']
  /** Short side at which the network sees the clips. */
  readonly size: number
}

/** Scores of one model on one clip, 0 to 1; undefined for what its marks do not tell. */
export interface ClipScores {
  readonly jf: number | undefined
  readonly j: number | undefined
  readonly f: number | undefined
  /** Keypoints within a tenth, and within a fifth, of the size of the body. */
  readonly pck10: number | undefined
  readonly pck20: number | undefined
}

export interface EvaluatedClip {
  /** Path of the side-car, as people know it: from the folder that was looked through. */
  readonly name: string
  readonly sidecar: string
  /** Keyframes that were compared, over all objects. */
  readonly keyframes: number
  /** In the order of the models. */
  readonly scores: readonly ClipScores[]
}

export interface Evaluation {
  readonly models: readonly string[]
  readonly device: string
  readonly clips: readonly EvaluatedClip[]
  /** Means over all objects of all clips, in the order of the models. */
  readonly overall: readonly ClipScores[]
  /** Side-cars that could not be used, each with a sentence. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[]
}

/** What the host may call. A rejected promise carries one sentence for the person in its message. */
export interface TrainingProcessFunctions {
  /** Checks the settings, opens the footage (decoding what was not decoded before) and does one or two real steps. */
  estimate(request: TrainingRequest, places: TrainingPlaces): Promise<TrainingEstimate>
  /**
   * Begins a run, or goes on with one, and returns when its first step is about to begin. Where another process has
   * the run open, it returns that as a sentence instead.
   */
  start(request: StartTraining, places: TrainingPlaces): Promise<TrainingFacts | { readonly inUse: string }>
  /** Resolves at once; the batch that is computed is finished first. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** Stops with a checkpoint. Resolves once {@link TrainingHostFunctions.ended} was told. */
  stop(): Promise<void>
  /** The same, and makes a model of the checkpoint. */
  stopAndKeep(): Promise<void>
  /** Makes a model of the last checkpoint of a run that nobody is training. */
  keep(folder: string): Promise<TrainedModel>
  /** Measures models on the annotated clips of folders. */
  evaluate(request: EvaluationRequest, places: TrainingPlaces): Promise<Evaluation>
  /** Gives an estimate, an evaluation or the preparation of a run up; what was asked then rejects. */
  cancel(): Promise<void>
}

/** What the training process tells the host, without waiting for an answer. */
export interface TrainingHostFunctions {
  /** Decoding and compiling, before there are steps. */
  preparing(progress: {
    readonly stage: 'decoding' | 'device' | 'compiling' | 'measuring' | 'exporting'
    readonly name: string
    readonly done: number
    readonly total: number
  }): void
  /** Steps that were done, and what this process takes of memory. */
  metrics(batch: {
    readonly steps: readonly TrainingStep[]
    readonly smoothedLoss: number
    readonly memoryBytes: number
  }): void
  /** A reconstruction was drawn into the run's folder. */
  preview(preview: { readonly step: number; readonly path: string }): void
  checkpoint(checkpoint: { readonly step: number; readonly path: string }): void
  /** A sentence for the person. */
  note(text: string): void
  /** The run rests now, or goes on. */
  resting(paused: boolean): void
  /** No more steps come from this process. */
  ended(end: TrainingEnd): void
  evaluating(progress: {
    readonly clip: string
    readonly model: string
    readonly done: number
    readonly total: number
  }): void
  log(entry: { readonly level: 'info' | 'warning' | 'error'; readonly text: string }): void
}
