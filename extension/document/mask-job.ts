import {
  type AnnotationDocument,
  encodeLabels,
  nextLabelId,
  nextObjectId,
} from '../../model/annotation/index.ts'
import { colourTextOf, readMaskPicture } from '../../model/formats/index.ts'
import { documentOf } from './snapshot.ts'
import type { Job } from './worker-messages.ts'

/** The label of objects that only a picture's numbers tell of. */
const LABEL = 'object'

/**
 * The masks of a picture as a document with the catalogue's labels and objects: a value is the object of that number, a
 * new one where there is none.
 * @throws UserError when the picture cannot be read or does not fit; AnnotationError when there are too many objects
 */
export async function readMask({
  file,
  frame,
  catalogue,
  objectId,
}: Extract<Job, { kind: 'mask' }>): Promise<AnnotationDocument> {
  const document = documentOf(catalogue)
  const { width, height, data, objects, isBlackAndWhite } = await readMaskPicture(file, document.video)
  for (const value of objects) {
    const id = isBlackAndWhite ? (objectId ?? nextObjectId(document)) : value
    if (!document.objects.has(id)) putObject(document, id)
    const mask = encodeLabels(data, width, height, value)
    const entry = { state: 'keyframe', occluded: false, mask } as const
    document.apply({ kind: 'setEntry', objectId: id, frame, entry })
  }
  return document
}

function putObject(document: AnnotationDocument, id: number): void {
  let label = [...document.labels.values()].find(({ name }) => name === LABEL)
  if (label === undefined) {
    label = { id: nextLabelId(document), name: LABEL, colour: colourTextOf(id) }
    document.apply({ kind: 'putLabel', label })
  }
  const object = { id, name: `${LABEL} ${id}`, labelId: label.id, colour: colourTextOf(id) }
  document.apply({ kind: 'putObject', object })
}
