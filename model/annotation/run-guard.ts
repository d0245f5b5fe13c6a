import type { AnnotationDocument } from './document.ts'
import type { Edit } from './edit.ts'
import { AnnotationError } from './error.ts'
import { isPersons, type Label } from './types.ts'

/** What an edit concerns: single entries, as `object:frame`, whole objects, and runs. */
interface Touched {
  readonly entries: Set<string>
  readonly objects: Set<number>
  readonly runs: Set<number>
}

/**
 * Keeps a run that streams in apart from what a person does meanwhile. The two never write to the same place,
 * so it does not matter in which order they are taken back.
 */
export class RunGuard {
  readonly #document: AnnotationDocument
  /** By a person since the run began. */
  readonly #touched = nothing()
  /** Runs that this one has written or referred to; as a rule its own. */
  readonly #ownRuns = new Set<number>()

  constructor(document: AnnotationDocument) {
    this.#document = document
  }

  /**
   * What a person's edit concerns; to be asked before the edit is applied.
   * @throws AnnotationError when it changes the run that is going on
   */
  touchedBy(edit: Edit): Touched {
    const touched = nothing()
    this.#collect(edit, touched)
    return touched
  }

  /** From now on the run leaves this alone. */
  add(touched: Touched): void {
    for (const key of touched.entries) this.#touched.entries.add(key)
    for (const objectId of touched.objects) this.#touched.objects.add(objectId)
    for (const runId of touched.runs) this.#touched.runs.add(runId)
  }

  /**
   * A run's edit without what it must not write, and how many entries that leaves out.
   * @throws AnnotationError when the edit holds anything but runs and a model's entries
   */
  filter(edit: Edit): { edit: Edit; skipped: number } {
    switch (edit.kind) {
      case 'group': {
        let skipped = 0
        const edits: Edit[] = []
        for (const part of edit.edits) {
          const result = this.filter(part)
          edits.push(result.edit)
          skipped += result.skipped
        }
        return { edit: { ...edit, edits }, skipped }
      }
      case 'putRun':
        this.#use(edit.run.id)
        return { edit, skipped: 0 }
      case 'setEntry': {
        const { objectId, frame, entry } = edit
        if (entry !== undefined) {
          if (isPersons(entry)) throw new AnnotationError("A run cannot write a person's mark.")
          this.#use(entry.run)
        }
        const there = this.#document.entry(objectId, frame)
        const taken =
          (there !== undefined && isPersons(there)) ||
          this.#touched.objects.has(objectId) ||
          this.#touched.entries.has(entryKey(objectId, frame))
        return taken ? { edit: { kind: 'group', label: '', edits: [] }, skipped: 1 } : { edit, skipped: 0 }
      }
      default:
        throw new AnnotationError('A run can write its results only, not labels or objects.')
    }
  }

  #use(runId: number): void {
    if (this.#touched.runs.has(runId))
      throw new AnnotationError(`Run ${runId} was changed while this run goes on, so it cannot be used here.`)
    this.#ownRuns.add(runId)
  }

  #collect(edit: Edit, touched: Touched): void {
    switch (edit.kind) {
      case 'group':
        for (const part of edit.edits) this.#collect(part, touched)
        return
      case 'setEntry':
        touched.entries.add(entryKey(edit.objectId, edit.frame))
        return
      case 'putObject':
        // A new name or colour does not matter to a run; another label may have another skeleton.
        if (this.#document.objects.get(edit.object.id)?.labelId !== edit.object.labelId)
          touched.objects.add(edit.object.id)
        return
      case 'removeObject':
        touched.objects.add(edit.objectId)
        return
      case 'putLabel':
        if (keypointCount(this.#document.labels.get(edit.label.id)) === keypointCount(edit.label)) return
        for (const object of this.#document.objects.values())
          if (object.labelId === edit.label.id) touched.objects.add(object.id)
        return
      case 'removeLabel':
      case 'moveVideo':
        return
      case 'putRun':
        this.#collectRun(edit.run.id, touched)
        return
      case 'removeRun':
        this.#collectRun(edit.runId, touched)
        return
      default:
        edit satisfies never
    }
  }

  #collectRun(runId: number, touched: Touched): void {
    if (this.#ownRuns.has(runId))
      throw new AnnotationError(`Run ${runId} is going on; it can be changed when it has ended.`)
    touched.runs.add(runId)
  }
}

function nothing(): Touched {
  return { entries: new Set(), objects: new Set(), runs: new Set() }
}

function keypointCount(label: Label | undefined): number {
  return label?.skeleton?.keypoints.length ?? 0
}

function entryKey(objectId: number, frame: number): string {
  return `${objectId}:${frame}`
}
