export { checkImage, type Imported, type ImportJob, type ImportStep, importModel } from './import-model.ts'
