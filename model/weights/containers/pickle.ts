/**
 * A machine for pickles that can do nothing but put tensors together. A pickle is a program for a stack machine whose
 * instructions name functions and call them; here the names are looked up in a short table (`pickle-globals.ts`), the
 * only call is the one that describes a tensor, and everything else that training scripts leave in a checkpoint
 * becomes a placeholder without content. Instructions and values are counted, so that a short file cannot fill the
 * memory.
 */
import { damaged, hostile } from './byte-source.ts'
import { meaningOf } from './pickle-globals.ts'
import {
  type Dictionary,
  type Items,
  type Name,
  OPAQUE,
  type Storage,
  thing,
  type Value,
} from './pickle-values.ts'
import { viewOfStorage } from './tensor-view.ts'

/** Far above a training checkpoint of a large network, which has 100,000. */
const MAX_INSTRUCTIONS = 600_000
/** Bytes of a whole number; hashes and large counters are below. */
const MAX_INTEGER_BYTES = 64
const MAX_LINE = 4096

export interface Unpickled {
  readonly value: Value
  /** Where the pickle ends. */
  readonly end: number
}

/**
 * Runs a pickle.
 * @param file what messages call the file
 * @param storageOf makes the storage that a persistent id names, the only way to refer to data outside the pickle
 * @throws UserError when it names anything that is not part of a model's weights, or is malformed
 */
export function unpickle(
  file: string,
  bytes: Uint8Array,
  start: number,
  storageOf: (id: Items) => Storage,
): Unpickled {
  return new Machine(file, bytes, start, storageOf).run()
}

class Machine {
  readonly #file: string
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #storageOf: (id: Items) => Storage
  #at: number
  #stack: Value[] = []
  /** Heights of the stack at each MARK; nothing below the last one can be taken. */
  readonly #marks: number[] = []
  readonly #memo = new Map<number, Value>()

  constructor(file: string, bytes: Uint8Array, start: number, storageOf: (id: Items) => Storage) {
    this.#file = file
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#storageOf = storageOf
    this.#at = start
  }

  run(): Unpickled {
    for (let count = 0; count < MAX_INSTRUCTIONS; count++) {
      const code = this.#byte()
      if (code === 0x2e) return { value: this.#pop(), end: this.#at }
      const instruction = INSTRUCTIONS[code]
      if (!instruction) throw this.#broken(`instruction 0x${code.toString(16).padStart(2, '0')} is not known`)
      instruction(this)
    }
    throw this.#broken('it has more instructions than any checkpoint')
  }

  #broken(what: string) {
    return damaged(this.#file, `in its pickle ${what}`)
  }

  // Reading

  #take(length: number): number {
    const at = this.#at
    if (length < 0 || at + length > this.#bytes.length) throw this.#broken('the end is missing')
    this.#at += length
    return at
  }

  #byte(): number {
    return this.#bytes[this.#take(1)]!
  }

