export { bfloatToFloat, fromFloat32, halfToFloat, toFloat32 } from './convert.ts'
export { type EncoderModel, readEncoder, writeEncoder } from './encoder-file.ts'
export {
  parseSafetensors,
  readSafetensors,
  type SafetensorsDType,
  type StoredTensor,
  serialiseSafetensors,
  type TensorFile,
  writeSafetensors,
} from './safetensors.ts'
