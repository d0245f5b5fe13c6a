/** The values that the pickle machine knows. There is no other kind: a pickle cannot make anything else here. */
import type { SafetensorsDType } from '../safetensors.ts'
import type { Meaning } from './pickle-globals.ts'

export type Value = null | boolean | number | bigint | string | Items | Dictionary | Thing

/** A list or a tuple. */
export interface Items {
  readonly kind: 'items'
  readonly items: Value[]
}

export interface Dictionary {
  readonly kind: 'dictionary'
  readonly entries: Map<Value, Value>
}

export type Thing = Name | Storage | TensorView | Opaque

/** A name of the pickle that was looked up, and not used yet. */
export interface Name {
  readonly kind: 'name'
  /** `module.name`, for messages. */
  readonly text: string
  readonly meaning: Meaning
}

/** A run of values in the file. */
export interface Storage {
  readonly kind: 'storage'
  readonly key: string
  readonly dtype: SafetensorsDType
  /** Values in it. */
  readonly count: number
  /** Where it begins within the stored one, in values: old files store views of storages. */
  readonly offset: number
}

/** A tensor as a view of a storage: offset and strides in values. Checked to lie within it. */
export interface TensorView {
  readonly kind: 'tensor'
  readonly storage: Storage
  readonly offset: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]
}

/** Something of a training script that is skipped: it holds nothing. */
export interface Opaque {
  readonly kind: 'opaque'
}

export const OPAQUE: Opaque = { kind: 'opaque' }

/** The value as one of the kinds that are objects here, or undefined. */
export function thing<Kind extends Exclude<Value, null | boolean | number | bigint | string>['kind']>(
  value: Value | undefined,
  kind: Kind,
): Extract<Value, { kind: Kind }> | undefined {
  return typeof value === 'object' && value !== null && value.kind === kind
    ? (value as Extract<Value, { kind: Kind }>)
    : undefined
}
