import type { DType, Shape, TensorData, TensorType } from '../graph/index.ts'

/** Where a graph can run. The command line and the settings use these words. */
export const DEVICES = ['cpu', 'webgpu', 'cuda', 'dml', 'coreml'] as const
export type Device = (typeof DEVICES)[number]

/** Numbers in host memory. */
export interface HostTensor {
  readonly dtype: DType
  readonly shape: Shape
  readonly data: TensorData
}

/** A tensor that stays with the engine (on a GPU: in GPU memory) until it is released. */
export interface ResidentTensor {
  readonly resident: number
}

export type AnyTensor = HostTensor | ResidentTensor

/** A graph compiled by an engine. */
export interface Program {
  readonly program: number
}

/**
 * Named tensors that stay with the engine from run to run, such as the parameters of a training: a program reads
 * them as inputs of the same names and replaces them by its outputs.
 */
export interface State {
  readonly state: number
}

/** What is known of a tensor of a state without reading it. */
export interface StateTensor extends TensorType {
  /** `host` for the memory of this process, `device` for a GPU's own. */
  readonly place: 'host' | 'device'
}

export interface LoadOptions {
  /** Outputs that stay with the engine; the others come back to the host. */
  readonly resident?: readonly string[]
  /**
   * Outputs that replace a tensor of the state: output name -> state name. In host memory the output is written over
   * the old tensor, so it must be computed elementwise, and after everything else that reads the old one.
   */
  readonly updates?: Readonly<Record<string, string>>
  /**
   * Runs the graph as it was written: no search for fusions and no memory plan for the whole run. For large training
   * graphs, whose lowering has the fusions that matter: the search takes seconds there and the plan half as much memory
   * again.
   */
  readonly asWritten?: boolean
}

/** An input or output of a program; a size that is not fixed is undefined. */
export interface PortType {
  readonly name: string
  /** In ONNX's words, such as `float32` or `float16`. */
  readonly type: string
  readonly shape: readonly (number | undefined)[]
}

/** What an engine thread answers; every call is served in the order it was posted. */
export interface EngineCalls {
  load(
    model: Uint8Array,
    outputs: readonly string[],
    resident: readonly string[],
    updates: Readonly<Record<string, string>>,
    asWritten: boolean,
  ): Promise<number>
  describe(program: number): { inputs: PortType[]; outputs: PortType[] }
  unload(program: number): Promise<void>
  run(
    program: number,
    feeds: Record<string, AnyTensor>,
    state: number | undefined,
  ): Promise<Record<string, AnyTensor>>
  createState(tensors: Readonly<Record<string, HostTensor>>): number
  /** Adds tensors to a state, or replaces some. */
  writeState(state: number, tensors: Readonly<Record<string, HostTensor>>): void
  /** Copies of tensors that are in host memory; the others are left out. */
  readState(state: number, names: readonly string[]): Record<string, HostTensor>
  describeState(state: number, names: readonly string[]): StateTensor[]
  dropState(state: number): void
  upload(tensor: HostTensor): number
  release(residents: readonly number[]): void
  /** Frees everything. Answered after all earlier calls, so that no native call is cut off. */
  shutdown(): Promise<void>
}

/** Narrows to a tensor whose numbers are here. @throws TypeError when it stayed with the engine */
export function onHost(tensor: AnyTensor | undefined): HostTensor {
  if (!tensor || 'resident' in tensor) throw new TypeError('The tensor stayed with the engine.')
  return tensor
}

/** Narrows to a tensor that stayed with the engine. @throws TypeError when it came to the host */
export function atEngine(tensor: AnyTensor | undefined): ResidentTensor {
  if (!tensor || !('resident' in tensor)) throw new TypeError('The tensor did not stay with the engine.')
  return tensor
}
