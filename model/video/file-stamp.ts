import { stat } from 'node:fs/promises'
import { explainSystemError } from '../errors.ts'

/** What tells one state of a file from another without reading it. */
export interface FileStamp {
  readonly size: number
  /** Nanoseconds since 1970, as decimal digits. */
  readonly modified: string
}

/** @throws UserError when the file is not there */
export async function stampOf(path: string): Promise<FileStamp> {
  try {
    const { size, mtimeNs } = await stat(path, { bigint: true })
    return { size: Number(size), modified: String(mtimeNs) }
  } catch (error) {
    throw explainSystemError(error, 'open', path)
  }
}
