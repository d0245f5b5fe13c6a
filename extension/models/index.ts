export { Comparisons } from './comparisons.ts'
export { Models } from './models.ts'
export { STARTER_ID } from './registry.ts'
export type { ModelEntry, ModelOrigin, NewModel } from './types.ts'
