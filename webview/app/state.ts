import { batch, computed, type Signal, signal, untracked } from '@preact/signals'
import {
  type Edit,
  type Entry,
  equalEntries,
  type Label,
  type TrackedObject,
} from '../../model/annotation/index.ts'
import type {
  ClipView,
  DisplaySettings,
  DoubtfulFrame,
  FrameEntries,
  HostCommand,
  LaneChange,
  RunView,
  Tool,
} from '../protocol/index.ts'

/** What stands in the middle of the editor. */
export type Phase =
  | { readonly kind: 'opening'; readonly done: number; readonly total: number | undefined }
  | {
      readonly kind: 'failed'
      readonly message: string
      readonly actions: readonly { readonly title: string; readonly command: HostCommand }[]
    }
  | { readonly kind: 'open' }

/** A sentence for the person that stays until it is closed. */
export interface Notice {
  readonly id: number
  readonly level: 'info' | 'warning' | 'error'
  readonly text: string
}

/** An edit that the host has not answered yet; shown as if it were done. */
export interface PendingEdit {
  readonly label: string
  readonly edits: readonly Edit[]
}

const NO_ENTRIES: ReadonlyMap<number, Entry> = new Map()

// What the host owns, as far as this view knows it.
export const phase = signal<Phase>({ kind: 'opening', done: 0, total: undefined })
export const clip = signal<ClipView | undefined>(undefined)
export const labels = signal<readonly Label[]>([])
export const objects = signal<readonly TrackedObject[]>([])
export const doubtful = signal<readonly DoubtfulFrame[]>([])
export const run = signal<RunView | undefined>(undefined)
export const offer = signal<
  { readonly objectId: number; readonly range: readonly [number, number] } | undefined
>(undefined)
export const trusted = signal(true)
export const settings = signal<DisplaySettings>({
  maskOpacity: 0.5,
  maskStyle: 'both',
  heatMapOpacity: 0.6,
  takeOver: false,
  brushSize: 24,
  penPressure: true,
  doubtBelow: 0.5,
  propagateOnCorrection: false,
})

/** One byte per frame and object (protocol/lanes.ts). The arrays change in place; {@link lanesVersion} tells when. */
export const lanes: Map<number, Uint8Array> = new Map()
export const lanesVersion = signal(0)

/** Where this view stands. */
export const frame = signal(0)
/** The frame whose picture and marks are on screen; behind {@link frame} while its picture is on the way. */
export const shownFrame = signal<number | undefined>(undefined)
export const objectId = signal<number | undefined>(undefined)
export const tool = signal<Tool>('select')
export const playing = signal(false)
export const loop = signal(false)
/** First and last frame, both included. */
export const range = signal<readonly [first: number, last: number] | undefined>(undefined)
export const hidden = signal<ReadonlySet<number>>(new Set())
export const locked = signal<ReadonlySet<number>>(new Set())
/** While any object is solo, only those are shown. */
export const solo = signal<ReadonlySet<number>>(new Set())
/** Whether marks are drawn over the picture at all. */
export const overlayShown = signal(true)
/** How the picture is shown: factors of light and contrast, 1 as it is in the video. Marks and what models see stay. */
export interface PictureLook {
  readonly brightness: number
  readonly contrast: number
}
export const PLAIN_PICTURE: PictureLook = { brightness: 1, contrast: 1 }
export const pictureLook = signal(PLAIN_PICTURE)
/** Screen pixels per pixel of the video, as the canvas shows it now; 1 is 100 %. */
export const zoom = signal(1)
/** Frames across the timeline; undefined fits the whole clip. */
export const timelineSpan = signal<{ readonly first: number; readonly perPixel: number } | undefined>(
  undefined,
)
/** Height of the timeline in pixels where a person has chosen one. */
export const timelineHeight = signal<number | undefined>(undefined)
export const notices = signal<readonly Notice[]>([])

/**
 * What outlives a hidden webview, through setState: name to signal. Values must be plain JSON; sets are kept as
 * lists. A part of the view adds its own signals here when it is loaded.
 */
export const kept: Record<string, Signal<unknown>> = {}

/** Makes a signal outlive a hidden webview. */
export function keep<T>(name: string, value: Signal<T>): Signal<T> {
  kept[name] = value as Signal<unknown>
  return value
}

for (const [name, value] of Object.entries({
  frame,
  objectId,
  tool,
  loop,
  range,
  hidden,
  locked,
  solo,
  overlayShown,
  pictureLook,
  timelineSpan,
  timelineHeight,
}))
  keep(name, value as Signal<unknown>)

/** Number of frames; 0 before a clip is open. */
export const frameCount = computed(() => clip.value?.frameCount ?? 0)
/** The object that is worked on. */
export const currentObject = computed(() => objects.value.find((object) => object.id === objectId.value))

/** The label of an object. */
export function labelOf(object: TrackedObject): Label | undefined {
  return labels.value.find((label) => label.id === object.labelId)
}

/** `#rrggbb` of an object: its own colour, else its label's. */
export function colourOf(object: TrackedObject): string {
  return object.colour ?? labelOf(object)?.colour ?? '#808080'
}

