import { findHoles } from '../masks/index.ts'
import { t } from '../texts.ts'
import type { ToolHost } from './canvas-tool.ts'
import { Drawing } from './drawing.ts'

/** Closes the holes in the mask of the object that is worked on, as one step. */
export function fillHoles(host: ToolHost): void {
  const { object } = host
  const entry = object && host.entriesOf(host.frame)?.get(object.id)
  if (object === undefined || entry === undefined || entry.state === 'absent' || entry.mask === undefined) {
    host.hint(t('Choose an object with a mask on this frame to fill its holes.'))
    return
  }
  const drawing = Drawing.begin(host, 'add')
  if (drawing === undefined) return
  let found = false
  // The mask must not change while its holes are looked for.
  findHoles(drawing.edit.pixels.slice(), host.width, drawing.edit.bounds, (row, start, end) => {
    found = true
    drawing.edit.span(row, start, end)
  })
  if (found) drawing.commit('Fill holes')
  else {
    drawing.cancel()
    host.hint(t('The mask of {0} has no holes.', object.name))
  }
}
