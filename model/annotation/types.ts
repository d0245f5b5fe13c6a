import type { Rle } from './rle.ts'

/** Whether a keypoint can be seen, is hidden behind something, or is not there at all. */
export type Visibility = 'visible' | 'occluded' | 'absent'

/** One point of a skeleton on one frame. */
export interface Keypoint {
  /** Pixels of the video from its left edge. */
  readonly x: number
  /** Pixels of the video from its top edge. */
  readonly y: number
  readonly visibility: Visibility
  /** 0 to 1; only a model's keypoints have one. */
  readonly confidence?: number
}

/** The names of the keypoints and which of them are joined by a line (0-based positions in `keypoints`). */
export interface Skeleton {
  readonly keypoints: readonly string[]
  readonly edges: readonly (readonly [number, number])[]
}

/** What kind of thing an object is. */
export interface Label {
  /** 1 or more. */
  readonly id: number
  readonly name: string
  /** `#rrggbb` */
  readonly colour: string
  readonly skeleton?: Skeleton
}

/** One thing that is followed through the video. */
export interface TrackedObject {
  /** 1 to 255: its value in label maps. */
  readonly id: number
  readonly name: string
  readonly labelId: number
  /** `#rrggbb`; without it the label's. */
  readonly colour?: string
}

/** Where an object is on a frame. */
export interface Shape {
  readonly mask?: Rle
  /** One per keypoint of the label's skeleton, in its order. */
  readonly keypoints?: readonly Keypoint[]
}

/** A person's marks. */
export type KeyframeEntry = { readonly state: 'keyframe'; readonly occluded: boolean } & Shape

/** A model's marks: the run that made them, and how sure it was (0 to 1). */
export type PropagatedEntry = {
  readonly state: 'propagated'
  readonly run: number
  readonly confidence: number
  readonly occluded: boolean
} & Shape

/** A person says that the object is not on this frame. */
export type AbsentByPersonEntry = { readonly state: 'absent'; readonly by: 'person' }

/** A model says that the object is not on this frame, and how sure it was (0 to 1). */
export type AbsentByRunEntry = {
  readonly state: 'absent'
  readonly by: 'run'
  readonly run: number
  readonly confidence: number
}

/** What a model may write. */
export type ModelEntry = PropagatedEntry | AbsentByRunEntry

/** What is known about one object on one frame. */
export type Entry = KeyframeEntry | AbsentByPersonEntry | ModelEntry

/** One propagation: with what, on what and over which frames. */
export interface Run {
  /** 1 or more. */
  readonly id: number
  readonly model: {
    readonly name: string
    readonly file: string
    readonly hash: string
    /** False for seeded weights that nobody has trained. */
    readonly trained: boolean
  }
  /** The device that really ran. */
  readonly device: string
  readonly preset: string
  /** Plain values that JSON can hold. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly direction: 'forward' | 'backward' | 'both'
  /** First and last frame, both included. */
  readonly range: readonly [number, number]
  /** ISO 8601. */
  readonly date: string
  /** Program and version. */
  readonly tool: string
}

/** Which video the annotations belong to. */
export interface VideoReference {
  /** Relative to the side-car. */
  readonly path: string
  /** Content hash as the video room gives it; empty where it is not known. */
  readonly hash: string
  readonly frameCount: number
  /** Pixels as shown: after rotation and pixel aspect. */
  readonly width: number
  readonly height: number
}

/** Whether a person said this, so that no propagation may change it. */
export function isPersons(entry: Entry): entry is KeyframeEntry | AbsentByPersonEntry {
  return entry.state === 'keyframe' || (entry.state === 'absent' && entry.by === 'person')
}
