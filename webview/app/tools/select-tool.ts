import { toCanvas } from '../stage/view.ts'
import type { StageCommand } from '../stage-port.ts'
import { t } from '../texts.ts'
import type { CanvasTool, PointerSample, ToolHost } from './canvas-tool.ts'
import { withKeypoints } from './frame-edit.ts'
import { keypointAt, objectAt, type PickedKeypoint } from './picking.ts'
import { PointDrag, PointMover, reachOf } from './point-drag.ts'
import { nextVisibility } from './pose-draft.ts'
import { drawTag } from './tag.ts'

/** Chooses objects, moves their keypoints, and tells what lies under the pointer. */
export class SelectTool extends PointMover implements CanvasTool {
  get cursor(): string {
    return this.isHolding ? 'grabbing' : this.#keypoint() ? 'grab' : 'default'
  }

  down(sample: PointerSample): boolean {
    this.pointer = sample
    const picked = this.#keypoint()
    if (picked !== undefined) {
      this.host.select(picked.mark.objectId)
      if (!this.host.canDraw(this.host.object)) return false
      if (sample.secondary) setVisibility(this.host, picked)
      else this.held = new PointDrag(this.host, picked, sample)
      return true
    }
    const mark = objectAt(this.host.marks, sample.x, sample.y)
    if (mark !== undefined) this.host.select(mark.objectId)
    return false
  }

  drag(samples: readonly PointerSample[]): void {
    this.pointer = samples.at(-1) ?? this.pointer
    if (this.pointer) this.held?.drag(this.pointer)
    this.host.redraw()
  }

  leave(): void {
    this.up()
  }

  perform(command: StageCommand): boolean {
    if (command.name === 'giveUp' && this.held) this.cancel()
    else if (command.name === 'keypointVisibility') {
      const picked = this.#keypoint()
      if (picked === undefined) return false
      this.host.select(picked.mark.objectId)
      if (!this.host.canDraw(this.host.object)) return false
      setVisibility(this.host, picked, command.visibility)
    } else return false
    return true
  }

  draw(context: CanvasRenderingContext2D): void {
    const sample = this.pointer
    if (sample === undefined || this.isHolding) return
    const picked = this.#keypoint()
    const mark = picked?.mark ?? objectAt(this.host.marks, sample.x, sample.y)
    if (mark === undefined) return
    const { x, y } = toCanvas(this.host.view, sample.x, sample.y)
    drawTag(context, picked ? keypointText(picked) : markText(mark), x, y, {
      density: this.host.density,
      font: this.host.font,
      colour: mark.colour,
    })
  }

  #keypoint(): PickedKeypoint | undefined {
    const sample = this.pointer
    return sample && keypointAt(this.host.marks, sample.x, sample.y, reachOf(this.host))
  }
}

/** Changes whether a keypoint of an entry is visible, occluded or absent; without a choice the next of these. */
export function setVisibility(
  host: ToolHost,
  { mark, index }: PickedKeypoint,
  visibility = nextVisibility(mark.entry.keypoints![index]!.visibility),
): void {
  const keypoints = mark.entry.keypoints!.with(index, { ...mark.entry.keypoints![index]!, visibility })
  const entry = host.entriesOf(host.frame)?.get(mark.objectId)
  host.edit('Change visibility of keypoint', [
    { kind: 'setEntry', objectId: mark.objectId, frame: host.frame, entry: withKeypoints(entry, keypoints) },
  ])
}

/** A keypoint's name, and what is special about it. */
export function keypointText({ mark, index }: PickedKeypoint): string {
  const { visibility, confidence } = mark.entry.keypoints![index]!
  const parts = [mark.keypointNames[index] ?? String(index + 1)]
  if (visibility === 'occluded') parts.push(t('occluded'))
  if (confidence !== undefined) parts.push(t('{0} % sure', Math.round(confidence * 100)))
  return parts.join(' · ')
}

function markText({ name, entry }: ToolHost['marks'][number]): string {
  const parts = [name]
  if (entry.state === 'propagated')
    parts.push(t('propagated'), t('{0} % sure', Math.round(entry.confidence * 100)))
  else parts.push(t('keyframe'))
  if (entry.occluded) parts.push(t('occluded'))
  return parts.join(' · ')
}
