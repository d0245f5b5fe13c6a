import { readFileSync } from 'node:fs'

/** A tensor of a safetensors file, as plain numbers. */
export interface GoldenTensor {
  shape: number[]
  values: ArrayLike<number>
}

/** The tensors of a safetensors file that hold bytes or doubles: all that the metric tests need. */
export function readGolden(path: string): Map<string, GoldenTensor> {
  const bytes = readFileSync(path)
  const headerLength = Number(bytes.readBigUInt64LE(0))
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >
  const tensors = new Map<string, GoldenTensor>()
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    if (dtype !== 'U8' && dtype !== 'F64') continue
    const [from, to] = data_offsets
    // Copied, because doubles must start at a multiple of eight.
    const data = Uint8Array.from(bytes.subarray(8 + headerLength + from, 8 + headerLength + to))
    tensors.set(name, { shape, values: dtype === 'U8' ? data : new Float64Array(data.buffer) })
  }
  return tensors
}
