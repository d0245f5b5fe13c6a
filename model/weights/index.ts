export { bfloatToFloat, fromFloat32, halfToFloat, toFloat32 } from './convert.ts'
export { type EncoderModel, readEncoder, writeEncoder } from './encoder-file.ts'
export { FAMILIES } from './families/families.ts'
export { type ImportOptions, type ImportReport, importEncoder } from './import-encoder.ts'
export { ImportQuestion, type ImportSubject } from './import-question.ts'
export { NORMALISATIONS, type Normalisation, type NormalisationName } from './normalisation.ts'
export {
  type FeatureModel,
  isOnnxEncoder,
  isOnnxPath,
  type OnnxConfig,
  type OnnxEncoder,
  onnxConfigOf,
  onnxName,
  readOnnxEncoder,
  readOnnxFile,
  writeOnnxEncoder,
} from './onnx-file.ts'
export {
  parseSafetensors,
  readSafetensors,
  readSafetensorsMetadata,
  type SafetensorsDType,
  type StoredTensor,
  serialiseSafetensors,
  type TensorFile,
  writeSafetensors,
} from './safetensors.ts'
export {
  isSiamMae,
  parseSiamMae,
  readSiamMae,
  type SiamMaeModel,
  siamMaeName,
  writeSiamMae,
} from './siammae-file.ts'
export { takeParameters } from './take-parameters.ts'
