export {
  adamW,
  decays,
  type OptimiserConfig,
  PRETRAINING_OPTIMISER,
  rateShare,
  trainableLayout,
} from './optimiser.ts'
