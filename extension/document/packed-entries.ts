import type { Entry, Rle } from '../../model/annotation/index.ts'

/**
 * Entries on their way between threads and into the backup log: the run lengths of all masks lie in one array, which
 * travels without being copied piece by piece.
 */
export interface PackedEntries {
  readonly objectIds: Uint8Array
  readonly frames: Uint32Array
  /** Without their masks; undefined where an entry was cleared. */
  readonly entries: readonly (Entry | undefined)[]
  /** How many run lengths the mask of each entry has; 0 without one. */
  readonly lengths: Uint32Array
  readonly counts: Uint32Array
}

/** An object, a frame, and what is known there; undefined says that nothing is. */
export type PlacedEntry = readonly [objectId: number, frame: number, entry: Entry | undefined]

export function pack(placed: readonly PlacedEntry[]): PackedEntries {
  let total = 0
  for (const [, , entry] of placed) total += maskOf(entry)?.counts.length ?? 0
  const packed = {
    objectIds: new Uint8Array(placed.length),
    frames: new Uint32Array(placed.length),
    entries: new Array<Entry | undefined>(placed.length),
    lengths: new Uint32Array(placed.length),
    counts: new Uint32Array(total),
  }
  let at = 0
  for (const [i, [objectId, frame, entry]] of placed.entries()) {
    packed.objectIds[i] = objectId
    packed.frames[i] = frame
    const mask = maskOf(entry)
    if (mask === undefined) {
      packed.entries[i] = entry
      continue
    }
    const { mask: _, ...rest } = entry as Exclude<Entry, { state: 'absent' }>
    packed.entries[i] = rest
    packed.lengths[i] = mask.counts.length
    packed.counts.set(mask.counts, at)
    at += mask.counts.length
  }
  return packed
}

/** @param width, height of every mask in pixels: the video's */
export function* unpack(packed: PackedEntries, width: number, height: number): Generator<PlacedEntry> {
  let at = 0
  for (let i = 0; i < packed.frames.length; i++) {
    const length = packed.lengths[i]!
    let entry = packed.entries[i]
    if (length > 0) {
      // A copy of its own, so that one mask does not keep the others in memory.
      const mask: Rle = { width, height, counts: packed.counts.slice(at, at + length) }
      entry = { ...entry, mask } as Entry
      at += length
    }
    yield [packed.objectIds[i]!, packed.frames[i]!, entry]
  }
}

/** The buffers that may be handed over to another thread. */
export function buffersOf({ objectIds, frames, lengths, counts }: PackedEntries): ArrayBuffer[] {
  return [objectIds, frames, lengths, counts].map(({ buffer }) => buffer as ArrayBuffer)
}

/** Entries per piece, and run lengths after which a piece ends early: about a millisecond to take apart. */
const PIECE_ENTRIES = 512
const PIECE_COUNTS = 128 * 1024

/** Cuts entries into pieces of a size that does not hold anybody up. */
export function* packInPieces(placed: Iterable<PlacedEntry>): Generator<PackedEntries, void, undefined> {
  let piece: PlacedEntry[] = []
  let counts = 0
  for (const one of placed) {
    piece.push(one)
    counts += maskOf(one[2])?.counts.length ?? 0
    if (piece.length < PIECE_ENTRIES && counts < PIECE_COUNTS) continue
    yield pack(piece)
    piece = []
    counts = 0
  }
  if (piece.length > 0) yield pack(piece)
}

function maskOf(entry: Entry | undefined): Rle | undefined {
  return entry === undefined || entry.state === 'absent' ? undefined : entry.mask
}
