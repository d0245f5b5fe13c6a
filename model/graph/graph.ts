import { type DType, GraphError, type Shape, sizeOf, type TensorData, type TensorType } from './types.ts'

/** What an operator is told besides its tensors; plain data, so that a graph can be copied and compared. */
export type Attributes = Readonly<Record<string, number | string | boolean | readonly number[]>>

/** One value in a graph: what it is (type and shape) and what makes it. It holds no numbers. */
export interface Tensor extends TensorType {
  readonly graph: Graph
  readonly id: number
  readonly source: Source
}

export type Source =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'constant'; readonly name: string; readonly data: TensorData }
  | { readonly kind: 'operation'; readonly operation: Operation; readonly index: number }

/** One application of an operator. `operator` names an entry of the operator table. */
export interface Operation {
  readonly operator: string
  readonly inputs: readonly Tensor[]
  readonly attributes: Attributes
  readonly outputs: readonly Tensor[]
}

/**
 * A computation written down once and run on any device: named inputs, constants (weights), operations in the
 * order they were added, and named outputs. Because an operation can only use tensors that exist, the list is
 * always in topological order; a backward pass is more operations at its end.
 */
export class Graph {
  readonly inputs: Tensor[] = []
  readonly constants: Tensor[] = []
  readonly operations: Operation[] = []
  readonly outputs = new Map<string, Tensor>()
  readonly #names = new Set<string>()
  #count = 0

  /** A value given at every run. @throws GraphError when the name is taken */
  input(name: string, dtype: DType, shape: Shape): Tensor {
    this.#claim(name)
    const tensor = this.#tensor({ dtype, shape }, { kind: 'input', name })
    this.inputs.push(tensor)
    return tensor
  }

  /** A value fixed when the graph is written, such as a weight. @throws GraphError when the size is wrong */
  constant(data: TensorData, shape: Shape, name?: string): Tensor {
    if (data.length !== sizeOf(shape))
      throw new GraphError(
        `Constant ${name ?? ''} has ${data.length} values, its shape [${shape}] needs ${sizeOf(shape)}.`,
      )
    const claimed = name ?? `%constant${this.#count}`
    if (name !== undefined) this.#claim(name)
    const tensor = this.#tensor({ dtype: dtypeOf(data), shape }, { kind: 'constant', name: claimed, data })
    this.constants.push(tensor)
    return tensor
  }

  /** A float32 scalar. */
  scalar(value: number): Tensor {
    return this.constant(new Float32Array([value]), [])
  }

  /** Adds an operation whose result types are already known; operators.ts has the checked functions to call. */
  add(
    operator: string,
    inputs: readonly Tensor[],
    attributes: Attributes,
    types: readonly TensorType[],
  ): readonly Tensor[] {
    for (const input of inputs)
      if (input.graph !== this) throw new GraphError(`${operator}: an input belongs to another graph.`)
    const outputs: Tensor[] = []
    const operation: Operation = { operator, inputs, attributes, outputs }
    types.forEach((type, index) => {
      outputs.push(this.#tensor(type, { kind: 'operation', operation, index }))
    })
    this.operations.push(operation)
    return outputs
  }

  /** Names a tensor as a result of the graph. @throws GraphError when the name is taken */
  output(name: string, tensor: Tensor): void {
    this.#claim(name)
    if (tensor.graph !== this) throw new GraphError(`Output ${name} belongs to another graph.`)
    this.outputs.set(name, tensor)
  }

  #tensor(type: TensorType, source: Source): Tensor {
    return { graph: this, id: this.#count++, dtype: type.dtype, shape: [...type.shape], source }
  }

  /** Names that are made up, here and in lowering, begin with %, so that no given name meets them. */
  #claim(name: string): void {
    if (name.startsWith('%'))
      throw new GraphError(`The name ${name} begins with %, which is kept for made-up names.`)
    if (this.#names.has(name)) throw new GraphError(`The graph already has a value named ${name}.`)
    this.#names.add(name)
  }
}

function dtypeOf(data: TensorData): DType {
  if (data instanceof Float32Array) return 'float32'
  if (data instanceof BigInt64Array) return 'int64'
  if (data instanceof Int32Array) return 'int32'
  return 'uint8'
}
