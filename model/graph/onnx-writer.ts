/** The ONNX file format: the only place that knows its protocol buffers. */
import { create, toBinary } from '@bufbuild/protobuf'
import {
  AttributeProto_AttributeType,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf'
import type { DType, Shape, TensorData } from './types.ts'

/** Opset 20 is the first with Gelu; IR 10 is what belongs to it. */
const OPSET = 20n
const MICROSOFT_OPSET = 1n
const IR_VERSION = 10n

export const onnxDataType: Record<DType, TensorProto_DataType> = {
  float32: TensorProto_DataType.FLOAT,
  int64: TensorProto_DataType.INT64,
  int32: TensorProto_DataType.INT32,
  uint8: TensorProto_DataType.UINT8,
  bool: TensorProto_DataType.BOOL,
}

export type OnnxAttribute = number | bigint | string | readonly bigint[]

export interface OnnxNode {
  readonly type: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** number: FLOAT, bigint: INT, bigint list: INTS, string: STRING. */
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>
  /** 'com.microsoft' for ONNX Runtime's contributed operators. */
  readonly domain?: string
}

export interface OnnxValue {
  readonly name: string
  readonly dtype: DType
  readonly shape: Shape
}

export interface OnnxGraph {
  readonly name: string
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
  readonly constants: readonly (OnnxValue & { data: TensorData })[]
  readonly nodes: readonly OnnxNode[]
}

/** The bytes of an `.onnx` file. Weights are stored inside; protocol buffers end at 2 GB. */
export function writeOnnx(graph: OnnxGraph): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: 'siammae',
    opsetImport: [
      { domain: '', version: OPSET },
      { domain: 'com.microsoft', version: MICROSOFT_OPSET },
    ],
    graph: {
      name: graph.name,
      node: graph.nodes.map(nodeProto),
      initializer: graph.constants.map(tensorProto),
      input: graph.inputs.map(valueProto),
      output: graph.outputs.map(valueProto),
    },
  })
  return toBinary(ModelProtoSchema, model)
}

function nodeProto(node: OnnxNode): NodeProto {
  return create(NodeProtoSchema, {
    opType: node.type,
    input: [...node.inputs],
    output: [...node.outputs],
    domain: node.domain ?? '',
    attribute: Object.entries(node.attributes ?? {}).map(([name, value]) => {
      if (typeof value === 'number') return { name, type: AttributeProto_AttributeType.FLOAT, f: value }
      if (typeof value === 'bigint') return { name, type: AttributeProto_AttributeType.INT, i: value }
      if (typeof value === 'string')
        return { name, type: AttributeProto_AttributeType.STRING, s: new TextEncoder().encode(value) }
      return { name, type: AttributeProto_AttributeType.INTS, ints: [...value] }
    }),
  })
}

function tensorProto(value: OnnxValue & { data: TensorData }): TensorProto {
  const { data } = value
  // ONNX raw data is little-endian, as is every platform ONNX Runtime has binaries for.
  const rawData = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)
  return create(TensorProtoSchema, {
    name: value.name,
    dataType: onnxDataType[value.dtype],
    dims: value.shape.map(BigInt),
    rawData,
  })
}

function valueProto(value: OnnxValue): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name: value.name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType: onnxDataType[value.dtype],
          shape: create(TensorShapeProtoSchema, {
            dim: value.shape.map((size) =>
              create(TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value: BigInt(size) } }),
            ),
          }),
        },
      },
    },
  })
}
