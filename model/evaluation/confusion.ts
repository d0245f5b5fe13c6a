/** The label that ground truth uses for "do not count this pixel". */
export const IGNORED_LABEL = 255

/**
 * Pixel counts by true and predicted class, added up over any number of frames (VIP protocol: one matrix for the
 * whole set). Row = ground truth, column = prediction.
 */
export class ConfusionMatrix {
  readonly classes: number
  /** classes x classes, row-major. */
  readonly counts: Float64Array

  /** @param classes number of classes including the background, 1..255 */
  constructor(classes: number) {
    if (!Number.isInteger(classes) || classes < 1 || classes > 255)
      throw new RangeError(`${classes} classes are not in 1..255`)
    this.classes = classes
    this.counts = new Float64Array(classes * classes)
  }

  /**
   * Counts one frame. Pixels whose true label is {@link IGNORED_LABEL} or no class at all do not count.
   * @param truth class per pixel
   * @param prediction same size; bring it there with resizeNearest, rounding `centre`
   * @throws RangeError when the sizes differ, or a predicted label is no class at a pixel that counts
   */
  add(truth: Uint8Array, prediction: Uint8Array): void {
    if (truth.length !== prediction.length)
      throw new RangeError(`Label maps of ${truth.length} and ${prediction.length} pixels cannot be compared`)
    const { classes, counts } = this
    for (let i = 0; i < truth.length; i++) {
      const row = truth[i]!
      if (row >= classes) continue
      const column = prediction[i]!
      if (column >= classes)
        throw new RangeError(`The predicted label ${column} is not one of ${classes} classes`)
      const cell = row * classes + column
      counts[cell] = counts[cell]! + 1
    }
  }

  /** Intersection over union per class; NaN for a class that is neither in the truth nor predicted. */
  iou(): number[] {
    const { classes, counts } = this
    return Array.from({ length: classes }, (_, label) => {
      let union = 0
      for (let other = 0; other < classes; other++)
        union += counts[label * classes + other]! + counts[other * classes + label]!
      const hits = counts[label * classes + label]!
      return hits / (union - hits)
    })
  }

  /** Mean of {@link iou} over the classes that occur in the truth or the prediction; one side alone counts 0. */
  meanIou(): number {
    const present = this.iou().filter((value) => !Number.isNaN(value))
    return present.reduce((sum, value) => sum + value, 0) / present.length
  }
}

/** {@link ConfusionMatrix} of a list of frames. */
export function confusionMatrix(
  frames: Iterable<{ truth: Uint8Array; prediction: Uint8Array }>,
  classes: number,
): ConfusionMatrix {
  const matrix = new ConfusionMatrix(classes)
  for (const { truth, prediction } of frames) matrix.add(truth, prediction)
  return matrix
}

/** Mean intersection over union of a confusion matrix: {@link ConfusionMatrix.meanIou}. */
export function meanIou(matrix: ConfusionMatrix): number {
  return matrix.meanIou()
}
