import type { Skeleton } from '../model/annotation/index.ts'
import { Sentence } from './sentence.ts'

/** Keypoints as a person writes them: names with commas between. @throws Sentence when a name is empty or twice there */
export function keypointsFrom(written: string): string[] {
  if (written.trim() === '') return []
  const names = written.split(/[,，、]/).map((name) => name.trim())
  if (names.some((name) => name === ''))
    throw new Sentence('A keypoint has no name; write names with commas between.')
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    throw new Sentence('The keypoint {0} is there twice; give each its own name.', twice)
  return names
}

/**
 * Edges as a person writes them: `nose-neck, neck-tail`. Names with a hyphen in them are read too.
 * @throws Sentence naming the edge whose ends are not both keypoints
 */
export function edgesFrom(written: string, keypoints: readonly string[]): [number, number][] {
  if (written.trim() === '') return []
  return written.split(/[,，、]/).map((part) => {
    const text = part.trim()
    for (let at = text.indexOf('-'); at >= 0; at = text.indexOf('-', at + 1)) {
      const from = keypoints.indexOf(text.slice(0, at).trim())
      const to = keypoints.indexOf(text.slice(at + 1).trim())
      if (from >= 0 && to >= 0 && from !== to) return [from, to]
    }
    throw new Sentence(
      '{0} does not join two keypoints; write edges such as nose-neck, with commas between.',
      text,
    )
  })
}

/** The edges of a skeleton as {@link edgesFrom} reads them. */
export function edgesText({ keypoints, edges }: Skeleton): string {
  return edges.map(([from, to]) => `${keypoints[from]}-${keypoints[to]}`).join(', ')
}

/** Every keypoint joined to the next: what an edge list starts with. */
export function chain(keypoints: readonly string[]): [number, number][] {
  return keypoints.slice(1).map((_, index) => [index, index + 1])
}
