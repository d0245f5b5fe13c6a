import * as v from 'valibot'
import { MAX_FRAMES, MAX_KEYPOINTS, MAX_OBJECTS, MAX_PIXELS, MAX_SIDE } from '../annotation/index.ts'

/**
 * The parts that the side-car and the provenance file of an export have in common. All are strict: a field that is
 * not known is refused with its place, because dropping it on the next save would lose someone's data in silence.
 */

/** Beyond these a file is damaged or hostile; checked before anything is allocated. */
export const LIMITS = {
  /** A name or path. */
  text: 4096,
  list: 100_000,
  entries: 10_000_000,
} as const

const whole = v.pipe(v.number('a number is expected'), v.safeInteger('a whole number is expected'))
const atLeast = (least: number) => v.pipe(whole, v.minValue(least, `it is less than ${least}`))
const between = (least: number, most: number) =>
  v.pipe(atLeast(least), v.maxValue(most, `it is more than ${most}`))

export const text = v.pipe(
  v.string('a text is expected'),
  v.maxLength(LIMITS.text, `it is longer than ${LIMITS.text} characters`),
)
export const name = v.pipe(text, v.minLength(1, 'it is empty'))
export const yesOrNo = v.boolean('true or false is expected')
export const finite = v.pipe(v.number('a number is expected'), v.finite('a finite number is expected'))
export const share = v.pipe(finite, v.minValue(0, 'it is less than 0'), v.maxValue(1, 'it is more than 1'))
export const frameIndex = between(0, MAX_FRAMES - 1)
export const objectId = between(1, MAX_OBJECTS)
export const positive = atLeast(1)
/** Ids of labels and runs. */
export const id = atLeast(1)
const position = atLeast(0)
export const list = <const Item extends v.GenericSchema>(item: Item, most: number = LIMITS.list) =>
  v.pipe(v.array(item, 'a list is expected'), v.maxLength(most, `it holds more than ${most}`))

const colour = v.pipe(text, v.regex(/^#[0-9a-f]{6}$/i, 'a colour such as #ff8000 is expected'))

export const Video = v.pipe(
  v.strictObject({
    path: name,
    hash: text,
    frameCount: between(1, MAX_FRAMES),
    width: between(1, MAX_SIDE),
    height: between(1, MAX_SIDE),
  }),
  v.check(
    (video) => video.width * video.height <= MAX_PIXELS,
    `its pictures have more than ${MAX_PIXELS} pixels`,
  ),
)

export const Skeleton = v.strictObject({
  keypoints: list(name, MAX_KEYPOINTS),
  edges: list(v.strictTuple([position, position]), LIMITS.list),
})

export const LabelRecord = v.strictObject({ id, name, colour, skeleton: v.optional(Skeleton) })

export const ObjectRecord = v.strictObject({
  id: objectId,
  name,
  label: id,
  colour: v.optional(colour),
})

export const RunRecord = v.strictObject({
  id,
  model: v.strictObject({ name: text, file: text, hash: text, trained: yesOrNo }),
  device: text,
  preset: text,
  settings: v.record(v.string(), v.unknown()),
  direction: v.picklist(['forward', 'backward', 'both'], 'forward, backward or both is expected'),
  range: v.strictTuple([frameIndex, frameIndex]),
  date: text,
  tool: text,
})
