import { deserialize, serialize } from 'node:v8'
import type { PackedEntries } from './packed-entries.ts'
import type { Catalogue } from './snapshot.ts'

/**
 * The backup that survives a closed window: what was changed since the last save, as records that are only ever
 * appended. A later record of the same entry replaces an earlier one, so nothing has to be written twice. A record that
 * was cut off when the machine went down, and whatever lies behind one that does not read, is left out.
 */
export type LogRecord =
  | {
      readonly kind: 'head'
      readonly version: 1
      /** Hash of the side-car that the log lies on; undefined where there was none. */
      readonly base: string | undefined
      /** Hash of the side-car as it last read well, also where that was gone; logs of older versions do not say. */
      readonly good?: string | undefined
      readonly videoPath: string
      /** Where the side-car was then; it may have been renamed since. */
      readonly sidecarPath: string
    }
  | { readonly kind: 'catalogue'; readonly catalogue: Catalogue }
  | { readonly kind: 'entries'; readonly entries: PackedEntries }

/** Length in front of each record. */
const PREFIX = 4

export function encodeRecord(record: LogRecord): Buffer {
  const body = serialize(record)
  const bytes = Buffer.allocUnsafe(PREFIX + body.length)
  bytes.writeUInt32LE(body.length)
  body.copy(bytes, PREFIX)
  return bytes
}

function recordOf(bytes: Buffer): LogRecord | undefined {
  try {
    const record: unknown = deserialize(bytes)
    return typeof record === 'object' && record !== null && 'kind' in record
      ? (record as LogRecord)
      : undefined
  } catch {
    return undefined
  }
}

/** The whole records of a log, from its beginning on. */
export function* decodeRecords(bytes: Buffer): Generator<LogRecord, void, undefined> {
  for (let at = 0; at + PREFIX <= bytes.length; ) {
    const end = at + PREFIX + bytes.readUInt32LE(at)
    if (end > bytes.length) return
    const record = recordOf(bytes.subarray(at + PREFIX, end))
    if (record === undefined) return
    yield record
    at = end
  }
}
