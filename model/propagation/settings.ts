import * as v from 'valibot'
import { UsageError } from '../errors.ts'

/** Which tokens of a context frame may label a token. */
export type Neighbourhood =
  /** Euclidean distance strictly less than the radius (the CRW family). */
  | { readonly shape: 'disc'; readonly radius: number }
  /** At most `radius` rows and columns away (DINO). */
  | { readonly shape: 'square'; readonly radius: number }

/** How much it counts that neighbouring cells moved alike; in cells of the patch grid. */
export interface Coherence {
  /** Added to the cosine of a candidate whose move all cells around share. */
  readonly weight: number
  /** Rows and columns that count as around a cell. */
  readonly radius: number
  /** Moves as far apart as this share nothing. */
  readonly tolerance: number
  /** How often cells listen to those around, each time to what the time before made of them. */
  readonly passes: number
  /** The same where keypoints travel: fins, hands and tails move less like what is around them than a whole object does. */
  readonly jointPasses: number
}

/** How outlines follow the picture. */
export interface Edges {
  /** Cells, to each side, among which an outline may move to an edge; a whole number. */
  readonly reach: number
  /** Variance of a colour channel, of 0..1, below which a part of the picture has no edge. */
  readonly epsilon: number
}

/** Which small objects travel as points and keep the shape that was drawn: what is compact hardly changes as it turns. */
export interface Spots {
  /** They cover fewer cells than this. */
  readonly cells: number
  /** Least share of the circle around them that they fill: 1 for a disc, 0.64 for a square, 0.4 for a triangle. */
  readonly fill: number
}

/** Everything that decides a propagation result, besides the features. */
export interface PropagationSettings {
  /** How many labelled tokens vote. */
  readonly topK: number
  /** Softmax temperature over the votes' cosines. */
  readonly temperature: number
  /** Most recent frames kept as context, besides the frames that a person marked. */
  readonly context: number
  /** Marked frames that are context of a frame: the nearest ones, among them the one that its walk started from. */
  readonly marks: number
  readonly neighbourhood: Neighbourhood
  /**
   * How far things move: of a context frame n frames away only tokens within `radius + (n - 1) * perFrame` vote, as far
   * as the neighbourhood goes. Left out, the neighbourhood is the same for all of them.
   */
  readonly pace?: { readonly radius: number; readonly perFrame: number } | undefined
  /** That neighbours move alike. Left out, the cosine alone decides who votes. */
  readonly coherence?: Coherence | undefined
  /** That outlines lie where the picture changes. Left out, they are interpolated between cells. */
  readonly edges?: Edges | undefined
  /** How small objects travel. Left out, they travel as all others do, and are soon lost. */
  readonly spots?: Spots | undefined
  /** Whether marked frames are limited to the neighbourhood too; to the pace, where there is one, they always are. */
  readonly restrictMarked: boolean
  /**
   * What the queue of recent frames starts with. `copies`: as many copies of the marked frame as it holds (CRW,
   * CropMAE). `empty`: nothing (DINO).
   */
  readonly queueStart: 'copies' | 'empty'
  /** How a mask becomes soft labels on the patch grid, and label maps come back to pixels. */
  readonly protocol: 'crw' | 'dino'
  /** How a joint is read back: `mean` of its five strongest cells (JHMDB's evaluation), or at its `peak`. */
  readonly joints: 'mean' | 'peak'
  /**
   * Cells that a joint is likely to move from one frame to the next, as the deviation of a Gaussian around its last
   * place; votes beyond twice as far do not count. Left out, a joint may jump anywhere that looks like it.
   */
  readonly jointPace?: number | undefined
}

/**
 * The protocols mark one frame. Sixteen are as much context again as they keep of recent frames; hundreds would each
 * be compared with every frame, for little that the nearest do not say.
 */
const NEAREST_MARKS = 16

/** DAVIS as the CRW family of evaluation scripts runs it: first frame and 20 more, radius 20, 7 neighbours. */
const CRW_DAVIS = {
  topK: 7,
  temperature: 0.7,
  context: 20,
  marks: NEAREST_MARKS,
  neighbourhood: { shape: 'disc', radius: 20 },
  restrictMarked: false,
  queueStart: 'copies',
  protocol: 'crw',
  joints: 'mean',
} as const satisfies PropagationSettings

/**
 * `annotator` is our own way, for people who want the best labels: it knows that things move by little from frame to
 * frame, that neighbours move alike, and that outlines lie along edges. The others are published protocols, reproduced to
 * the digit.
 */
export const PRESETS = {
  annotator: {
    ...CRW_DAVIS,
    pace: { radius: 4, perFrame: 2 },
    coherence: { weight: 0.3, radius: 2, tolerance: 3, passes: 3, jointPasses: 1 },
    edges: { reach: 1, epsilon: 3e-5 },
    spots: { cells: 12, fill: 0.45 },
    joints: 'peak',
    jointPace: 3,
  },
  /** SiamMAE (Gupta et al. 2023, appendix). */
  siammae: CRW_DAVIS,
  /** CropMAE (Eymael et al. 2024), downstreams/propagation: the same arithmetic and, on DAVIS, the same settings. */
  cropmae: CRW_DAVIS,
  /** DINO (Caron et al. 2021), eval_video_segmentation.py. */
  dino: {
    topK: 5,
    temperature: 0.1,
    context: 7,
    marks: NEAREST_MARKS,
    neighbourhood: { shape: 'square', radius: 12 },
    restrictMarked: true,
    queueStart: 'empty',
    protocol: 'dino',
    joints: 'mean',
  },
} as const satisfies Record<string, PropagationSettings>

