/** An edit, mask or value that cannot be part of an annotation: one sentence saying what is wrong. */
export class AnnotationError extends Error {
  override readonly name = 'AnnotationError'
}
