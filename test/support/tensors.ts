import { expect } from 'vitest'
import { type TensorFile, toFloat32 } from '../../model/weights/index.ts'

/** The float32 values of a tensor in a golden file. */
export function values(file: TensorFile, name: string): Float32Array {
  const tensor = file.tensors.get(name)
  if (!tensor)
    throw new Error(`The golden file has no tensor ${name}; it has ${[...file.tensors.keys()].join(', ')}.`)
  return toFloat32(tensor)
}

/** Largest absolute difference; infinite when the lengths differ or a value is not a number. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  let worst = 0
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!)
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference
  }
  return worst
}

/** Asserts that every value is within an absolute tolerance, and says how far the worst one is. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length)
  expect(largestDifference(actual, expected)).toBeLessThanOrEqual(tolerance)
}
