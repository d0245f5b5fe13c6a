export { type Attention, ClassAttention } from './attention.ts'
export { bestMatches, Correspondence, type Match } from './correspondence.ts'
export { middleOf, type Patch, patchAt } from './patches.ts'
