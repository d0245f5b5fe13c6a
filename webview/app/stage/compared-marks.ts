import { difference, type Entry, intersection, type TrackedObject } from '../../../model/annotation/index.ts'
import { type ComparedSide, SIDE_COLOURS } from '../comparison.ts'
import { type Mark, type MarksOptions, marksOf } from './marks.ts'

export interface ComparedOptions extends Omit<MarksOptions, 'entries'> {
  /** What stands in the document: on frames that a person has marked, both models start from that. */
  readonly own: ReadonlyMap<number, Entry> | undefined
  readonly a: ReadonlyMap<number, Entry> | undefined
  readonly b: ReadonlyMap<number, Entry> | undefined
  readonly side: ComparedSide
  /** The objects that are compared; the others are left out, so that nothing lies over the difference. */
  readonly compared: ReadonlySet<number>
}

/**
 * What is drawn of a comparison: the marks of one model, or, in A's and B's colours, the pixels that only one of them
 * has taken and the outline of those that both have.
 */
export function comparedMarks(options: ComparedOptions): Mark[] {
  const { own, a, b, side, compared } = options
  const objects = options.objects.filter(({ id }) => compared.has(id))
  const plain = (entries: ReadonlyMap<number, Entry> | undefined): Mark[] =>
    marksOf({ ...options, objects, entries })
  // A keyframe: neither model has anything to say there.
  if (a === undefined && b === undefined) return plain(personsOf(own, compared))
  if (side !== 'difference') return plain(side === 'a' ? a : b)
  return objects.flatMap((object) => differing(options, object, a?.get(object.id), b?.get(object.id)))
}

function personsOf(
  own: ReadonlyMap<number, Entry> | undefined,
  compared: ReadonlySet<number>,
): ReadonlyMap<number, Entry> {
  return new Map([...(own ?? [])].filter(([id, entry]) => compared.has(id) && entry.state === 'keyframe'))
}

function differing(
  options: ComparedOptions,
  object: TrackedObject,
  a: Entry | undefined,
  b: Entry | undefined,
): Mark[] {
  if (!options.isShown(object.id)) return []
  const mark = (entry: Entry | undefined, change: Partial<Mark>): Mark[] =>
    marksOf({ ...options, objects: [object], entries: new Map(entry && [[object.id, entry]]) }).map(
      (made) => ({
        ...made,
        selected: false,
        ...change,
      }),
    )
  const [one, other] = [placed(a), placed(b)]
  const onlyA = one && { ...one, ...(one.mask && other?.mask && { mask: difference(one.mask, other.mask) }) }
  const onlyB = other && {
    ...other,
    ...(one?.mask && other.mask && { mask: difference(other.mask, one.mask) }),
  }
  const both = one?.mask && other?.mask ? intersection(one.mask, other.mask) : undefined
  return [
    ...(both && one
      ? mark({ ...one, mask: both, keypoints: undefined } as Entry, { outlineOnly: true })
      : []),
    ...mark(onlyA, { colour: SIDE_COLOURS.a }),
    ...mark(onlyB, { colour: SIDE_COLOURS.b }),
  ]
}

function placed(entry: Entry | undefined): Exclude<Entry, { readonly state: 'absent' }> | undefined {
  return entry === undefined || entry.state === 'absent' ? undefined : entry
}
