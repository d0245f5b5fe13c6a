export {
  chooseDevice,
  type DeviceChoice,
  type DeviceRequest,
  endProbes,
  type ProbeResult,
  parseDevice,
  probeAll,
  probeDevice,
} from './devices.ts'
export { Engine } from './engine.ts'
export { runtimeVersion } from './onnx.ts'
export {
  type AnyTensor,
  atEngine,
  DEVICES,
  type Device,
  type HostTensor,
  type LoadOptions,
  onHost,
  type PortType,
  type Program,
  type ResidentTensor,
  type State,
  type StateTensor,
} from './types.ts'
