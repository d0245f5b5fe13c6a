import type { Entry, TrackedObject } from '../../../model/annotation/index.ts'

/** An entry that has a place on the frame. */
export type Placed = Exclude<Entry, { readonly state: 'absent' }>

/** One object on the frame that is shown, ready to be drawn. */
export interface Mark {
  readonly objectId: number
  readonly name: string
  /** `#rrggbb` */
  readonly colour: string
  readonly entry: Placed
  readonly selected: boolean
  /** Lines between keypoints, by position. */
  readonly edges: readonly (readonly [number, number])[]
  readonly keypointNames: readonly string[]
  /** Its mask is not filled. */
  readonly outlineOnly?: boolean
}

export interface MarksOptions {
  readonly entries: ReadonlyMap<number, Entry> | undefined
  readonly objects: readonly TrackedObject[]
  readonly selected: number | undefined
  readonly isShown: (objectId: number) => boolean
  readonly colourOf: (object: TrackedObject) => string
  readonly skeletonOf: (
    object: TrackedObject,
  ) =>
    | { readonly keypoints: readonly string[]; readonly edges: readonly (readonly [number, number])[] }
    | undefined
}

/** What is drawn on a frame, in the order in which it is drawn: the selected object lies on top. */
export function marksOf(options: MarksOptions): Mark[] {
  const { entries, objects, selected } = options
  if (entries === undefined) return []
  const marks: Mark[] = []
  for (const object of objects) {
    const entry = entries.get(object.id)
    if (entry === undefined || entry.state === 'absent' || !options.isShown(object.id)) continue
    const skeleton = options.skeletonOf(object)
    marks.push({
      objectId: object.id,
      name: object.name,
      colour: options.colourOf(object),
      entry,
      selected: object.id === selected,
      edges: skeleton?.edges ?? [],
      keypointNames: skeleton?.keypoints ?? [],
    })
  }
  return marks.sort((a, b) => Number(a.selected) - Number(b.selected))
}
