/** Labels as categories: COCO tells them by their names, and a category has the skeleton of all its poses. */
import { equalValues, type Label, type Skeleton } from '../annotation/index.ts'
import { UserError } from '../errors.ts'
import { type CocoCategory, type CocoContent, type CocoFile, freeIds } from './coco-file.ts'

/** The categories of a file with those of some labels among them. */
export interface ChosenCategories {
  readonly categories: readonly CocoCategory[]
  /** By label id. */
  readonly of: ReadonlyMap<number, CocoCategory>
}

/**
 * Finds or makes the category of each label. One that only the video itself used follows its label, as a person may
 * change a skeleton between two exports; one of others is never changed.
 * @param own ids of the pictures of the video, whose annotations are about to be replaced
 * @throws UserError when a category of the same name has another skeleton
 */
export function chooseCategories(
  path: string,
  content: CocoContent,
  own: ReadonlySet<number>,
  labels: Iterable<Label>,
): ChosenCategories {
  const categories = [...content.categories]
  const ids = freeIds(categories.map(({ id }) => id))
  const ofOthers = new Set<number>()
  const ofOwn = new Set<number>()
  for (const { image_id, category_id } of content.annotations)
    (own.has(image_id) ? ofOwn : ofOthers).add(category_id)
  const of = new Map<number, CocoCategory>()
  const taken = new Map<string, Label>()
  for (const label of labels) {
    const before = taken.get(label.name)
    if (before !== undefined && !equalValues(before.skeleton, label.skeleton))
      throw new UserError(
        `Two labels are called "${label.name}" but have different skeletons, and COCO knows labels by their names; rename one of them.`,
      )
    taken.set(label.name, label)
    const at = categories.findIndex(({ name }) => name === label.name)
    const found = categories[at]
    if (found === undefined) categories.push(categoryOf(label, ids()))
    else if (ofOwn.has(found.id) && !ofOthers.has(found.id))
      categories[at] = { ...found, ...skeletonFields(label) }
    else if (label.skeleton !== undefined && !hasSkeleton(found, label.skeleton))
      throw new UserError(
        `The category "${label.name}" in ${path} has another skeleton than the label of this name, so nothing can be added to it; rename the label, give it that skeleton, or choose another folder.`,
      )
    of.set(label.id, categories[found === undefined ? categories.length - 1 : at]!)
  }
  return { categories, of }
}

function categoryOf(label: Label, id: number): CocoCategory {
  const { keypoints, skeleton } = skeletonFields(label)
  return { id, name: label.name, supercategory: '', ...(keypoints && { keypoints, skeleton }) }
}

/** COCO counts the ends of an edge from 1. */
function skeletonFields({ skeleton }: Label): Pick<CocoCategory, 'keypoints' | 'skeleton'> {
  return skeleton === undefined
    ? { keypoints: undefined, skeleton: undefined }
    : {
        keypoints: [...skeleton.keypoints],
        skeleton: skeleton.edges.map(([from, to]) => [from + 1, to + 1]),
      }
}

/** The order of keypoints matters, that of edges and of their ends does not. */
function hasSkeleton({ keypoints, skeleton }: CocoCategory, wanted: Skeleton): boolean {
  const edges = (skeleton ?? []).map(([from, to]): [number, number] => [from - 1, to - 1])
  return (
    equalValues(keypoints ?? [], wanted.keypoints) && equalValues(edgeTexts(edges), edgeTexts(wanted.edges))
  )
}

function edgeTexts(edges: Skeleton['edges']): string[] {
  return [...new Set(edges.map(([a, b]) => `${Math.min(a, b)} ${Math.max(a, b)}`))].sort()
}

/**
 * The skeleton of a category; undefined where it has none.
 * @throws UserError with the place where it is none
 */
export function skeletonOf(file: CocoFile, place: number): Skeleton | undefined {
  const { keypoints, skeleton } = file.content.categories[place]!
  if (!keypoints?.length) return undefined
  if (new Set(keypoints).size < keypoints.length)
    file.fail(['categories', place, 'keypoints'], 'two keypoints have the same name')
  const edges = (skeleton ?? []).map(([from, to], i): [number, number] => {
    for (const end of [from, to])
      if (end < 1 || end > keypoints.length)
        file.fail(['categories', place, 'skeleton', i], `there is no keypoint ${end}`)
    return [from - 1, to - 1]
  })
  return { keypoints, edges }
}
