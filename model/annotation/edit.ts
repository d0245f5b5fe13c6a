import type { Entry, Label, Run, TrackedObject } from './types.ts'

/**
 * A change of a document. Every one is small and reversible: applying it returns its exact inverse.
 * `put...` adds or replaces by id. Labels, objects and runs that are still in use cannot be removed:
 * remove what uses them first, in the same group.
 */
export type Edit =
  /** All of them in order, or none. */
  | { readonly kind: 'group'; readonly label: string; readonly edits: readonly Edit[] }
  | { readonly kind: 'putLabel'; readonly label: Label }
  | { readonly kind: 'removeLabel'; readonly labelId: number }
  | { readonly kind: 'putObject'; readonly object: TrackedObject }
  | { readonly kind: 'removeObject'; readonly objectId: number }
  | { readonly kind: 'putRun'; readonly run: Run }
  | { readonly kind: 'removeRun'; readonly runId: number }
  /** The video was moved or renamed; it is the same video. `path` is relative to the side-car. */
  | { readonly kind: 'moveVideo'; readonly path: string }
  /** `undefined` removes what is there. */
  | {
      readonly kind: 'setEntry'
      readonly objectId: number
      readonly frame: number
      readonly entry: Entry | undefined
    }

/** Whether an edit does nothing: a group without edits. */
export function isEmptyEdit(edit: Edit): boolean {
  return edit.kind === 'group' && edit.edits.every(isEmptyEdit)
}