export type PresetName = keyof typeof PRESETS

/** Bounds that keep one frame's work and memory sensible. */
export const settingsSchema = v.strictObject({
  topK: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100)),
  temperature: v.pipe(v.number(), v.finite(), v.minValue(1e-4), v.maxValue(100)),
  context: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(200)),
  marks: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(200)),
  neighbourhood: v.strictObject({
    shape: v.picklist(['disc', 'square']),
    radius: v.pipe(v.number(), v.finite(), v.minValue(1), v.maxValue(1000)),
  }),
  pace: v.optional(
    v.strictObject({
      radius: v.pipe(v.number(), v.finite(), v.minValue(1), v.maxValue(1000)),
      perFrame: v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(1000)),
    }),
  ),
  coherence: v.optional(
    v.strictObject({
      weight: v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(100)),
      radius: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(20)),
      tolerance: v.pipe(v.number(), v.finite(), v.minValue(0.5), v.maxValue(1000)),
      passes: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(20)),
      jointPasses: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(20)),
    }),
  ),
  edges: v.optional(
    v.strictObject({
      reach: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(20)),
      epsilon: v.pipe(v.number(), v.finite(), v.minValue(1e-8), v.maxValue(1)),
    }),
  ),
  spots: v.optional(
    v.strictObject({
      cells: v.pipe(v.number(), v.finite(), v.minValue(1), v.maxValue(100)),
      fill: v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(1)),
    }),
  ),
  restrictMarked: v.boolean(),
  queueStart: v.picklist(['copies', 'empty']),
  protocol: v.picklist(['crw', 'dino']),
  joints: v.picklist(['mean', 'peak']),
  jointPace: v.optional(v.pipe(v.number(), v.finite(), v.minValue(0.5), v.maxValue(1000))),
})

/** What may differ from a preset, each a number. */
export const CHANGEABLE = ['topK', 'context', 'marks', 'radius', 'temperature'] as const
export type SettingsChanges = Partial<Readonly<Record<(typeof CHANGEABLE)[number], number>>>

/**
 * A preset with changes.
 * @param nameOf what the person calls a setting
 * @throws UsageError naming the setting that is out of bounds
 */
export function changedSettings(
  preset: PresetName,
  changes: SettingsChanges,
  nameOf: (key: (typeof CHANGEABLE)[number]) => string = (key) => `The setting ${key}`,
): PropagationSettings {
  const base: PropagationSettings = PRESETS[preset]
  const { radius, ...rest } = changes
  const parsed = v.safeParse(settingsSchema, {
    ...base,
    ...rest,
    neighbourhood: { ...base.neighbourhood, ...(radius !== undefined && { radius }) },
  })
  if (parsed.success) return parsed.output
  const issue = parsed.issues[0]
  const path = v.getDotPath(issue)
  throw new UsageError(`${nameOf(CHANGEABLE.find((key) => key === path) ?? 'radius')}: ${issue.message}.`)
}

/** Radii under a pace are rounded up to multiples of this, because each of them is a program of its own. */
const PACE_STEP = 4

/**
 * Which tokens of a context frame may vote.
 * @param apart  frames between it and the frame to label, at least 1
 * @param marked whether a person marked it
 * @returns undefined where all may
 */
export function neighbourhoodAt(
  { neighbourhood, pace, restrictMarked }: PropagationSettings,
  apart: number,
  marked: boolean,
): Neighbourhood | undefined {
  if (pace) {
    const radius = PACE_STEP * Math.ceil((pace.radius + (apart - 1) * pace.perFrame) / PACE_STEP)
    if (radius < neighbourhood.radius) return { shape: neighbourhood.shape, radius }
  }
  return marked && !restrictMarked ? undefined : neighbourhood
}

/** The settings of the walks that carry keypoints. */
export function settingsOfJoints(settings: PropagationSettings): PropagationSettings {
  const { coherence } = settings
  return coherence ? { ...settings, coherence: { ...coherence, passes: coherence.jointPasses } } : settings
}

/** Rows and columns that a neighbourhood reaches in each direction. */
export function reach({ shape, radius }: Neighbourhood): number {
  return shape === 'disc' ? Math.ceil(radius) - 1 : Math.floor(radius)
}

/** Whether a token `rows` and `columns` away is in the neighbourhood. */
export function isNeighbour({ shape, radius }: Neighbourhood, rows: number, columns: number): boolean {
  return shape === 'disc'
    ? rows * rows + columns * columns < radius * radius
    : Math.abs(rows) <= radius && Math.abs(columns) <= radius
}
