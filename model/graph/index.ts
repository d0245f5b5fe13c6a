export { gradients } from './gradients.ts'
export { type Attributes, Graph, type Operation, type Source, type Tensor } from './graph.ts'
export { type Dialect, toOnnx } from './lowering.ts'
export * from './operators.ts'
export {
  broadcastShapes,
  type DType,
  GraphError,
  type Shape,
  sameShape,
  sizeOf,
  type TensorData,
  type TensorType,
} from './types.ts'
