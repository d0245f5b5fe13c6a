import { isUtf8 } from 'node:buffer'
import { open } from 'node:fs/promises'
import * as v from 'valibot'
import { explainSystemError, UserError } from '../errors.ts'
import { JsonError, type JsonPath, parseJson, pathText, placeOf, type TextPlace } from './json-text.ts'

/** What is wrong with the content of a file, as the second half of a sentence that begins with its place. */
export class DamageError extends Error {
  override readonly name = 'DamageError'
  readonly place: TextPlace

  constructor(message: string, place: TextPlace) {
    super(message)
    this.place = place
  }

  /** `line 12, column 8: entries[3].mask: ...` */
  get sentence(): string {
    return `line ${this.place.line}, column ${this.place.column}: ${this.message}`
  }
}

/** {@link parseJson}. @throws DamageError */
export function parseText(text: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    if (error instanceof JsonError) throw new DamageError(error.message, error.place)
    throw error
  }
}

/** A problem at a path of a JSON text, with its line. */
export function damageAt(text: string, path: JsonPath, message: string): DamageError {
  return new DamageError(`${pathText(path)}: ${message}`, placeOf(text, path))
}

/**
 * Checks a value that was parsed from `text`.
 * @param at where in the text the value is; its top unless given
 * @throws DamageError with the first problem, its path and its line
 */
export function checkRecord<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  text: string,
  at: JsonPath = [],
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value, { abortEarly: true, abortPipeEarly: true })
  if (result.success) return result.output
  const issue = result.issues[0]
  const path = [...at, ...(issue.path ?? []).map((item) => item.key as string | number)]
  throw damageAt(text, path, problemOf(issue))
}

function problemOf(issue: v.GenericIssue): string {
  const what = issue.path?.at(-1)
  const inObject = what?.type === 'object' && issue.type === 'strict_object'
  if (inObject && issue.expected === 'never') return 'this field is not known'
  if (inObject && issue.received === 'undefined') return 'this field is missing'
  // Messages of our own start in lower case; the library's are sentences about types.
  if (/^[a-z]/.test(issue.message)) return issue.message
  return `${issue.expected ?? 'something else'} is expected, not ${issue.received.slice(0, 60)}`
}

/** Bytes of a file. Beyond this a text does not fit one string of the engine. */
export const MOST_BYTES = 500 * 2 ** 20

/**
 * The text of a file.
 * @param what how error sentences call it: "the side-car"
 * @throws UserError when it cannot be read or is too large, DamageError when it is no UTF-8
 */
export async function readText(path: string, what: string): Promise<string> {
  let bytes: Buffer
  try {
    const handle = await open(path, 'r')
    try {
      const { size } = await handle.stat()
      if (size > MOST_BYTES) throw new UserError(`Cannot read ${what} ${path}: it is larger than 500 MiB.`)
      bytes = await handle.readFile()
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw explainSystemError(error, `read ${what}`, path)
  }
  if (isUtf8(bytes)) return bytes.toString('utf8')
  throw new DamageError('a byte there is no UTF-8 text', placeOfBadByte(bytes))
}

function placeOfBadByte(bytes: Buffer): TextPlace {
  let line = 1
  let start = 0
  for (;;) {
    const next = bytes.indexOf(10, start)
    const row = bytes.subarray(start, next === -1 ? bytes.length : next)
    // The decoder puts U+FFFD where it finds the bad byte.
    if (next === -1 || !isUtf8(row)) return { line, column: row.toString('utf8').indexOf('\ufffd') + 1 }
    line++
    start = next + 1
  }
}
