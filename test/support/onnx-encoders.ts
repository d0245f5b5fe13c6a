/** Small ONNX encoders as other programs export them: float pixels in, [CLS] and patches out, of one or of any size. */
import { create, toBinary } from '@bufbuild/protobuf'
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf'

export interface OnnxOptions {
  /** Side of a patch. */
  readonly patch: number
  readonly dim: number
  /** Fixed sides of the picture; any where left out. */
  readonly size?: { readonly width: number; readonly height: number }
  /** Whether a token stands in front of the patches. */
  readonly classToken?: boolean
  readonly type?: 'float32' | 'float16'
  readonly output?: string
  /** Named as one that is kept in another file. */
  readonly external?: boolean
}

/**
 * A patch embedding (a convolution) as an encoder: every token is a weighted sum of its patch.
 * @param weight [dim, 3, patch, patch]
 */
export function convolutionEncoder(weight: Float32Array, options: OnnxOptions): Uint8Array {
  const { patch, dim, size, classToken = true, type = 'float32', output = 'last_hidden_state' } = options
  const element = type === 'float32' ? TensorProto_DataType.FLOAT : TensorProto_DataType.FLOAT16
  const dimension = (value: number | string) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        typeof value === 'number' ? { case: 'dimValue', value: BigInt(value) } : { case: 'dimParam', value },
    })
  const port = (name: string, shape: readonly (number | string)[]) =>
    create(ValueInfoProtoSchema, {
      name,
      type: {
        value: {
          case: 'tensorType',
          value: {
            elemType: element,
            shape: create(TensorShapeProtoSchema, { dim: shape.map(dimension) }),
          },
        },
      },
    })
  const ints = (name: string, values: readonly number[]) =>
    create(AttributeProtoSchema, {
      name,
      type: AttributeProto_AttributeType.INTS,
      ints: values.map(BigInt),
    })
  const int = (name: string, value: number) =>
    create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) })
  const node = (
    opType: string,
    input: string[],
    result: string,
    attribute: ReturnType<typeof create<typeof AttributeProtoSchema>>[] = [],
  ) => create(NodeProtoSchema, { opType, input, output: [result], attribute })
  const numbers = (name: string, shape: readonly number[], values: Float32Array) =>
    create(TensorProtoSchema, {
      name,
      dataType: TensorProto_DataType.FLOAT,
      dims: shape.map(BigInt),
      rawData: Uint8Array.from(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
      ...(options.external && { dataLocation: 1, rawData: new Uint8Array(0) }),
    })
  const shape = create(TensorProtoSchema, {
    name: 'flat',
    dataType: TensorProto_DataType.INT64,
    dims: [3n],
    rawData: new Uint8Array(BigInt64Array.of(1n, BigInt(dim), -1n).buffer),
  })
  const tokens = classToken ? 'patches' : output
  const rows = size ? (size.height / patch) * (size.width / patch) + (classToken ? 1 : 0) : 'tokens'
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    producerName: 'test',
    opsetImport: [{ domain: '', version: 17n }],
    graph: {
      name: 'encoder',
      input: [port('pixel_values', size ? [1, 3, size.height, size.width] : ['batch', 3, 'height', 'width'])],
      output: [port(output, [size ? 1 : 'batch', rows, dim])],
      initializer: [
        numbers('weight', [dim, 3, patch, patch], weight),
        shape,
        ...(classToken ? [numbers('cls', [1, 1, dim], new Float32Array(dim).fill(7))] : []),
      ],
      node: [
        node('Conv', ['pixel_values', 'weight'], 'map', [
          ints('kernel_shape', [patch, patch]),
          ints('strides', [patch, patch]),
        ]),
        node('Reshape', ['map', 'flat'], 'columns'),
        node('Transpose', ['columns'], tokens, [ints('perm', [0, 2, 1])]),
        ...(classToken ? [node('Concat', ['cls', 'patches'], output, [int('axis', 1)])] : []),
      ],
    },
  })
  return toBinary(ModelProtoSchema, model)
}
