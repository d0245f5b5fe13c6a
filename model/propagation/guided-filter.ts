/** Values that change where a picture does: the guided filter of He, Sun and Tang (2013), with a guide in colour. */
import { boxMean } from './box-mean.ts'

/** Red, green and blue, each row-major. */
export type Planes = readonly [Float32Array, Float32Array, Float32Array]

/** At each pixel, value = a[0] * red + a[1] * green + a[2] * blue + b. */
export interface LinearModel {
  readonly a: Planes
  readonly b: Float32Array
}

/**
 * The linear models of the guide that give `values` back best in the squares around each pixel, averaged over the squares
 * that a pixel lies in. Where `values` is constant they give that constant.
 * @param values  row-major, width * height
 * @param guide   in 0..1
 * @param radius  of the squares, in pixels
 * @param epsilon variance of the guide, per channel, below which it counts as flat; above 0
 */
export function guidedModel(
  values: Float32Array,
  guide: Planes,
  width: number,
  height: number,
  radius: number,
  epsilon: number,
): LinearModel {
  const mean = (of: Float32Array): Float32Array => boxMean(of, width, height, radius)
  const guideMeans = guide.map(mean)
  const [meanR, meanG, meanB] = guideMeans as [Float32Array, Float32Array, Float32Array]
  const covariance = (x: Float32Array, meanX: Float32Array, y: Float32Array, meanY: Float32Array) => {
    const products = mean(x.map((value, i) => value * y[i]!))
    for (let i = 0; i < products.length; i++) products[i]! -= meanX[i]! * meanY[i]!
    return products
  }
  const [r, g, b] = guide
  const rr = covariance(r, meanR, r, meanR)
  const rg = covariance(r, meanR, g, meanG)
  const rb = covariance(r, meanR, b, meanB)
  const gg = covariance(g, meanG, g, meanG)
  const gb = covariance(g, meanG, b, meanB)
  const bb = covariance(b, meanB, b, meanB)
  const meanV = mean(values)
  const rv = covariance(r, meanR, values, meanV)
  const gv = covariance(g, meanG, values, meanV)
  const bv = covariance(b, meanB, values, meanV)

  // (covariance of the guide + epsilon) a = covariance with the values, by Cramer's rule; written over rv, gv, bv.
  const offset = meanV
  for (let i = 0; i < values.length; i++) {
    const xx = rr[i]! + epsilon
    const yy = gg[i]! + epsilon
    const zz = bb[i]! + epsilon
    const xy = rg[i]!
    const xz = rb[i]!
    const yz = gb[i]!
    const c0 = yy * zz - yz * yz
    const c1 = xz * yz - xy * zz
    const c2 = xy * yz - xz * yy
    const scale = 1 / (xx * c0 + xy * c1 + xz * c2)
    const [vx, vy, vz] = [rv[i]!, gv[i]!, bv[i]!]
    const a0 = scale * (c0 * vx + c1 * vy + c2 * vz)
    const a1 = scale * (c1 * vx + (xx * zz - xz * xz) * vy + (xy * xz - xx * yz) * vz)
    const a2 = scale * (c2 * vx + (xy * xz - xx * yz) * vy + (xx * yy - xy * xy) * vz)
    rv[i] = a0
    gv[i] = a1
    bv[i] = a2
    offset[i]! -= a0 * meanR[i]! + a1 * meanG[i]! + a2 * meanB[i]!
  }
  return { a: [mean(rv), mean(gv), mean(bv)], b: mean(offset) }
}
