/**
 * JSON (RFC 8259) that says where it is broken. Our own because `JSON.parse` of Node 20 often gives no position
 * ("Unexpected end of JSON input"), takes the last of two equal keys without a word, and keeps no position of
 * the values, which a file people merge and edit by hand needs.
 */

/** A place in a text, both counted from 1; the column counts UTF-16 units. */
export interface TextPlace {
  line: number
  column: number
}

/** Steps from the top of a JSON text to one of its values: keys and 0-based positions. */
export type JsonPath = readonly (string | number)[]

/** What is wrong with a JSON text, as the second half of a sentence, and where. */
export class JsonError extends Error {
  override readonly name = 'JsonError'
  readonly place: TextPlace

  constructor(message: string, place: TextPlace) {
    super(message)
    this.place = place
  }
}

/** Deeper nesting is not data of ours, and would overflow the stack. */
const DEEPEST = 64

/**
 * Reads a JSON text. A leading byte order mark is skipped.
 * @throws JsonError when it is no JSON, cut off, has the same key twice in one object, a key `__proto__`, a
 *   number beyond the range of a double, or is nested deeper than 64
 */
export function parseJson(text: string): unknown {
  return new Reader(text).whole()
}

/**
 * Where the value of a path starts, for a text that {@link parseJson} reads. A path that leads nowhere (a missing
 * key) gives the deepest value it reaches.
 */
export function placeOf(text: string, path: JsonPath): TextPlace {
  const reader = new Reader(text)
  reader.wanted = path
  reader.whole()
  return placeAt(text, reader.found)
}

/** `entries[3].mask`; the top is `the file`. */
export function pathText(path: JsonPath): string {
  if (path.length === 0) return 'the file'
  return path
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`))
    .join('')
}

/** Line and column of an offset. */
export function placeAt(text: string, offset: number): TextPlace {
  let line = 1
  let start = 0
  for (let end = text.indexOf('\n'); end !== -1 && end < offset; end = text.indexOf('\n', start)) {
    line++
    start = end + 1
  }
  return { line, column: offset - start + 1 }
}

const QUOTE = 34
const BACKSLASH = 92
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const WORDS = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const

class Reader {
  /** The path to look for, and the offset of the deepest value found on it. */
  wanted: JsonPath | undefined
  found = 0

  readonly #text: string
  #at: number

  constructor(text: string) {
    this.#text = text
    this.#at = text.charCodeAt(0) === 0xfeff ? 1 : 0
  }

  whole(): unknown {
    this.#space()
    if (this.#at >= this.#text.length) this.#fail('it is empty')
    const value = this.#value(0, true)
    this.#space()
    if (this.#at < this.#text.length) this.#fail('there is something after its end')
    return value
  }

  /** @param onPath whether the steps so far are those of the wanted path */
  #value(depth: number, onPath: boolean): unknown {
    if (depth > DEEPEST) this.#fail('it is nested too deeply')
    this.#space()
    if (onPath) this.found = this.#at
    const code = this.#text.charCodeAt(this.#at)
    if (code === QUOTE) return this.#string()
    if (code === 123) return this.#object(depth, onPath)
    if (code === 91) return this.#array(depth, onPath)
    for (const [word, value] of WORDS)
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length
        return value
      }
    return this.#number()
  }

  #object(depth: number, onPath: boolean): Record<string, unknown> {
    const object: Record<string, unknown> = {}
    const step = onPath ? this.wanted?.[depth] : undefined
    this.#at++
    if (this.#take(125)) return object
    do {
      this.#space()
      const start = this.#at
      if (this.#text.charCodeAt(start) !== QUOTE) this.#fail('a key in quotes is expected')
      const key = this.#string()
      if (Object.hasOwn(object, key)) this.#fail(`the key ${JSON.stringify(key)} is there twice`, start)
      if (key === '__proto__') this.#fail('the key "__proto__" is not allowed', start)
      if (!this.#take(58)) this.#fail('a colon is expected')
      object[key] = this.#value(depth + 1, step !== undefined && step === key)
    } while (this.#take(44))
    if (!this.#take(125)) this.#fail('a comma or a closing brace is expected')
    return object
  }

  #array(depth: number, onPath: boolean): unknown[] {
    const array: unknown[] = []
    const step = onPath ? this.wanted?.[depth] : undefined
    this.#at++
    if (this.#take(93)) return array
    do array.push(this.#value(depth + 1, step !== undefined && step === array.length))
    while (this.#take(44))
    if (!this.#take(93)) this.#fail('a comma or a closing bracket is expected')
    return array
  }

  #string(): string {
    const text = this.#text
    const start = this.#at
    let end = start
    let escaped = false
    do {
      end = text.indexOf('"', end + 1)
      if (end === -1) this.#fail('a text in quotes does not end', start)
      let slashes = 0
      while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++
      escaped = slashes % 2 === 1
    } while (escaped)
    this.#at = end + 1
    try {
      // The engine's own reader knows all escapes and refuses control characters such as a line break.
      return JSON.parse(text.slice(start, this.#at)) as string
    } catch {
      return this.#fail('a text in quotes holds a line break or an escape that JSON does not know', start)
    }
  }

  #number(): number {
    NUMBER.lastIndex = this.#at
    const match = NUMBER.exec(this.#text)
    if (match === null) this.#fail('a value is expected')
    const value = Number(match[0])
    if (!Number.isFinite(value)) this.#fail('a number is too large')
    this.#at = NUMBER.lastIndex
    return value
  }

  #take(code: number): boolean {
    this.#space()
    if (this.#text.charCodeAt(this.#at) !== code) return false
    this.#at++
    return true
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return
      this.#at++
    }
  }

  #fail(message: string, at = this.#at): never {
    const cut = at >= this.#text.length && this.#text.length > 0
    throw new JsonError(cut ? 'it is cut off' : message, placeAt(this.#text, at))
  }
}