/** Whether an object is drawn: hide and solo taken together. */
export function isShown(id: number): boolean {
  return solo.value.size > 0 ? solo.value.has(id) : !hidden.value.has(id)
}

// Entries by frame, within the window of frames that the host keeps up to date.
const entries = new Map<number, ReadonlyMap<number, Entry>>()
let entryWindow: readonly [first: number, last: number] = [0, -1]
const entriesVersion = signal(0)
export const pendingEdits = signal<ReadonlyMap<number, PendingEdit>>(new Map())

/**
 * Everything known about a frame, with edits that are on their way; undefined while the host has not told. A frame on
 * which no lane has anything needs no telling.
 */
export function entriesOf(index: number): ReadonlyMap<number, Entry> | undefined {
  entriesVersion.value
  const known = entries.get(index) ?? (isBare(index) ? NO_ENTRIES : undefined)
  if (known === undefined) return undefined
  let merged: Map<number, Entry> | undefined
  for (const { edits } of pendingEdits.value.values())
    for (const edit of edits)
      if (edit.kind === 'setEntry' && edit.frame === index) {
        merged ??= new Map(known)
        if (edit.entry) merged.set(edit.objectId, edit.entry)
        else merged.delete(edit.objectId)
      }
  return merged ?? known
}

function isBare(index: number): boolean {
  lanesVersion.value
  for (const lane of lanes.values()) if (lane[index] !== 0) return false
  return true
}

/**
 * The frames whose entries are kept from now on, first and last. The host tells of no change elsewhere and sends
 * everything again to whoever comes back, so what lies outside is forgotten.
 */
export function moveEntryWindow(first: number, last: number): void {
  entryWindow = [first, last]
  for (const index of entries.keys()) if (!isKept(index)) entries.delete(index)
  entriesVersion.value++
}

function isKept(index: number): boolean {
  return index >= entryWindow[0] && index <= entryWindow[1]
}

/** Takes entries over from the host. */
export function putEntries(frames: readonly FrameEntries[]): void {
  for (const one of frames) {
    // It was on its way while the view went elsewhere.
    if (!isKept(one.frame)) continue
    entries.set(one.frame, one.frame === shownFrame.peek() ? withWhatIsKnown(one) : new Map(one.entries))
  }
  entriesVersion.value++
}

/**
 * The host sends everything about a frame anew. On the frame that is on screen, what says the same as before stays the
 * same object, so that nothing that was made from it is made again after every stroke.
 */
function withWhatIsKnown({ frame: index, entries: told }: FrameEntries): ReadonlyMap<number, Entry> {
  const before = untracked(() => entriesOf(index)) ?? NO_ENTRIES
  return new Map(
    told.map(([id, entry]) => {
      const known = before.get(id)
      return [id, known !== undefined && equalEntries(known, entry) ? known : entry]
    }),
  )
}

/** Forgets all entries, because the document was replaced. */
export function clearEntries(): void {
  entries.clear()
  entriesVersion.value++
}

/** Takes lane codes over from the host; a lane that is new starts empty. */
export function putLanes(changes: readonly LaneChange[]): void {
  for (const { objectId: id, first, codes } of changes) {
    let lane = lanes.get(id)
    if (!lane) {
      lane = new Uint8Array(frameCount.value)
      lanes.set(id, lane)
    }
    lane.set(first + codes.length > lane.length ? codes.subarray(0, lane.length - first) : codes, first)
    for (const listener of laneListeners) listener(id, first, codes.length)
  }
  lanesVersion.value++
}

type LaneListener = (objectId: number, first: number, count: number) => void
const laneListeners = new Set<LaneListener>()

/** Hears of every change of lane codes, for what is derived from them. */
export function onLaneChange(listener: LaneListener): () => void {
  laneListeners.add(listener)
  return () => laneListeners.delete(listener)
}

/** Takes labels and objects over; what no longer exists is forgotten everywhere. */
export function putCatalogue(newLabels: readonly Label[], newObjects: readonly TrackedObject[]): void {
  batch(() => {
    labels.value = newLabels
    objects.value = newObjects
    const ids = new Set(newObjects.map((object) => object.id))
    for (const id of lanes.keys()) if (!ids.has(id)) lanes.delete(id)
    for (const id of ids) if (!lanes.has(id)) lanes.set(id, new Uint8Array(frameCount.value))
    for (const set of [hidden, locked, solo])
      if ([...set.value].some((id) => !ids.has(id)))
        set.value = new Set([...set.value].filter((id) => ids.has(id)))
    if (objectId.value === undefined || !ids.has(objectId.value)) objectId.value = newObjects[0]?.id
    lanesVersion.value++
  })
}

let nextNotice = 1

/** Shows a sentence until it is closed; the same sentence is not shown twice. */
export function notify(level: Notice['level'], text: string): void {
  if (notices.value.some((notice) => notice.text === text)) return
  notices.value = [...notices.value.slice(-2), { id: nextNotice++, level, text }]
}

/** Closes a notice. */
export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id)
}
