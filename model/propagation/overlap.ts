/** Which objects a person drew one over the other. They may overlap in the results too; all others may not. */
import type { LabelMap } from '../label-map.ts'
import type { MaskMark } from './groups.ts'

/** A set of unordered pairs of object ids. */
export class ObjectPairs {
  readonly #pairs = new Set<number>()

  add(a: number, b: number): void {
    this.#pairs.add(key(a, b))
  }

  has(a: number, b: number): boolean {
    return this.#pairs.has(key(a, b))
  }

  /** Every pair once, the lower id first. */
  *[Symbol.iterator](): IterableIterator<[number, number]> {
    for (const pair of this.#pairs) yield [Math.floor(pair / 256), pair % 256]
  }
}

function key(a: number, b: number): number {
  return Math.min(a, b) * 256 + Math.max(a, b)
}

/**
 * The objects that share a pixel of a marked frame.
 * @param bystanders masks of other objects that a person drew on a frame
 */
export function overlappingObjects(
  masks: readonly MaskMark[],
  bystanders: (frame: number) => readonly LabelMap[] = () => [],
): ObjectPairs {
  const pairs = new ObjectPairs()
  const mapsOf = new Map<number, LabelMap[]>()
  for (const { frame, map } of masks) mapsOf.set(frame, [...(mapsOf.get(frame) ?? []), map])
  for (const [frame, own] of mapsOf) {
    const maps = [...own, ...bystanders(frame)]
    maps.forEach((map, i) => {
      for (const other of maps.slice(i + 1))
        map.data.forEach((id, pixel) => {
          const second = other.data[pixel]!
          if (id !== 0 && second !== 0 && id !== second) pairs.add(id, second)
        })
    })
  }
  return pairs
}

/** Objects in as few layers as a simple rule finds, so that no two of a layer overlap; ascending in each. */
export function layersOf(objects: readonly number[], overlapping: ObjectPairs): number[][] {
  const layers: number[][] = []
  for (const object of [...objects].sort((a, b) => a - b)) {
    const free = layers.find((layer) => !layer.some((other) => overlapping.has(object, other)))
    if (free) free.push(object)
    else layers.push([object])
  }
  return layers
}
