import { type AnnotationDocument, type Label, nextLabelId } from '../model/annotation/index.ts'
import { Sentence } from './sentence.ts'

/** A label of the workspace's catalogue, as it stands in the setting `siammae.labels`. */
export interface LabelTemplate {
  readonly name: string
  /** `#rrggbb` */
  readonly colour?: string
  readonly keypoints?: readonly string[]
  readonly edges?: readonly (readonly [number, number])[]
}

/**
 * Colours that are told apart by people with any kind of colour vision, on light and dark pictures. Order and values
 * after Okabe and Ito (2008), without black, then four of Paul Tol's `bright` scheme.
 */
export const COLOURS: readonly { readonly name: string; readonly colour: string }[] = [
  { name: 'Orange', colour: '#e69f00' },
  { name: 'Sky blue', colour: '#56b4e9' },
  { name: 'Green', colour: '#009e73' },
  { name: 'Yellow', colour: '#f0e442' },
  { name: 'Blue', colour: '#0072b2' },
  { name: 'Vermilion', colour: '#d55e00' },
  { name: 'Pink', colour: '#cc79a7' },
  { name: 'Red', colour: '#ee6677' },
  { name: 'Cyan', colour: '#66ccee' },
  { name: 'Purple', colour: '#aa3377' },
  { name: 'Olive', colour: '#ccbb44' },
]

/** The first colour that none of the used ones is; past the last they come round again. */
export function freeColour(used: Iterable<string>): string {
  const taken = new Set([...used].map((colour) => colour.toLowerCase()))
  const free = COLOURS.find(({ colour }) => !taken.has(colour))
  return (free ?? COLOURS[taken.size % COLOURS.length]!).colour
}

/**
 * The labels of a catalogue as a document holds them, with ids from `firstId` on.
 * @throws Sentence naming the label that is not sound
 */
export function labelsFrom(templates: readonly LabelTemplate[], firstId: number): Label[] {
  const colours: string[] = []
  return templates.map((template, index) => {
    const { name, keypoints = [], edges = [] } = template
    if (typeof name !== 'string' || name.trim() === '')
      throw new Sentence('Label {0} of the setting siammae.labels has no name; give it one.', index + 1)
    const colour = template.colour ?? freeColour(colours)
    if (!/^#[0-9a-f]{6}$/i.test(colour))
      throw new Sentence(
        'The colour of the label {0} in the setting siammae.labels is not of the form #rrggbb; correct it.',
        name,
      )
    colours.push(colour)
    if (
      edges.some((edge) => edge.some((end) => !Number.isInteger(end) || end < 0 || end >= keypoints.length))
    )
      throw new Sentence(
        'An edge of the label {0} in the setting siammae.labels names a keypoint that is not there; correct it.',
        name,
      )
    return {
      id: firstId + index,
      name: name.trim(),
      colour: colour.toLowerCase(),
      ...(keypoints.length === 0 ? {} : { skeleton: { keypoints, edges } }),
    }
  })
}

/** The labels of the catalogue whose names the document does not have yet. */
export function missingLabels(document: AnnotationDocument, templates: readonly LabelTemplate[]): Label[] {
  const known = new Set([...document.labels.values()].map(({ name }) => name))
  return labelsFrom(
    templates.filter(({ name }) => !known.has(name?.trim?.())),
    nextLabelId(document),
  )
}

/** A document's labels put into the catalogue: by name, those of the document win, others stay. */
export function mergedCatalogue(
  catalogue: readonly LabelTemplate[],
  labels: Iterable<Label>,
): LabelTemplate[] {
  const merged = new Map(catalogue.map((template) => [template.name, template]))
  for (const { name, colour, skeleton } of labels)
    merged.set(name, {
      name,
      colour,
      ...(skeleton === undefined ? {} : { keypoints: skeleton.keypoints, edges: skeleton.edges }),
    })
  return [...merged.values()]
}
