import type { TrackedObject } from '../../model/annotation/index.ts'
import type { AnnotatorView } from '../editor/index.ts'
import type { Services } from '../services.ts'
import { freshView, type Handler } from './command.ts'
import { pickObject } from './pick-object.ts'

/** What a command on an object works with. */
export interface ObjectTarget {
  readonly services: Services
  readonly view: AnnotatorView
  readonly object: TrackedObject
  /** The command's first argument: an id, a line of a tree, or nothing. */
  readonly given: unknown
}

/**
 * A command on one object of the active view (see {@link pickObject} for which); does nothing when the person gives up
 * choosing one.
 */
export function aboutObject(work: (target: ObjectTarget, ...rest: readonly unknown[]) => unknown): Handler {
  return async (services, given, ...rest) => {
    const view = await freshView(services)
    const object = await pickObject(view, given)
    if (object !== undefined) await work({ services, view, object, given }, ...rest)
  }
}
