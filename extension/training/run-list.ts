/** The trainings of a workspace as they stand: kept in its storage, told of where they change. */
import { basename } from 'node:path'
import { type Disposable, Emitter } from '../emitter.ts'
import { readRecords, type TrainingRecord } from './records.ts'
import type { TrainingsOptions } from './types.ts'

/** How often the place in a run is written down while nothing else changes, in milliseconds. */
const REMEMBER_MS = 5000

export class RunList implements Disposable {
  readonly #options: Pick<TrainingsOptions, 'store' | 'log'>
  readonly #records = new Map<string, TrainingRecord>()
  readonly #notes = new Map<string, string[]>()
  readonly #changed = new Emitter<string>()
  #timer: NodeJS.Timeout | undefined
  /** The folder of a run that stands otherwise now, has come or gone. */
  readonly onDidChange = this.#changed.event

  constructor(options: Pick<TrainingsOptions, 'store' | 'log'>) {
    this.#options = options
    for (const record of readRecords(options.store.read())) this.#records.set(record.folder, record)
  }

  /** The latest first. */
  get all(): readonly TrainingRecord[] {
    return [...this.#records.values()].sort((a, b) => b.created - a.created)
  }

  get(folder: string): TrainingRecord | undefined {
    return this.#records.get(folder)
  }

  /** Sentences of the process about a run, since the window is open. */
  notesOf(folder: string): readonly string[] {
    return this.#notes.get(folder) ?? []
  }

  add(record: TrainingRecord): void {
    this.#records.set(record.folder, record)
    this.#save()
    this.#changed.fire(record.folder)
  }

  remove(folder: string): void {
    this.#records.delete(folder)
    this.#notes.delete(folder)
    this.#save()
    this.#changed.fire(folder)
  }

  /** @returns whether the run is on the list */
  change(folder: string, changes: Partial<TrainingRecord>): boolean {
    const record = this.#records.get(folder)
    if (record === undefined) return false
    this.#records.set(folder, {
      ...record,
      // The registry has another model than this one.
      ...(changes.model && { modelId: undefined }),
      ...changes,
    })
    this.#save()
    this.#changed.fire(folder)
    return true
  }

  /** Where a run is now, which changes too often to be written down every time. @returns as {@link change} */
  advance(folder: string, place: Pick<TrainingRecord, 'step' | 'loss'>): boolean {
    const record = this.#records.get(folder)
    if (record === undefined) return false
    this.#records.set(folder, { ...record, ...place })
    this.#timer ??= setTimeout(() => this.#save(), REMEMBER_MS)
    this.#changed.fire(folder)
    return true
  }

  note(folder: string, text: string): void {
    this.#options.log('info', `${basename(folder)}: ${text}`)
    const notes = this.notesOf(folder)
    if (!notes.includes(text)) this.#notes.set(folder, [...notes, text])
    this.#changed.fire(folder)
  }

  /** Tells of what is not of the record: how its process stands. */
  touch(folder: string): void {
    this.#changed.fire(folder)
  }

  dispose(): void {
    this.#save()
    this.#changed.dispose()
  }

  #save(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    void this.#options.store.write([...this.#records.values()])
  }
}
