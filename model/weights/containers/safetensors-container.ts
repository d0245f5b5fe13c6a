import { headerLength, parseHeader } from '../safetensors.ts'
import type { ByteSource } from './byte-source.ts'
import { type Container, type FileTensor, readableBytes } from './container.ts'

/** A safetensors file whose tensors are read one by one. @throws UserError naming the file and what is wrong */
export async function openSafetensors(source: ByteSource): Promise<Container> {
  const { name: file, size } = source
  const headerBytes = headerLength(await source.read(0, Math.min(8, size)), size, file)
  const start = 8 + headerBytes
  const { spans, metadata } = parseHeader(await source.read(8, headerBytes), size - start, file)
  const tensors = new Map<string, FileTensor>()
  for (const { key, dtype, shape, start: from } of spans)
    tensors.set(key, {
      dtype,
      shape,
      async read() {
        const length = readableBytes(file, key, { dtype, shape })
        return { dtype, shape, bytes: await source.read(start + from, length) }
      },
    })
  return { format: 'safetensors', tensors, metadata, skipped: [] }
}
