import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { CancelledError, explainSystemError } from '../errors.ts'

/** SHA-256 of a whole file, read in pieces: 64 hexadecimal digits. @throws UserError when it cannot be read */
export async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  try {
    const stream = createReadStream(path, { highWaterMark: 1 << 20, ...(signal ? { signal } : {}) })
    for await (const piece of stream) hash.update(piece as Uint8Array)
  } catch (error) {
    if (signal?.aborted) throw new CancelledError()
    throw explainSystemError(error, 'read', path)
  }
  return hash.digest('hex')
}
