/**
 * The soft labels of a run's walks, kept on disk while it goes on: what masks do not hold, and what a run that goes on
 * after the process was lost needs to give the same results as if nothing had happened. Losing it costs a little
 * exactness and nothing else, so no failure here is an error.
 */
import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readdirSync, readSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import {
  type PackedLabels,
  packLabels,
  type SoftLabels,
  unpackLabels,
  type WalkedStep,
} from '../propagation/index.ts'

/** Frames of one file. */
const SEGMENT = 64
/** The oldest files go when all together are larger. */
const MOST_BYTES = 256 * 1024 ** 2
/** What a process left behind that never came back. */
const STALE_MS = 24 * 3600 * 1000

interface Place {
  readonly file: string
  readonly offset: number
  readonly length: number
}

const keyOf = (group: number, walk: number, frame: number): string => `${group} ${walk} ${frame}`

export class Trail {
  readonly #folder: string
  readonly #places = new Map<string, Place>()
  readonly #segments: { readonly file: string; bytes: number }[] = []
  #descriptor: number | undefined
  #records = 0
  #next = 0
  #broken = false

  /**
   * @param parent   folder for the trails of all runs
   * @param identity everything that the labels depend on; plain values
   * @param goesOn   whether what an earlier process left is read
   */
  constructor(parent: string, identity: unknown, goesOn: boolean) {
    const name = createHash('sha256').update(serialize(identity)).digest('hex').slice(0, 32)
    this.#folder = join(parent, name)
    try {
      removeStale(parent)
      if (goesOn) this.#read()
      else rmSync(this.#folder, { recursive: true, force: true })
      mkdirSync(this.#folder, { recursive: true })
    } catch {
      this.#broken = true
    }
  }

  /** Keeps the labels of a step. On disk before this returns, as far as this process is concerned. */
  add({ group, walk, frame, labels }: WalkedStep): void {
    if (this.#broken) return
    try {
      if (this.#descriptor === undefined || this.#records >= SEGMENT) this.#open()
      const body = serialize([keyOf(group, walk, frame), packLabels(labels)])
      const record = Buffer.alloc(4 + body.length)
      record.writeUInt32LE(body.length)
      body.copy(record, 4)
      writeSync(this.#descriptor!, record)
      this.#segments.at(-1)!.bytes += record.length
      this.#records++
    } catch {
      this.#broken = true
    }
  }

  /** The labels that an earlier process kept of a walk on a frame. */
  labels(group: number, walk: number, frame: number): SoftLabels | undefined {
    const place = this.#places.get(keyOf(group, walk, frame))
    if (!place) return undefined
    let descriptor: number | undefined
    try {
      descriptor = openSync(place.file, 'r')
      const body = Buffer.alloc(place.length)
      if (readSync(descriptor, body, 0, place.length, place.offset) < place.length) return undefined
      return unpackLabels((deserialize(body) as [string, PackedLabels])[1])
    } catch {
      return undefined
    } finally {
      if (descriptor !== undefined) closeSync(descriptor)
    }
  }

  /** The run has ended; nobody will go on from here. */
  remove(): void {
    try {
      if (this.#descriptor !== undefined) closeSync(this.#descriptor)
      this.#descriptor = undefined
      this.#broken = true
      rmSync(this.#folder, { recursive: true, force: true })
    } catch {
      // A file that another program holds goes with the stale ones.
    }
  }

  #open(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
    const file = join(this.#folder, `${String(this.#next++).padStart(8, '0')}.trail`)
    this.#descriptor = openSync(file, 'w')
    this.#records = 0
    this.#segments.push({ file, bytes: 0 })
    let total = this.#segments.reduce((sum, { bytes }) => sum + bytes, 0)
    while (total > MOST_BYTES && this.#segments.length > 1) {
      const { file: oldest, bytes } = this.#segments.shift()!
      rmSync(oldest, { force: true })
      total -= bytes
    }
  }

  /** Finds the records of an earlier process; what it was writing when it ended is left out. */
  #read(): void {
    mkdirSync(this.#folder, { recursive: true })
    for (const name of readdirSync(this.#folder).sort()) {
      const file = join(this.#folder, name)
      const { size } = statSync(file)
      const content = Buffer.alloc(size)
      const descriptor = openSync(file, 'r')
      readSync(descriptor, content, 0, size, 0)
      closeSync(descriptor)
      for (let at = 0; at + 4 <= size; ) {
        const length = content.readUInt32LE(at)
        const offset = at + 4
        at = offset + length
        if (at > size) break
        const [key] = deserialize(content.subarray(offset, at)) as [string, PackedLabels]
        this.#places.set(key, { file, offset, length })
      }
      this.#segments.push({ file, bytes: size })
      this.#next = Number.parseInt(name, 10) + 1
    }
  }
}

function removeStale(parent: string): void {
  mkdirSync(parent, { recursive: true })
  for (const name of readdirSync(parent)) {
    const path = join(parent, name)
    if (Date.now() - statSync(path).mtimeMs > STALE_MS) rmSync(path, { recursive: true, force: true })
  }
}
