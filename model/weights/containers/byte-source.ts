/** Untrusted bytes, read piece by piece, so that nothing is allocated that the file does not have. */
import { type FileHandle, open } from 'node:fs/promises'
import { UserError } from '../../errors.ts'

export interface ByteSource {
  /** What messages call it: the path. */
  readonly name: string
  readonly size: number
  /**
   * A fresh array with the bytes from `offset` on.
   * @throws UserError where they reach beyond the end
   */
  read(offset: number, length: number): Promise<Uint8Array>
}

/** A file, opened for reading only. */
export async function openByteSource(path: string): Promise<ByteSource & { close(): Promise<void> }> {
  const handle = await open(path, 'r')
  try {
    const status = await handle.stat()
    if (!status.isFile())
      throw new UserError(`${path} is no file; name the file that holds the model's weights.`)
    return {
      name: path,
      size: status.size,
      read: (offset, length) => readAt(handle, path, status.size, offset, length),
      close: () => handle.close(),
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function readAt(
  handle: FileHandle,
  name: string,
  fileSize: number,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  refuseOutside(name, fileSize, offset, length)
  const bytes = new Uint8Array(length)
  // One read call may return fewer bytes than asked, and never more than 2 GB.
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(length - done, 1 << 30), offset + done)
    if (bytesRead === 0) throw damaged(name, 'it became shorter while it was read')
    done += bytesRead
  }
  return bytes
}

/** Bytes that are in memory already. */
export function memorySource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.length,
    async read(offset, length) {
      refuseOutside(name, bytes.length, offset, length)
      return bytes.slice(offset, offset + length)
    },
  }
}

function refuseOutside(name: string, size: number, offset: number, length: number): void {
  const sound = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0
  if (!sound || offset + length > size)
    throw damaged(name, `it refers to bytes beyond its end of ${size} bytes`)
}

/** A file that is cut short, inconsistent, or not what it claims to be. */
export function damaged(name: string, what: string): UserError {
  return new UserError(`${name} is damaged: ${what}. Use another copy of the file.`)
}

/** A file that names code. */
export function hostile(name: string, what: string): UserError {
  return new UserError(
    `${name} was not read: ${what}, and a file that names code can run it. Get the weights from a source you trust, best as safetensors.`,
  )
}
