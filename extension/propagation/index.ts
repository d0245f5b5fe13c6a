/** Propagations: what to carry where, one run at a time, and offers to propagate a corrected span again. */
export { CorrectionOffers } from './offers.ts'
export { affectedSpan, planRun, type RunPlan, type RunWish } from './plan.ts'
export { NotTrusted, nameOf, Propagation, RunGoingOn, type RunOf } from './propagation.ts'
export { PropagationRun, type RunDocument, type RunEnd } from './run.ts'
