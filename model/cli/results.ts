/** From propagation results to entries of the document. */
import {
  type AnnotationDocument,
  type Entry,
  encodeAllLabels,
  isPersons,
  type ModelEntry,
  type Run,
} from '../annotation/index.ts'
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

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits))

/** A joint whose strongest cell has less weight than this is called occluded. */
const OCCLUDED_BELOW = 0.25

/** The entries that one result means: per object propagated, or absent where nothing is left of its mask. */
function entriesOf(
  result: FrameResult,
  run: number,
): { objectId: number; frame: number; entry: ModelEntry }[] {
  const { frame } = result
  if (result.kind === 'pose') {
    const keypoints = result.joints.map((joint) =>
      joint
        ? {
            x: rounded(joint.x, 2),
            y: rounded(joint.y, 2),
            visibility: joint.confidence < OCCLUDED_BELOW ? ('occluded' as const) : ('visible' as const),
            confidence: rounded(joint.confidence, 4),
          }
        : { x: 0, y: 0, visibility: 'absent' as const },
    )
    const confidence = rounded(result.confidence, 4)
    return [
      {
        objectId: result.object,
        frame,
        entry: { state: 'propagated', run, confidence, occluded: false, keypoints },
      },
    ]
  }
  return result.layers.flatMap(({ map, objects }) => {
    const masks = encodeAllLabels(map.data, map.width, map.height)
    return objects.map(({ id, confidence: exact, area }) => {
      const confidence = rounded(exact, 4)
      if (area === 0) return { objectId: id, frame, entry: { state: 'absent', by: 'run', run, confidence } }
      const mask = masks.get(id)!
      return { objectId: id, frame, entry: { state: 'propagated', run, confidence, occluded: false, mask } }
    })
  })
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
    for (const { objectId, frame, entry } of entriesOf(result, this.#run.id)) {
      const before = this.#document.entry(objectId, frame)
      if (before && isPersons(before)) continue
      const joined =
        result.kind === 'pose' ? this.#withMask(before, entry, objectId, frame) : withPose(before, entry)
      this.#document.apply({ kind: 'setEntry', objectId, frame, entry: joined })
    }
    const report = reportOf(result)
    this.#reports.set(report.frame, joinReports(this.#reports.get(report.frame), report))
    return report
  }

  /** A pose beside the mask that is there, of this run or an earlier one. */
  #withMask(before: Entry | undefined, entry: ModelEntry, object: number, frame: number): ModelEntry {
    if (before?.state !== 'propagated' || !before.mask || entry.state !== 'propagated') return entry
    const own = this.#reports.get(frame)?.objects.find(({ id, area }) => id === object && area !== undefined)
    const sure = own?.confidence ?? before.confidence
    return { ...entry, mask: before.mask, confidence: Math.min(entry.confidence, sure) }
  }
}

/** A mask, or that there is none, beside the keypoints that are there, of this run or an earlier one. */
function withPose(before: Entry | undefined, entry: ModelEntry): ModelEntry {
  if (before?.state !== 'propagated' || !before.keypoints) return entry
  const { keypoints } = before
  const each = keypoints.flatMap(({ visibility, confidence }) =>
    visibility === 'absent' || confidence === undefined ? [] : [confidence],
  )
  const sure = each.length > 0 ? each.reduce((sum, value) => sum + value, 0) / each.length : before.confidence
  if (entry.state === 'absent')
    return {
      state: 'propagated',
      run: entry.run,
      confidence: rounded(sure, 4),
      occluded: before.occluded,
      keypoints,
    }
  return { ...entry, keypoints, confidence: Math.min(entry.confidence, rounded(sure, 4)) }
}