  /** An unsigned whole number of 1, 2, 4 or 8 bytes. */
  size(width: 1 | 2 | 4 | 8): number {
    const at = this.#take(width)
    if (width === 1) return this.#bytes[at]!
    if (width === 2) return this.#view.getUint16(at, true)
    if (width === 4) return this.#view.getUint32(at, true)
    const large = this.#view.getBigUint64(at, true)
    if (large > BigInt(this.#bytes.length)) throw this.#broken('the end is missing')
    return Number(large)
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true)
  }

  float64(): number {
    return this.#view.getFloat64(this.#take(8), false)
  }

  /** A little-endian whole number in two's complement; a `number` where that is exact. */
  integer(width: number): number | bigint {
    if (width > MAX_INTEGER_BYTES) throw this.#broken('a number is absurdly long')
    const at = this.#take(width)
    let value = 0n
    for (let i = width - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#bytes[at + i]!)
    value = BigInt.asIntN(8 * width, value)
    return narrow(value)
  }

  text(length: number): string {
    const at = this.#take(length)
    return new TextDecoder().decode(this.#bytes.subarray(at, at + length))
  }

  skip(length: number): void {
    this.#take(length)
  }

  /** Up to the end of the line, which is left out. */
  line(): string {
    const end = this.#bytes.subarray(this.#at, this.#at + MAX_LINE).indexOf(0x0a)
    if (end < 0) throw this.#broken('a line has no end')
    const text = this.text(end)
    this.#at++
    return text
  }

  wholeNumber(text: string): number | bigint {
    const digits = /^[+-]?\d{1,150}/.exec(text.trim())?.[0]
    if (digits === undefined) throw this.#broken('a number is malformed')
    return narrow(BigInt(digits.replace('+', '')))
  }

  // The stack

  push(value: Value): void {
    this.#stack.push(value)
  }

  #pop(): Value {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) throw this.#broken('a value is missing')
    return this.#stack.pop()!
  }

  #top(): Value {
    const value = this.#pop()
    this.#stack.push(value)
    return value
  }

  mark(): void {
    this.#marks.push(this.#stack.length)
  }

  /** Everything above the last mark. */
  marked(): Value[] {
    const height = this.#marks.pop()
    if (height === undefined) throw this.#broken('a mark is missing')
    return this.#stack.splice(height)
  }

  pop(): void {
    if (this.#marks.at(-1) === this.#stack.length && this.#marks.length > 0) this.#marks.pop()
    else this.#pop()
  }

  duplicate(): void {
    this.#stack.push(this.#top())
  }

  tuple(length: number): void {
    const items: Value[] = []
    for (let i = 0; i < length; i++) items.unshift(this.#pop())
    this.#stack.push({ kind: 'items', items })
  }

  put(index: number | bigint): void {
    this.#memo.set(Number(index), this.#top())
  }

  memoise(): void {
    this.#memo.set(this.#memo.size, this.#top())
  }

  get(index: number | bigint): void {
    const value = this.#memo.get(Number(index))
    if (value === undefined) throw this.#broken('a remembered value is missing')
    this.#stack.push(value)
  }

  // Building up

  append(values: Value[]): void {
    const target = this.#top()
    const list = thing(target, 'items')
    if (list) for (const value of values) list.items.push(value)
    else this.#onlyOpaque(target)
  }

  appendOne(): void {
    const value = this.#pop()
    this.append([value])
  }

  set(values: Value[]): void {
    if (values.length % 2 !== 0) throw this.#broken('a key has no value')
    const target = this.#top()
    const dictionary = thing(target, 'dictionary')
    if (!dictionary) this.#onlyOpaque(target)
    else for (let i = 0; i < values.length; i += 2) dictionary.entries.set(values[i]!, values[i + 1]!)
  }

  setOne(): void {
    const value = this.#pop()
    const key = this.#pop()
    this.set([key, value])
  }

  /** The state of an object: attributes of a dictionary or of something skipped, none of which are weights. */
  build(): void {
    this.#pop()
    const target = this.#top()
    if (!thing(target, 'dictionary') && !thing(target, 'tensor')) this.#onlyOpaque(target)
  }

  #onlyOpaque(value: Value): void {
    if (!thing(value, 'opaque')) throw this.#broken('values are put where none can be')
  }

  dictionary(values: Value[]): void {
    this.#stack.push({ kind: 'dictionary', entries: new Map() })
    this.set(values)
  }

  // Names and calls

  name(module: string, name: string): void {
    this.#stack.push(this.#named(module, name))
  }

  nameFromStack(): void {
    const name = this.#pop()
    const module = this.#pop()
    if (typeof module !== 'string' || typeof name !== 'string') throw this.#broken('a name is no text')
    this.name(module, name)
  }

  #named(module: string, name: string): Name {
    const meaning = meaningOf(module, name)
    const text = printable(`${module}.${name}`)
    if (!meaning) throw hostile(this.#file, `it names ${text}, which is no part of a model's weights`)
    return { kind: 'name', text, meaning }
  }

  /** A call, or an object without its constructor: both only for what the table knows. */
  call(withKeywords = false): void {
    if (withKeywords) this.#pop()
    const values = thing(this.#pop(), 'items')
    const callee = thing(this.#pop(), 'name')
    if (!values || !callee) throw this.#broken('something is called that is no function')
    this.#stack.push(this.#result(callee, values.items))
  }

  /** The old instructions that name a class and call it with all above the mark. */
  instance(module: string, name: string): void {
    const callee = this.#named(module, name)
    this.#stack.push(this.#result(callee, this.marked()))
  }

  object(): void {
    const [first, ...values] = this.marked()
    const callee = thing(first, 'name')
    if (!callee) throw this.#broken('an object has no class')
    this.#stack.push(this.#result(callee, values))
  }

  #result({ meaning, text }: Name, values: Value[]): Value {
    switch (meaning.kind) {
      case 'opaque':
        return OPAQUE
      case 'dictionary':
        return this.#dictionaryOf(values)
      case 'storage':
        throw this.#broken(`${text} is called`)
      case 'rebuild':
        return this.#rebuilt(meaning.how, values)
    }
  }

  /** `OrderedDict()`, or of pairs as Python 2 wrote them. */
  #dictionaryOf(values: Value[]): Dictionary {
    const entries = new Map<Value, Value>()
    for (const pair of thing(values[0], 'items')?.items ?? []) {
      const [key, value] = thing(pair, 'items')?.items ?? []
      if (key === undefined || value === undefined) throw this.#broken('a dictionary is malformed')
      entries.set(key, value)
    }
    return { kind: 'dictionary', entries }
  }

  #rebuilt(how: 'tensor' | 'parameter' | 'typed', values: Value[]): Value {
    if (how === 'parameter') {
      const tensor = thing(values[0], 'tensor')
      if (!tensor) throw this.#broken('a parameter is made of something that is no tensor')
      return tensor
    }
    if (how === 'typed') {
      const inner = thing(values[0], 'name')
      const innerValues = thing(values[2], 'items')
      if (inner?.meaning.kind !== 'rebuild' || inner.meaning.how === 'typed' || !innerValues)
        throw this.#broken('a tensor is malformed')
      return this.#rebuilt(inner.meaning.how, innerValues.items)
    }
    return viewOfStorage(this.#file, values)
  }

  persistent(): void {
    const id = thing(this.#pop(), 'items')
    if (!id) throw this.#broken('it refers to data outside in an unknown way')
    this.#stack.push(this.#storageOf(id))
  }

  refuse(what: string): never {
    throw this.#broken(what)
  }
}

function narrow(value: bigint): number | bigint {
  const small = Number(value)
  return Number.isSafeInteger(small) ? small : value
}

/** A name out of an untrusted file, for a message. */
function printable(text: string): string {
  const clean = text.replace(/[^\x20-\x7e]/g, '?')
  return clean.length > 80 ? `${clean.slice(0, 80)}...` : clean
}

/** Instructions by code; STOP is handled by the loop. */
const INSTRUCTIONS: Record<number, (machine: Machine) => void> = {
  // Framing
  128: (m) => m.skip(1),
  149: (m) => m.skip(8),
  // Stack and memory
  40: (m) => m.mark(),
  48: (m) => m.pop(),
  49: (m) => void m.marked(),
  50: (m) => m.duplicate(),
  112: (m) => m.put(m.wholeNumber(m.line())),
  113: (m) => m.put(m.size(1)),
  114: (m) => m.put(m.size(4)),
  148: (m) => m.memoise(),
  103: (m) => m.get(m.wholeNumber(m.line())),
  104: (m) => m.get(m.size(1)),
  106: (m) => m.get(m.size(4)),
  // Constants and numbers
  78: (m) => m.push(null),
  136: (m) => m.push(true),
  137: (m) => m.push(false),
  73: (m) => {
    const text = m.line()
    m.push(text === '01' ? true : text === '00' ? false : m.wholeNumber(text))
  },
  76: (m) => m.push(m.wholeNumber(m.line())),
  74: (m) => m.push(m.int32()),
  75: (m) => m.push(m.size(1)),
  77: (m) => m.push(m.size(2)),
  138: (m) => m.push(m.integer(m.size(1))),
  139: (m) => m.push(m.integer(m.size(4))),
  70: (m) => m.push(Number(m.line())),
  71: (m) => m.push(m.float64()),
  // Text; bytes are never weights here
  83: (m) => m.push(m.line().replace(/^(['"])(.*)\1$/, '$2')),
  84: (m) => m.push(m.text(m.size(4))),
  85: (m) => m.push(m.text(m.size(1))),
  86: (m) => m.push(m.line()),
  88: (m) => m.push(m.text(m.size(4))),
  140: (m) => m.push(m.text(m.size(1))),
  141: (m) => m.push(m.text(m.size(8))),
  66: (m) => opaqueBytes(m, m.size(4)),
  67: (m) => opaqueBytes(m, m.size(1)),
  142: (m) => opaqueBytes(m, m.size(8)),
  150: (m) => opaqueBytes(m, m.size(8)),
  // Lists, tuples, dictionaries, sets
  93: (m) => m.push({ kind: 'items', items: [] }),
  41: (m) => m.push({ kind: 'items', items: [] }),
  108: (m) => m.push({ kind: 'items', items: m.marked() }),
  116: (m) => m.push({ kind: 'items', items: m.marked() }),
  133: (m) => m.tuple(1),
  134: (m) => m.tuple(2),
  135: (m) => m.tuple(3),
  97: (m) => m.appendOne(),
  101: (m) => m.append(m.marked()),
  125: (m) => m.dictionary([]),
  100: (m) => m.dictionary(m.marked()),
  115: (m) => m.setOne(),
  117: (m) => m.set(m.marked()),
  143: (m) => m.push(OPAQUE),
  144: (m) => m.append(m.marked()),
  145: (m) => {
    m.marked()
    m.push(OPAQUE)
  },
  // Names and calls
  99: (m) => m.name(m.line(), m.line()),
  147: (m) => m.nameFromStack(),
  82: (m) => m.call(),
  129: (m) => m.call(),
  146: (m) => m.call(true),
  105: (m) => m.instance(m.line(), m.line()),
  111: (m) => m.object(),
  98: (m) => m.build(),
  81: (m) => m.persistent(),
  80: (m) => m.refuse('it refers to data outside in an unknown way'),
  130: (m) => m.refuse('it uses the extension registry'),
  131: (m) => m.refuse('it uses the extension registry'),
  132: (m) => m.refuse('it uses the extension registry'),
  151: (m) => m.refuse('it refers to buffers outside'),
  152: (m) => m.refuse('it refers to buffers outside'),
}

function opaqueBytes(machine: Machine, length: number): void {
  machine.skip(length)
  machine.push(OPAQUE)
}
