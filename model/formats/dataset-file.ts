import { join } from 'node:path'
import type * as v from 'valibot'
import { UserError } from '../errors.ts'
import { checkRecord, DamageError, damageAt, parseText, readText } from './checked-json.ts'
import type { JsonPath } from './json-text.ts'
import { jsonLine, lines } from './record-lines.ts'

/** A dataset that is one JSON file: it was read, and this is how to complain about a place of it. */
export interface DatasetFile<Content> {
  readonly path: string
  readonly content: Content
  /** @throws UserError with the place of what is wrong */
  readonly fail: (path: JsonPath, message: string) => never
  /** For what is no damage, but more than can be read here. @throws UserError with the place and what to do */
  readonly refuse: (path: JsonPath, message: string) => never
  /** Checks a part that was left unchecked. @throws UserError with the place of what is wrong */
  readonly check: <Schema extends v.GenericSchema>(
    schema: Schema,
    value: unknown,
    at: JsonPath,
  ) => v.InferOutput<Schema>
}

/** A JSON file that was read, but not checked. */
export interface ParsedFile {
  readonly text: string
  readonly value: unknown
}

/** @param what how error sentences call it. @throws UserError when it cannot be read; DamageError when it is no JSON */
export async function parseFile(path: string, what: string): Promise<ParsedFile> {
  const text = await readText(path, what)
  return { text, value: parseText(text) }
}

/**
 * Reads and checks a file.
 * @param title  of the format, for sentences
 * @param parsed the file, where somebody has read it already
 * @throws UserError with the place of what is wrong
 */
export async function readDatasetFile<Schema extends v.GenericSchema>(
  schema: Schema,
  path: string,
  title: string,
  parsed?: ParsedFile,
): Promise<DatasetFile<v.InferOutput<Schema>>> {
  const explained = (error: unknown) =>
    error instanceof DamageError
      ? new UserError(`The ${title} file ${path} is damaged at ${error.sentence}; repair that place.`, {
          cause: error,
        })
      : error
  try {
    const { text, value: content } = parsed ?? (await parseFile(path, `the ${title} file`))
    return {
      path,
      content: checkRecord(schema, content, text),
      fail: (at, message) => {
        throw explained(damageAt(text, at, message))
      },
      refuse: (at, message) => {
        throw new UserError(
          `The ${title} file ${path} cannot be read at ${damageAt(text, at, message).sentence}.`,
        )
      },
      check: (part, value, at) => {
        try {
          return checkRecord(part, value, text, at)
        } catch (error) {
          throw explained(error)
        }
      },
    }
  } catch (error) {
    throw explained(error)
  }
}

/** The file of a dataset: the one that exports write into a folder, or the path itself when it is a JSON file. */
export function datasetPath(folder: string, file: string): string {
  return folder.toLowerCase().endsWith('.json') ? folder : join(folder, file)
}

/** The file's text: an object with one line per item of its lists. */
export function datasetText(content: object): string {
  const fields = Object.entries(content).map(
    ([key, value]) => `${JSON.stringify(key)}: ${Array.isArray(value) ? lines(value) : jsonLine(value)}`,
  )
  return `{\n${fields.join(',\n')}\n}\n`
}
