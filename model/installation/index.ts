export { type Examination, examine, type Finding } from './examination.ts'
export {
  modelLabel,
  packageFolder,
  readModel,
  starterModelPath,
  toolVersion,
  untrainedNote,
  weightsLicence,
} from './package.ts'
