/** Reverse-mode differentiation: the backward pass as more operations of the same graph. */

import { gradientRules } from './gradient-rules.ts'
import type { Operation, Tensor } from './graph.ts'
import { add } from './operators.ts'
import { GraphError, sizeOf } from './types.ts'

/**
 * Appends the operations that compute the derivative of one number by each of the given tensors.
 * @param of   what is differentiated: float32 with a single element, usually a loss
 * @param by   tensors of the same graph, usually its parameters
 * @returns a gradient per tensor of `by`, of its shape; zeros where `of` does not depend on it
 * @throws GraphError when an operator on the way has no gradient, naming it
 */
export function gradients(of: Tensor, by: readonly Tensor[]): Map<Tensor, Tensor> {
  const { graph } = of
  if (of.dtype !== 'float32' || sizeOf(of.shape) !== 1)
    throw new GraphError(`gradients: one float32 number is differentiated, not ${of.dtype} [${of.shape}].`)

  // The rules append to this list while it is walked, so the forward pass is fixed first.
  const forward = [...graph.operations]
  const varying = new Set<Tensor>(by)
  for (const { inputs, outputs } of forward)
    if (inputs.some((input) => varying.has(input))) for (const output of outputs) varying.add(output)

  const totals = new Map<Tensor, Tensor>()
  if (varying.has(of)) totals.set(of, graph.constant(new Float32Array([1]), of.shape))
  for (const operation of forward.reverse()) {
    if (!operation.inputs.some((input) => varying.has(input))) continue
    const upstream = operation.outputs.map((output) => totals.get(output))
    if (upstream.every((gradient) => gradient === undefined)) continue
    for (const [input, gradient] of inputGradients(operation, upstream, varying)) {
      const known = totals.get(input)
      totals.set(input, known ? add(known, gradient) : gradient)
    }
    // A sum that is complete is only wanted again where it was asked for.
    for (const output of operation.outputs) if (!by.includes(output)) totals.delete(output)
  }
  return new Map(
    by.map((tensor) => [
      tensor,
      totals.get(tensor) ?? graph.constant(new Float32Array(sizeOf(tensor.shape)), tensor.shape),
    ]),
  )
}

function inputGradients(
  operation: Operation,
  upstream: readonly (Tensor | undefined)[],
  varying: ReadonlySet<Tensor>,
): [Tensor, Tensor][] {
  const rule = gradientRules[operation.operator]
  if (!rule)
    throw new GraphError(
      `The operator ${operation.operator} has no gradient; keep it off the way from the parameters to the loss.`,
    )
  const wanted = operation.inputs.map((input) => varying.has(input))
  const results = rule(operation, upstream, wanted)
  return operation.inputs.flatMap((input, i) => {
    const gradient = wanted[i] ? results[i] : undefined
    return gradient ? [[input, gradient] as [Tensor, Tensor]] : []
  })
}
