/** Fine-tuning on a person's own footage. */
export { FineTuning } from './fine-tuning.ts'
export { Trainings } from './trainings.ts'
export type { TrainingNews, TrainingState, TrainingView } from './types.ts'
