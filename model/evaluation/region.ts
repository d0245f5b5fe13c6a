/**
 * Region similarity J of DAVIS: intersection over union of two binary masks.
 * @param prediction height x width, 0 or not 0, row-major
 * @param truth same size
 * @returns 0..1; 1 when both are empty (davis2017 protocol)
 * @throws RangeError when the sizes differ
 */
export function jaccard(prediction: Uint8Array, truth: Uint8Array): number {
  if (prediction.length !== truth.length)
    throw new RangeError(`Masks of ${prediction.length} and ${truth.length} pixels cannot be compared`)
  let intersection = 0
  let union = 0
  for (let i = 0; i < truth.length; i++) {
    const inPrediction = prediction[i] !== 0
    const inTruth = truth[i] !== 0
    if (inPrediction || inTruth) union++
    if (inPrediction && inTruth) intersection++
  }
  return union === 0 ? 1 : intersection / union
}
