import * as v from 'valibot'
import { UserError } from '../errors.ts'

/**
 * An architecture out of a file's metadata, checked.
 * @param path what messages call the file
 * @throws UserError naming the file and the value that is not sound
 */
export function parseArchitecture<T>(schema: v.GenericSchema<unknown, T>, text: string, path: string): T {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new UserError(
      `${path}: the architecture in its metadata is not JSON. Use another copy of the file.`,
    )
  }
  const parsed = v.safeParse(schema, json)
  if (parsed.success) return parsed.output
  const issue = parsed.issues[0]
  throw new UserError(
    `${path}: the architecture in its metadata is not sound (${v.getDotPath(issue) ?? 'config'}: ${issue.message}). Use another copy of the file.`,
  )
}
