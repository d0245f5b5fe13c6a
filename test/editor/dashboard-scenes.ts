/** What the host could say to the panel for fine-tuning: a form, a run in the middle of its way, one that is done. */
import type {
  DashboardHostMessage,
  DashboardRun,
  EstimateView,
  EvaluationView,
  FormView,
  PreviewView,
  StepView,
} from '../../webview/protocol/index.ts'
import { random } from './webview-scenes.ts'

export type OpenedRun = Extract<DashboardHostMessage, { type: 'opened' }>

export const FORM: FormView = {
  footage: [
    { path: '/work/clips/pond', name: 'clips/pond', isFolder: true },
    { path: '/work/clips/koi-7.mp4', name: 'clips/koi-7.mp4', isFolder: false },
    {
      path: '/work/clips/a-very-long-name-that-a-camera-has-given-to-a-file-2026-11-26-12-31-55-0001.mp4',
      name: 'clips/a-very-long-name-that-a-camera-has-given-to-a-file-2026-11-26-12-31-55-0001.mp4',
      isFolder: false,
    },
  ],
  start: 'starter',
  length: 'short',
  device: 'auto',
  starts: [
    { value: 'starter', name: 'Starter model', detail: 'SiamMAE ViT 192x4/8' },
    { value: '/models/dino.safetensors', name: 'dino-s8', detail: 'DINO ViT-S/8' },
    { value: 'random', name: 'Random weights', detail: 'from scratch' },
  ],
  devices: ['auto', 'cpu', 'webgpu', 'cuda', 'dml', 'coreml'],
  settings: undefined,
  trusted: true,
}

export const ESTIMATE: EstimateView = {
  secondsPerStep: 2.84,
  secondsToStart: 6.1,
  steps: undefined,
  peakMemoryBytes: 1.31e9,
  memoryBytes: 16.4e9,
  device: 'cpu',
  clips: [
    { name: 'pond/koi-1.mp4', frames: 250, licence: 'CC BY (LICENSE.txt)' },
    { name: 'pond/koi-2.mp4', frames: 381, licence: 'CC BY (LICENSE.txt)' },
    { name: 'koi-7.mp4', frames: 100, licence: 'not stated' },
  ],
  skipped: ['pond/notes.mp4 is no video: ffmpeg finds no picture in it.'],
  pairs: 29_511,
  pairsPerStep: 32,
  notes: ['The device "webgpu" was passed over: no GPU was found.'],
}

export const RUN: DashboardRun = {
  folder: '/work/siammae-runs/2026-11-26-pond',
  name: '2026-11-26-pond',
  state: 'running',
  step: 260,
  steps: 400,
  loss: 0.4831,
  device: 'cpu',
  pairsPerSecond: 11.3,
  secondsLeft: 397,
  memoryBytes: 1.31e9,
  message: undefined,
  stage: undefined,
  notes: [],
  footage: ['clips/pond', 'clips/koi-7.mp4'],
  start: 'Starter model',
  model: 'none',
}

/** Steps of a run whose loss falls, with the noise that real ones have. */
export function stepsOf(count: number, seed = 3): StepView[] {
  const next = random(seed)
  return Array.from({ length: count }, (_, at) => ({
    step: at + 1,
    loss: 0.44 + 0.5 * Math.exp(-at / 70) + (next() - 0.5) * 0.08,
    gradientNorm: 0.6 + 1.4 * Math.exp(-at / 50) + next() * 0.3,
    learningRate: 6e-5 * Math.min(1, at / 20) * 0.5 * (1 + Math.cos((Math.PI * at) / 400)),
    pairsPerSecond: 11 + (next() - 0.5) * 1.6,
  }))
}

/** Small pictures in place of reconstructions. */
export function previewsOf(steps: readonly number[]): PreviewView[] {
  return steps.map((step) => ({
    step,
    uri: `data:image/svg+xml,${encodeURIComponent(
      `<svg xmlns="http://www.w3.org/2000/svg" width="820" height="440"><rect width="820" height="440" fill="#181a1e"/>${[
        0, 1,
      ]
        .flatMap((row) =>
          [0, 1, 2, 3].map(
            (column) =>
              `<rect x="${12 + column * 204}" y="${20 + row * 208}" width="192" height="192" fill="hsl(${150 + column * 12 + row * 40} 30% ${30 + step / 20}%)"/>`,
          ),
        )
        .join('')}</svg>`,
    )}`,
  }))
}

export const EVALUATION: EvaluationView = {
  step: 400,
  models: ['Starter model', '2026-11-26-pond'],
  device: 'cpu',
  clips: [
    {
      name: 'pond/koi-1.siam.json',
      keyframes: 6,
      scores: [
        { jf: 0.612, j: 0.63, f: 0.594, pck10: undefined, pck20: undefined },
        { jf: 0.655, j: 0.668, f: 0.642, pck10: undefined, pck20: undefined },
      ],
    },
    {
      name: 'dance.siam.json',
      keyframes: 4,
      scores: [
        { jf: 0.48, j: 0.5, f: 0.46, pck10: 0.55, pck20: 0.8 },
        { jf: 0.471, j: 0.49, f: 0.452, pck10: 0.55, pck20: 0.85 },
      ],
    },
  ],
  overall: [
    { jf: 0.546, j: 0.565, f: 0.527, pck10: 0.55, pck20: 0.8 },
    { jf: 0.563, j: 0.579, f: 0.547, pck10: 0.55, pck20: 0.85 },
  ],
  skipped: ['street.siam.json has no object with a second keyframe to compare with.'],
}

/** A run in the middle of its way. */
export function running(changes: Partial<OpenedRun> = {}): OpenedRun {
  return {
    type: 'opened',
    run: RUN,
    steps: stepsOf(RUN.step),
    previews: previewsOf([33, 66, 99, 132]),
    others: [
      { folder: '/work/siammae-runs/2026-11-25-pond', name: '2026-11-25-pond' },
      { folder: '/work/siammae-runs/2026-11-24-street', name: '2026-11-24-street' },
    ],
    evaluation: { kind: 'none' },
    texts: {},
    ...changes,
  }
}
