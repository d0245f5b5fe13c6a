export {
  copyToFrame,
  deleteFrom,
  deleteObject,
  deleteOnFrame,
  nextLabelId,
  nextObjectId,
  nextRunId,
  propagationEdit,
  type RunResult,
} from './builders.ts'
export { fromCompressed, toCompressed } from './compressed.ts'
export { AnnotationDocument, createDocument } from './document.ts'
export { type Edit, isEmptyEdit } from './edit.ts'
export { equalEntries, equalValues } from './equality.ts'
export { AnnotationError } from './error.ts'
export { History } from './history.ts'
export { MAX_FRAMES, MAX_KEYPOINTS, MAX_OBJECTS, MAX_PIXELS, MAX_SIDE } from './limits.ts'
export { area, boundingBox, difference, equalMasks, intersection, iou, union } from './mask-measures.ts'
export { isOtherVideo, type Merge, mergeDocuments } from './merge.ts'
export { fillPolygon, type Point, type SpanSink } from './polygon.ts'
export {
  decodeMask,
  encodeAllLabels,
  encodeLabels,
  encodeMask,
  fromCounts,
  paintMask,
  type Rle,
} from './rle.ts'
export {
  type AbsentByPersonEntry,
  type AbsentByRunEntry,
  type Entry,
  isPersons,
  type KeyframeEntry,
  type Keypoint,
  type Label,
  type ModelEntry,
  type PropagatedEntry,
  type Run,
  type Shape,
  type Skeleton,
  type TrackedObject,
  type VideoReference,
  type Visibility,
} from './types.ts'
