import * as v from 'valibot'
import { MAX_FRAMES, MAX_OBJECTS } from '../../model/annotation/index.ts'
import {
  COMMANDS,
  type DisplaySettings,
  MOST_MATCHES,
  TOOLS,
  type WebviewMessage,
} from '../../webview/protocol/index.ts'

/** What a webview may send. It shows content from outside, so nothing of it is trusted. */

const frame = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(MAX_FRAMES - 1))
const objectId = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_OBJECTS))
const share = v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(1))
const text = (most: number) => v.pipe(v.string(), v.maxLength(most))
const range = v.strictTuple([frame, frame])
const frames = v.pipe(v.array(frame), v.maxLength(1_000))

const ViewState = v.strictObject({
  frame,
  objectId: v.optional(objectId),
  tool: v.picklist(TOOLS),
  playing: v.boolean(),
  range: v.optional(range),
  locked: v.optional(v.pipe(v.array(objectId), v.maxLength(MAX_OBJECTS))),
})

const Settings = v.partial(
  v.strictObject({
    maskOpacity: share,
    maskStyle: v.picklist(['fill', 'outline', 'both']),
    heatMapOpacity: share,
    takeOver: v.boolean(),
    brushSize: v.pipe(v.number(), v.finite(), v.minValue(1), v.maxValue(2_000)),
    penPressure: v.boolean(),
    doubtBelow: share,
    propagateOnCorrection: v.boolean(),
  } satisfies Record<keyof DisplaySettings, v.GenericSchema>),
)

/** Pixels of a video, or a little outside of it. */
const pixel = v.pipe(v.number(), v.finite(), v.minValue(-100_000), v.maxValue(100_000))

const Wish = v.variant('kind', [
  v.strictObject({
    kind: v.literal('correspondence'),
    reference: frame,
    x: pixel,
    y: pixel,
    frame,
    topK: v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MOST_MATCHES)),
  }),
  v.strictObject({ kind: v.literal('attention'), frame }),
])

/** A number, a short text, or a pair of frames. */
const Argument = v.union([v.pipe(v.number(), v.finite()), text(200), range])

const Message = v.variant('type', [
  v.strictObject({ type: v.literal('ready') }),
  v.strictObject({ type: v.literal('wantPictures'), frames, at: frame, again: v.boolean() }),
  v.strictObject({ type: v.literal('wantEntries'), first: frame, last: frame }),
  // The edits are checked against the document (document/view-edits.ts).
  v.strictObject({
    type: v.literal('edit'),
    id: v.pipe(v.number(), v.safeInteger()),
    label: text(100),
    edits: v.pipe(v.array(v.unknown()), v.maxLength(10_000)),
  }),
  v.strictObject({ type: v.literal('view'), view: ViewState }),
  v.strictObject({ type: v.literal('viewTold'), id: v.pipe(v.number(), v.safeInteger()) }),
  v.strictObject({ type: v.literal('changeSettings'), settings: Settings }),
  v.strictObject({
    type: v.literal('inspect'),
    id: v.pipe(v.number(), v.safeInteger()),
    wish: v.optional(Wish),
  }),
  v.strictObject({ type: v.literal('dismissOffer'), offer: v.strictObject({ objectId, range }) }),
  v.strictObject({
    type: v.literal('execute'),
    command: v.picklist(COMMANDS),
    args: v.pipe(v.array(Argument), v.maxLength(3)),
  }),
  v.strictObject({ type: v.literal('log'), level: v.picklist(['error', 'info']), text: v.string() }),
])

/** A message whose edits, if it has any, are still to be checked. */
export type Incoming =
  | Exclude<WebviewMessage, { type: 'edit' }>
  | (v.InferOutput<typeof Message> & { type: 'edit' })

/** The message, made anew of what was checked; undefined when it is none, with the reason. */
export function readMessage(message: unknown): { readonly message: Incoming } | { readonly refused: string } {
  const result = v.safeParse(Message, message, { abortEarly: true })
  if (result.success) return { message: result.output as Incoming }
  const [issue] = result.issues
  return { refused: `${v.getDotPath(issue) ?? 'message'}: ${issue.message}` }
}
