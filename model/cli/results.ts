/** Propagation results into the document and the report. */
import { type AnnotationDocument, isPersons, type Run } from '../annotation/index.ts'
import { besideMask, besidePose, resultEntries, rounded } from '../marks/index.ts'
import type { FrameResult } from '../propagation/index.ts'

export interface FrameReport {
  readonly frame: number
  readonly seconds: number
  readonly objects: readonly ObjectReport[]
  /** Only where the work ended before the frame was labelled from both ends of its span. */
  readonly provisional?: true
}

/** With an area: of its mask; with keypoints: of its pose. */
export interface ObjectReport {
  readonly id: number
  readonly confidence: number
  readonly area?: number
  readonly keypoints?: number
}

function reportOf(result: FrameResult): FrameReport {
  const { frame } = result
  const seconds = rounded(result.seconds, 4)
  const provisional = result.provisional && { provisional: true as const }
  if (result.kind === 'pose') {
    const keypoints = result.joints.filter((joint) => joint !== undefined).length
    return {
      frame,
      seconds,
      objects: [{ id: result.object, confidence: rounded(result.confidence, 4), keypoints }],
      ...provisional,
    }
  }
  const objects = result.layers
    .flatMap((layer) => layer.objects)
    .map(({ id, confidence, area }) => ({ id, confidence: rounded(confidence, 4), area }))
  return { frame, seconds, objects, ...provisional }
}

/** One report of a frame whose objects came in several results; the later result of an object counts. */
function joinReports(before: FrameReport | undefined, next: FrameReport): FrameReport {
  if (!before) return next
  const seconds = rounded(before.seconds + next.seconds, 4)
  const same = (a: ObjectReport, b: ObjectReport): boolean =>
    a.id === b.id && (a.area === undefined) === (b.area === undefined)
  const others = before.objects.filter((old) => !next.objects.some((object) => same(old, object)))
  return { ...next, seconds, objects: [...others, ...next.objects] }
}

/** One frame in words, for a log. */
export function describe({ frame, seconds, objects, provisional }: FrameReport): string {
  const parts = objects.map(({ id, confidence, area, keypoints }) => {
    const what = keypoints !== undefined ? `${keypoints} keypoints` : area === 0 ? 'absent' : `${area} px`
    return `object ${id} ${what} (confidence ${confidence.toFixed(2)})`
  })
  const note = provisional ? ', from one end of the span so far' : ''
  return `frame ${String(frame).padStart(5)}  ${seconds.toFixed(2)} s  ${parts.join(', ')}${note}`
}

/**
 * The results of one run on their way into the document and the report. A later result of the same objects and frame
 * replaces the earlier one. A person's frames stay as they are.
 */
export class RunResults {
  readonly #document: AnnotationDocument
  readonly #run: Run
  readonly #reports = new Map<number, FrameReport>()

  /** Puts the run into the document. */
  constructor(document: AnnotationDocument, run: Run) {
    this.#document = document
    this.#run = run
    document.apply({ kind: 'putRun', run })
  }

  /** One report per frame, in the order in which frames were first labelled. */
  get frames(): FrameReport[] {
    return [...this.#reports.values()]
  }

  /** @returns the report of this result alone */
  add(result: FrameResult): FrameReport {
    const reported = this.#reports.get(result.frame)?.objects
    for (const { objectId, frame, entry } of resultEntries(result, this.#run.id)) {
      const before = this.#document.entry(objectId, frame)
      if (before && isPersons(before)) continue
      const ownMask = reported?.find(({ id, area }) => id === objectId && area !== undefined)
      const joined =
        result.kind === 'pose' ? besideMask(before, entry, ownMask?.confidence) : besidePose(before, entry)
      this.#document.apply({ kind: 'setEntry', objectId, frame, entry: joined })
    }
    const report = reportOf(result)
    this.#reports.set(report.frame, joinReports(this.#reports.get(report.frame), report))
    return report
  }
}
