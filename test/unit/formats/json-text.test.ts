import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JsonError, parseJson, pathText, placeOf } from '../../../model/formats/json-text.ts'

function problem(text: string): JsonError | undefined {
  try {
    parseJson(text)
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(JsonError)
    return error as JsonError
  }
}

describe('our JSON reader', () => {
  it('reads what the engine reads', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.nat(3), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        if (!text.includes('"__proto__"')) expect(parseJson(text)).toEqual(JSON.parse(text))
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  it('refuses what the engine refuses, after any small damage', () => {
    const text = JSON.stringify({ a: [1, -2.5e3, 'x\\"\u00e9', null], b: { c: true, d: [] }, e: '' }, null, 1)
    const piece = fc.constantFrom(
      '',
      '"',
      '\\',
      ',',
      ':',
      '0',
      '.',
      'e',
      '-',
      '[',
      '}',
      '\n',
      '\u0001',
      'tru',
    )
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(2), piece, (at, cut, put) => {
        const damaged = text.slice(0, at) + put + text.slice(at + cut)
        let expected: unknown
        try {
          expected = JSON.parse(damaged)
        } catch {
          expect(problem(damaged)).toBeDefined()
          return
        }
        if (!problem(damaged)?.message.includes('twice')) expect(parseJson(damaged)).toEqual(expected)
      }),
      { seed: 2, numRuns: 2000 },
    )
  })

  it('finds the place of every value', () => {
    const text = '{\n"a": [1,\n  {"b": "x"}],\n"c": 5}'
    expect(placeOf(text, ['a', 0])).toEqual({ line: 2, column: 7 })
    expect(placeOf(text, ['a', 1, 'b'])).toEqual({ line: 3, column: 9 })
    expect(placeOf(text, ['a', 1, 'missing'])).toEqual({ line: 3, column: 3 })
    expect(placeOf(text, ['c'])).toEqual({ line: 4, column: 6 })
    expect(placeOf(text, [])).toEqual({ line: 1, column: 1 })
    expect(pathText(['a', 1, 'b'])).toBe('a[1].b')
  })

  it('says what is wrong, and where', () => {
    const cases: [text: string, message: string, line: number, column: number][] = [
      ['', 'it is empty', 1, 1],
      ['{"a": 1', 'it is cut off', 1, 8],
      ['{"a": "b', 'a text in quotes does not end', 1, 7],
      ['{"a": 1,\n"a": 2}', 'the key "a" is there twice', 2, 1],
      ['{"__proto__": {}}', 'the key "__proto__" is not allowed', 1, 2],
      ['[1 2]', 'a comma or a closing bracket is expected', 1, 4],
      ['{"a" 1}', 'a colon is expected', 1, 6],
      ['[01]', 'a comma or a closing bracket is expected', 1, 3],
      ['[1e400]', 'a number is too large', 1, 2],
      ['[] x', 'there is something after its end', 1, 4],
      ['["a\nb"]', 'a text in quotes holds a line break or an escape that JSON does not know', 1, 2],
      ['[nul]', 'a value is expected', 1, 2],
    ]
    for (const [text, message, line, column] of cases)
      expect({ message: problem(text)?.message, place: problem(text)?.place }).toEqual({
        message,
        place: { line, column },
      })
  })
})
