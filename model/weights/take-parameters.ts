import { UserError } from '../errors.ts'
import type { ParameterLayout } from '../siammae/index.ts'
import { toFloat32 } from './convert.ts'
import type { StoredTensor } from './safetensors.ts'

/**
 * The parameters of a layout out of a file's tensors, as float32.
 * @param what the network, with its article, for messages
 * @param prefix in front of every name in the file, such as `adam.first.`
 * @throws UserError naming the file and the tensor: missing, of another shape or type, not finite
 */
export function takeParameters(
  tensors: ReadonlyMap<string, StoredTensor>,
  layout: ParameterLayout,
  path: string,
  what: string,
  prefix = '',
): Map<string, Float32Array> {
  const parameters = new Map<string, Float32Array>()
  for (const [name, shape] of layout) {
    const stored = prefix + name
    const tensor = tensors.get(stored)
    if (!tensor)
      throw new UserError(`${path} has no tensor ${stored}, which ${what} needs. Use another checkpoint.`)
    const same =
      tensor.shape.length === shape.length && tensor.shape.every((size, axis) => size === shape[axis])
    if (!same)
      throw new UserError(
        `${path}: tensor ${stored} has the shape [${tensor.shape}] where ${what} needs [${shape}]. Use another checkpoint.`,
      )
    let values: Float32Array
    try {
      values = toFloat32(tensor)
    } catch {
      throw new UserError(
        `${path}: tensor ${stored} is of type ${tensor.dtype}, weights must be real numbers. Use another checkpoint.`,
      )
    }
    if (values.some((value) => !Number.isFinite(value)))
      throw new UserError(
        `${path}: tensor ${stored} holds values that are not finite numbers. Use another checkpoint.`,
      )
    parameters.set(name, values)
  }
  return parameters
}
