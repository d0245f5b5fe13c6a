import type { Entry, Rle, TrackedObject } from '../../../model/annotation/index.ts'
import { MaskEdit } from '../masks/index.ts'
import { t } from '../texts.ts'
import type { ToolHost } from './canvas-tool.ts'
import { maskEdits } from './frame-edit.ts'

/** One change of a mask on one frame, from the first pixel until it is sent or given up. */
export class Drawing {
  readonly edit: MaskEdit
  readonly frame: number
  readonly #host: ToolHost
  readonly #object: TrackedObject | undefined
  readonly #entries: ReadonlyMap<number, Entry>

  private constructor(
    host: ToolHost,
    object: TrackedObject | undefined,
    entries: ReadonlyMap<number, Entry>,
    mode: 'add' | 'subtract',
  ) {
    this.#host = host
    this.#object = object
    this.#entries = entries
    this.frame = host.frame
    this.edit = makeEdit(host, object?.id, entries, mode)
    host.beginLive(this.edit, object)
  }

  /** @returns undefined where nothing can be drawn; the person is told why */
  static begin(host: ToolHost, mode: 'add' | 'subtract'): Drawing | undefined {
    const { object } = host
    const entries = host.entriesOf(host.frame)
    if (!host.canDraw(object) || entries === undefined) return undefined
    if (mode === 'subtract' && baseOf(host, object?.id, entries) === undefined) {
      host.hint(
        object
          ? t('{0} has no mask on this frame to take anything away from.', object.name)
          : t('There is no object to take anything away from.'),
      )
      return undefined
    }
    return new Drawing(host, object, entries, mode)
  }

  /**
   * Sends what was drawn as one step, if it changed anything; makes an object first where there is none.
   * @param refused takes back what was drawn for an object that is not made
   */
  commit(label: string, refused?: () => void): void {
    // The first object may have been made meanwhile.
    const object = this.#object ?? this.#host.object
    if (object !== undefined) this.#send(label, object.id)
    else {
      const { mask } = this.edit.finish()
      if (mask !== undefined)
        this.#host.withNewObject({ next: ({ id }) => this.#send(label, id), mask, refused })
    }
    this.#host.endLive()
  }

  cancel(): void {
    this.#host.endLive()
  }

  #send(label: string, objectId: number): void {
    const entries = this.#host.entriesOf(this.frame)
    let edit = this.edit
    if (entries !== undefined && entries !== this.#entries) {
      // Results or an undo came in meanwhile: the same stroke, on what is there now.
      edit = makeEdit(this.#host, objectId, entries, edit.mode)
      edit.draw(this.edit.drawn())
    }
    const edits = maskEdits(this.frame, objectId, entries ?? this.#entries, edit.finish())
    if (edits.length > 0) this.#host.edit(label, edits)
  }
}

function makeEdit(
  host: ToolHost,
  objectId: number | undefined,
  entries: ReadonlyMap<number, Entry>,
  mode: 'add' | 'subtract',
): MaskEdit {
  return new MaskEdit({
    width: host.width,
    height: host.height,
    base: baseOf(host, objectId, entries),
    neighbours: [...entries].flatMap(([id, entry]) =>
      id === objectId || entry.state === 'absent' || entry.mask === undefined
        ? []
        : [{ objectId: id, mask: entry.mask, locked: host.isLocked(id) }],
    ),
    takeOver: host.takeOver,
    mode,
  })
}

/** What is drawn on: the object's mask, or what waits for there to be an object. */
function baseOf(
  host: ToolHost,
  objectId: number | undefined,
  entries: ReadonlyMap<number, Entry>,
): Rle | undefined {
  if (objectId === undefined) return host.waitingMask
  const own = entries.get(objectId)
  return own === undefined || own.state === 'absent' ? undefined : own.mask
}
