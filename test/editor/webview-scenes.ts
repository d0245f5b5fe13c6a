/** What a host could say: clips, objects and lanes as they look in the middle of somebody's work. Seeded. */
import type { Label, TrackedObject } from '../../model/annotation/index.ts'
import type { DoubtfulFrame, HostMessage, LaneChange, RunView } from '../../webview/protocol/index.ts'
import { DISPLAY } from './support/display.ts'

export type Opened = Extract<HostMessage, { type: 'opened' }>

/** Okabe and Ito's colours, which every kind of colour blindness can tell apart. */
const COLOURS = ['#e69f00', '#56b4e9', '#009e73', '#f0e442', '#0072b2', '#d55e00', '#cc79a7', '#999999']

/** Mulberry32: small and the same everywhere. */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

const NAMES = [
  'Dancer',
  'Left shoe',
  'Spectator in the red jacket at the far end of the second row',
  'Ball',
  'Dog',
]

/**
 * A clip with some objects, their lanes filled like an afternoon's work.
 * @param rough every frame's confidence on its own instead of drifting: the most there is to draw
 */
export function scene(frameCount: number, objectCount: number, rough = false): Opened {
  const next = random(7)
  const labels: Label[] = [{ id: 1, name: 'Person', colour: COLOURS[0]! }]
  const objects: TrackedObject[] = Array.from({ length: objectCount }, (_, at) => ({
    id: at + 1,
    name: NAMES[at] ?? `Person ${at + 1}`,
    labelId: 1,
    colour: COLOURS[at % COLOURS.length]!,
  }))
  const doubtful: DoubtfulFrame[] = []
  const lanes: LaneChange[] = objects.map(({ id }) => {
    const codes = new Uint8Array(frameCount)
    const every = Math.max(8, Math.round(frameCount / (2 + Math.floor(next() * 4))))
    let confidence = 0.95
    const start = id === 1 ? 0 : Math.floor(next() * frameCount * 0.2)
    for (let frame = start; frame < frameCount; frame++) {
      if ((frame - start) % every === 0) {
        codes[frame] = id % 4 === 3 && frame > start ? 2 : 1
        confidence = 0.97
        continue
      }
      confidence = rough ? next() : Math.min(0.98, Math.max(0.05, confidence + (next() - 0.53) * 0.06))
      const away = id % 3 === 2 && (frame - start) % every > every * 0.7
      codes[frame] = away ? 4 : 16 + Math.round(confidence * 239)
      if (!away && confidence < 0.3 && frame % 3 === 0)
        doubtful.push({ frame, objectId: id, reason: 'confidence' })
    }
    if (id === 2 && frameCount > 30) codes[Math.floor(frameCount * 0.6)] = 3
    return { objectId: id, first: 0, codes }
  })
  return {
    type: 'opened',
    clip: {
      name: 'dance-twirl.mp4',
      frameCount,
      width: 854,
      height: 480,
      times: Float64Array.from({ length: frameCount }, (_, frame) => frame / 29.97),
      warnings: [],
    },
    labels,
    objects,
    lanes,
    doubtful: doubtful.sort((one, other) => one.frame - other.frame),
    settings: DISPLAY,
    view: {},
    run: undefined,
    trusted: true,
    texts: {},
  }
}

/** A propagation in the middle of its way. */
export function runningRun(frameCount: number): RunView {
  const first = Math.floor(frameCount * 0.3)
  return {
    id: 1,
    state: 'running',
    direction: 'forward',
    range: [first, frameCount - 1],
    done: Math.floor(frameCount * 0.28),
    total: frameCount - first,
    frame: first + Math.floor(frameCount * 0.28),
    lanes: [
      { objectId: 1, range: [first, frameCount - 1], done: [[first, first + Math.floor(frameCount * 0.28)]] },
      { objectId: 2, range: [first, frameCount - 1], done: [[first, first + Math.floor(frameCount * 0.12)]] },
    ],
    framesPerSecond: 7.31,
    secondsLeft: 42,
    device: 'webgpu',
    model: 'siammae-starter',
  }
}
