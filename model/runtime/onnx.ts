/** The only module that touches ONNX Runtime. It maps our device names to execution providers. */
import * as ort from 'onnxruntime-node'
import type { DType, TensorData } from '../graph/index.ts'
import type { Device, HostTensor, PortType } from './types.ts'

const PROVIDERS: Record<Device, string> = {
  cpu: 'cpu',
  webgpu: 'webgpu',
  cuda: 'cuda',
  dml: 'dml',
  coreml: 'coreml',
}

export type OnnxTensor = ort.Tensor
export type OnnxSession = ort.InferenceSession

/** Version of the ONNX Runtime that is linked. */
export function runtimeVersion(): string {
  return ort.env.versions.node ?? ort.env.versions.common
}

export interface SessionOptions {
  readonly device: Device
  /** Threads of one operator; 0 lets the runtime take one per physical core. */
  readonly threads: number
  /** Outputs that stay where they were computed. */
  readonly resident: ReadonlySet<string>
  readonly outputs: readonly string[]
  /** See LoadOptions. */
  readonly asWritten: boolean
}

/** Compiles an ONNX file for one device. Blocks the calling thread until done. */
export function createSession(model: Uint8Array, options: SessionOptions): Promise<OnnxSession> {
  const onGpu = options.device === 'webgpu'
  return ort.InferenceSession.create(model, {
    executionProviders: [PROVIDERS[options.device]],
    graphOptimizationLevel: options.asWritten ? 'disabled' : 'all',
    enableMemPattern: !options.asWritten,
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // What goes wrong is thrown; the runtime need not print it as well.
    logSeverityLevel: 4,
    // Reading a GPU tensor back by hand aborts the process in this version, so what the host wants comes as 'cpu'.
    ...(onGpu && {
      preferredOutputLocation: Object.fromEntries(
        options.outputs.map((name) => [
          name,
          options.resident.has(name) ? ('gpu-buffer' as const) : ('cpu' as const),
        ]),
      ),
    }),
    // Threads wait for the next operator by spinning (waking them costs a fifth of the encoder's time), but not
    // beyond the end of a run, where they would steal time from decoding and drawing on the same cores.
    extra: { session: { intra_op: { allow_spinning: '1' }, force_spinning_stop: '1' } },
  })
}

/** Names, types and shapes of what a session takes and gives. */
export function describeSession(session: OnnxSession): { inputs: PortType[]; outputs: PortType[] } {
  const ports = (all: readonly ort.InferenceSession.ValueMetadata[]): PortType[] =>
    all.map((port) => ({
      name: port.name,
      type: port.isTensor ? port.type : 'no tensor',
      // Sizes with a name, and unknown ones (-1), are not fixed.
      shape: port.isTensor
        ? port.shape.map((size) => (typeof size === 'number' && size >= 0 ? size : undefined))
        : [],
    }))
  return { inputs: ports(session.inputMetadata), outputs: ports(session.outputMetadata) }
}

const READABLE: ReadonlySet<string> = new Set<DType>(['float32', 'int64', 'int32', 'uint8', 'bool'])

/** A host tensor as ONNX Runtime takes it; the data is shared, not copied. */
export function toOnnxTensor(tensor: HostTensor): OnnxTensor {
  return new ort.Tensor(tensor.dtype, tensor.data as never, tensor.shape)
}

/** @throws Error when the tensor is not in host memory or of a type the graph does not have */
export function fromOnnxTensor(tensor: OnnxTensor): HostTensor {
  if (!READABLE.has(tensor.type)) throw new Error(`ONNX Runtime returned a tensor of type ${tensor.type}.`)
  return { dtype: tensor.type as DType, shape: tensor.dims, data: tensor.data as unknown as TensorData }
}
