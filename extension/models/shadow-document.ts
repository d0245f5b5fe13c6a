import {
  type AnnotationDocument,
  createDocument,
  isPersons,
  type Run,
  type RunResult,
} from '../../model/annotation/index.ts'
import type { RunView } from '../../webview/protocol/index.ts'
import { withOwnCounts } from '../document/view-edits.ts'
import type { AnnotatorDocument } from '../editor/index.ts'
import type { RunDocument, RunPlan } from '../propagation/index.ts'

export interface ShadowOptions {
  /** What was found, and where. */
  readonly found: (results: readonly RunResult[], run: Run) => void
  readonly show: (run: RunView | undefined) => void
}

/**
 * A document that takes the results of a run in place of the person's: of the same clip, with the objects that are
 * carried, and nothing else. So a run that is only looked at goes on after a loss of the process like any other, and
 * changes nothing that is a person's.
 */
export function shadowOf(
  document: Pick<AnnotatorDocument, 'annotations' | 'videoPath'>,
  plan: RunPlan,
  { found, show }: ShadowOptions,
): RunDocument {
  const { annotations, videoPath } = document
  const shadow: AnnotationDocument = createDocument(annotations.video)
  for (const label of annotations.labels.values()) shadow.apply({ kind: 'putLabel', label })
  for (const object of plan.objects) shadow.apply({ kind: 'putObject', object })
  return {
    annotations: shadow,
    videoPath,
    showRun: show,
    beginRun() {
      let ended = false
      return {
        add(run, results) {
          if (!shadow.runs.has(run.id)) shadow.apply({ kind: 'putRun', run })
          // What a person has marked stays the person's, here as there.
          const free = results
            .filter(({ objectId, frame }) => !isMarked(annotations, objectId, frame))
            .map(withOwnCounts)
          for (const { objectId, frame, entry } of free)
            shadow.apply({ kind: 'setEntry', objectId, frame, entry })
          if (free.length > 0) found(free, run)
          return results.length - free.length
        },
        end() {
          ended = true
        },
        get ended() {
          return ended
        },
      }
    },
  }
}

function isMarked(annotations: AnnotationDocument, objectId: number, frame: number): boolean {
  const entry = annotations.objects.has(objectId) ? annotations.entry(objectId, frame) : undefined
  return entry !== undefined && isPersons(entry)
}
