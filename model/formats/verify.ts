import { setImmediate } from 'node:timers/promises'
import { type AnnotationDocument, equalEntries, type Shape } from '../annotation/index.ts'
import { throwIfCancelled, UserError } from '../errors.ts'
import type { ExportPlan } from './export-plan.ts'
import { isHeld } from './held.ts'
import { byId, labelRecord, lines, objectRecord, runRecord } from './record-lines.ts'

/**
 * Compares what was read back from disk with the document, by object and frame.
 * @param shapesOf what the format should hold of each object, by frame
 * @param title    of the format, for the sentence
 * @throws UserError naming the first object and frame that differ; CancelledError on the signal
 */
export async function demandEqual(
  back: AnnotationDocument,
  document: AnnotationDocument,
  plan: ExportPlan,
  shapesOf: (frame: number) => (objectId: number) => Shape,
  title: string,
  signal?: AbortSignal,
): Promise<void> {
  const fail = (what: string): never => {
    throw new UserError(
      `The ${title} export reads back differently (${what}), so it was not kept; check the disk.`,
    )
  }
  if (lines(byId(back.labels).map(labelRecord)) !== lines(byId(document.labels).map(labelRecord)))
    fail('labels')
  if (lines(byId(back.objects).map(objectRecord)) !== lines(plan.objects.map(objectRecord))) fail('objects')
  if (lines(byId(back.runs).map(runRecord)) !== lines(byId(document.runs).map(runRecord))) fail('runs')
  const counts = new Map<number, number>()
  for (const [i, { index }] of plan.frames.entries()) {
    // Long clips take seconds; other work and a wish to stop must get their turn.
    if (i % 16 === 0) await setImmediate()
    throwIfCancelled(signal)
    const shapeOf = shapesOf(index)
    for (const { id } of plan.objects) {
      const entry = document.entry(id, index)
      if (!isHeld(entry, plan.holds)) continue
      counts.set(id, (counts.get(id) ?? 0) + 1)
      const seen = back.entry(id, index)
      const expected =
        entry.state === 'absent' ? entry : { ...entry, mask: undefined, keypoints: undefined, ...shapeOf(id) }
      if (seen === undefined || !equalEntries(seen, expected)) fail(`object ${id} on frame ${index}`)
    }
  }
  for (const { id } of plan.objects)
    if (back.frames(id).length !== (counts.get(id) ?? 0)) fail(`the number of frames of object ${id}`)
}
