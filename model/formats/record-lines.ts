import type * as v from 'valibot'
import type { Label, Run, TrackedObject, VideoReference } from '../annotation/index.ts'
import type { LabelRecord, ObjectRecord, RunRecord } from './record-schemas.ts'

/**
 * Between the document's parts and their records in a file. Fields are named one by one in both directions, so that
 * their order in the file never depends on how an object was made.
 */

type Fields = Record<string, unknown>

export function videoRecord({ path, hash, frameCount, width, height }: VideoReference): Fields {
  return { path, hash, frameCount, width, height }
}

export function labelRecord({ id, name, colour, skeleton }: Label): Fields {
  return {
    id,
    name,
    colour,
    ...(skeleton && { skeleton: { keypoints: skeleton.keypoints, edges: skeleton.edges } }),
  }
}

export function objectRecord({ id, name, labelId, colour }: TrackedObject): Fields {
  return { id, name, label: labelId, ...(colour !== undefined && { colour }) }
}

export function runRecord(run: Run): Fields {
  const { id, model, device, preset, settings, direction, range, date, tool } = run
  const { name, file, hash, trained } = model
  return {
    id,
    model: { name, file, hash, trained },
    device,
    preset,
    settings: sorted(settings),
    direction,
    range,
    date,
    tool,
  }
}

export function labelOf({ id, name, colour, skeleton }: v.InferOutput<typeof LabelRecord>): Label {
  return { id, name, colour, ...(skeleton && { skeleton }) }
}

export function objectOf({ id, name, label, colour }: v.InferOutput<typeof ObjectRecord>): TrackedObject {
  return { id, name, labelId: label, ...(colour !== undefined && { colour }) }
}

export function runOf(record: v.InferOutput<typeof RunRecord>): Run {
  return record
}

/** The values of a map by rising key. */
export function byId<T>(map: ReadonlyMap<number, T>): T[] {
  return [...map].sort(([a], [b]) => a - b).map(([, value]) => value)
}

/** JSON on one line. Unlike `JSON.stringify` it keeps the sign of -0, so that what is read back is equal. */
export function jsonLine(value: unknown): string {
  // The engine's own way is several times as fast; the only difference between the two is the sign of a zero.
  return hasMinusZero(value) ? slowLine(value) : (JSON.stringify(value) ?? 'null')
}

function hasMinusZero(value: unknown): boolean {
  if (typeof value === 'number') return Object.is(value, -0)
  if (typeof value !== 'object' || value === null) return false
  for (const key in value) if (hasMinusZero((value as Record<string, unknown>)[key])) return true
  return false
}

function slowLine(value: unknown): string {
  if (Object.is(value, -0)) return '-0'
  if (Array.isArray(value)) return `[${value.map(slowLine).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const fields = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return `{${fields.map(([key, inner]) => `${JSON.stringify(key)}:${slowLine(inner)}`).join(',')}}`
}

/** A JSON list with one item per line. */
export function lines(items: Iterable<unknown>): string {
  const rows = Array.from(items, (item) => jsonLine(item))
  return rows.length === 0 ? '[]' : `[\n${rows.join(',\n')}\n]`
}

/** Keys in alphabetical order at every depth: settings are made by many hands. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}
