import { deflateSync, inflateSync } from 'node:zlib'

/**
 * The PNG container (W3C PNG, third edition): chunks with checksums, inflate, unfilter, Adam7. Samples come out
 * as stored, never expanded to colours, because in a label map the stored number is the object id.
 *
 * Own code because the job is small and a wrong label must be impossible: the general libraries at hand expand
 * palettes (sharp) or misread interlaced pictures below 8 bits and inflate without a bound (fast-png).
 */
export interface PngSamples {
  width: number
  height: number
  /** Bits per stored sample: 1, 2, 4 or 8. */
  depth: number
  /** 1 grey or palette index, 2 grey and alpha, 3 RGB, 4 RGBA. */
  channels: number
  colourType: number
  /** Row-major, channels interleaved, one byte per sample. */
  samples: Uint8Array
  palette?: [number, number, number][]
}

/** What a picture may hold, checked from its header before anything is inflated. */
export interface PngLimits {
  /** Pixels per side. */
  side: number
  /** Width times height. */
  pixels: number
}

/** What is wrong with a PNG, as the second half of a sentence: "it is cut off ...". */
export class PngError extends Error {
  override readonly name = 'PngError'
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }
const DEPTHS: Record<number, readonly number[]> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
}
/** Start and step of the seven passes of an interlaced picture; the whole picture is one pass. */
const ADAM7 = [
  { x: 0, y: 0, dx: 8, dy: 8 },
  { x: 4, y: 0, dx: 8, dy: 8 },
  { x: 0, y: 4, dx: 4, dy: 8 },
  { x: 2, y: 0, dx: 4, dy: 4 },
  { x: 0, y: 2, dx: 2, dy: 4 },
  { x: 1, y: 0, dx: 2, dy: 2 },
  { x: 0, y: 1, dx: 1, dy: 2 },
]
const WHOLE = [{ x: 0, y: 0, dx: 1, dy: 1 }]

/**
 * Reads the stored samples of a PNG. Every checksum is verified.
 * @throws PngError when it is not a PNG, damaged, cut off, larger than the limits, or has 16 bits per sample
 */
export function decodePng(bytes: Uint8Array, limits: PngLimits): PngSamples {
  if (bytes.length < 8 || SIGNATURE.some((byte, i) => bytes[i] !== byte))
    throw new PngError('it is not a PNG file')
  let header: Header | undefined
  let palette: [number, number, number][] | undefined
  const parts: Uint8Array[] = []
  for (const { type, data } of chunks(bytes)) {
    if (header === undefined) {
      if (type !== 'IHDR') throw new PngError('its header chunk is missing')
      header = readHeader(data, limits)
    } else if (type === 'PLTE') palette = readPalette(data)
    else if (type === 'IDAT') parts.push(data)
  }
  if (header === undefined) throw new PngError('its header chunk is missing')
  if (header.colourType === 3 && palette === undefined) throw new PngError('its palette is missing')
  if (parts.length === 0) throw new PngError('it holds no picture data')
  const { width, height, depth, channels, colourType } = header
  const samples = unpack(header, inflate(Buffer.concat(parts), storedLength(header)))
  return { width, height, depth, channels, colourType, samples, ...(palette && { palette }) }
}

/**
 * Writes an 8-bit palette PNG. Rows are not filtered, which suits a label map
 * because it is made of long runs: 854x480 takes about 3 ms and 3 kB.
 * @param indices height x width, row-major
 */
export function encodePalettePng(
  width: number,
  height: number,
  indices: Uint8Array,
  palette: readonly (readonly [number, number, number])[],
): Uint8Array {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 3, 0, 0, 0], 8)
  const rows = new Uint8Array(height * (width + 1))
  for (let y = 0; y < height; y++) rows.set(indices.subarray(y * width, (y + 1) * width), y * (width + 1) + 1)
  return Buffer.concat([
    Uint8Array.from(SIGNATURE),
    chunk('IHDR', header),
    chunk('PLTE', Uint8Array.from(palette.flat())),
    chunk('IDAT', deflateSync(rows, { level: 6 })),
    chunk('IEND', new Uint8Array(0)),
  ])
}

interface Header {
  width: number
  height: number
  depth: number
  colourType: number
  channels: number
  passes: typeof ADAM7
}

function* chunks(bytes: Uint8Array): Generator<{ type: string; data: Uint8Array }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let offset = SIGNATURE.length
  for (;;) {
    if (offset + 12 > bytes.length) throw new PngError('it is cut off before its end')
    const length = view.getUint32(offset)
    if (offset + 12 + length > bytes.length) throw new PngError('it is cut off before its end')
    const body = bytes.subarray(offset + 4, offset + 8 + length)
    const type = String.fromCharCode(...body.subarray(0, 4))
    if (crc32(body) !== view.getUint32(offset + 8 + length))
      throw new PngError(`the checksum of its ${printable(type)} chunk at byte ${offset} is wrong`)
    yield { type, data: body.subarray(4) }
    if (type === 'IEND') return
    offset += 12 + length
  }
}

function printable(type: string): string {
  return /^[A-Za-z]{4}$/.test(type) ? type : 'unnamed'
}

function readHeader(data: Uint8Array, limits: PngLimits): Header {
  if (data.length !== 13) throw new PngError('its header chunk has a wrong length')
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const width = view.getUint32(0)
  const height = view.getUint32(4)
  const [depth = 0, colourType = 0, compression, filter, interlace = 0] = data.subarray(8)
  if (width === 0 || height === 0) throw new PngError(`its size is ${width}x${height} pixels`)
  if (width > limits.side || height > limits.side || width * height > limits.pixels)
    throw new PngError(
      `its size of ${width}x${height} pixels is above the limit of ${limits.side} per side and ${limits.pixels / 1e6} megapixels`,
    )
  const channels = CHANNELS[colourType]
  if (channels === undefined || !DEPTHS[colourType]?.includes(depth))
    throw new PngError(
      `its header names colour type ${colourType} with ${depth} bits, which PNG does not have`,
    )
  if (compression !== 0 || filter !== 0 || interlace > 1)
    throw new PngError('its header names a compression that PNG does not have')
  if (depth === 16)
    throw new PngError('it has 16 bits per sample where 8 are needed (a mask holds up to 255 objects)')
  return { width, height, depth, colourType, channels, passes: interlace === 1 ? ADAM7 : WHOLE }
}

function readPalette(data: Uint8Array): [number, number, number][] {
  if (data.length % 3 !== 0 || data.length > 768) throw new PngError('its palette has a wrong length')
  return Array.from({ length: data.length / 3 }, (_, i) => [data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!])
}

function passSize(header: Header, pass: (typeof ADAM7)[number]) {
  const columns = Math.ceil((header.width - pass.x) / pass.dx)
  const rows = Math.ceil((header.height - pass.y) / pass.dy)
  return { columns, rows, lineBytes: Math.ceil((columns * header.channels * header.depth) / 8) }
}

function storedLength(header: Header): number {
  let total = 0
  for (const pass of header.passes) {
    const { columns, rows, lineBytes } = passSize(header, pass)
    if (columns > 0 && rows > 0) total += rows * (lineBytes + 1)
  }
  return total
}

/** Inflates at most `length` bytes, so that a small file cannot fill the memory. */
function inflate(compressed: Uint8Array, length: number): Uint8Array {
  let stored: Uint8Array
  try {
    stored = inflateSync(compressed, { maxOutputLength: length })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ERR_BUFFER_TOO_LARGE') throw new PngError('it holds more pixels than its header says')
    if (code === 'Z_BUF_ERROR') throw new PngError('its picture data is cut off')
    throw new PngError('its picture data is damaged')
  }
  if (stored.length < length) throw new PngError('it holds fewer pixels than its header says')
  return stored
}

function unpack(header: Header, stored: Uint8Array): Uint8Array {
  const { width, height, channels, depth } = header
  const samples = new Uint8Array(width * height * channels)
  const unit = Math.max(1, (channels * depth) >> 3)
  let offset = 0
  for (const pass of header.passes) {
    const { columns, rows, lineBytes } = passSize(header, pass)
    if (columns <= 0 || rows <= 0) continue
    let above = new Uint8Array(lineBytes)
    for (let row = 0; row < rows; row++) {
      const line = stored.subarray(offset + 1, offset + 1 + lineBytes)
      unfilter(stored[offset]!, line, above, unit)
      offset += lineBytes + 1
      above = line as Uint8Array<ArrayBuffer>
      const target = ((pass.y + row * pass.dy) * width + pass.x) * channels
      if (depth === 8 && pass.dx === 1) samples.set(line, target)
      else spread(line, columns, channels, depth, samples, target, pass.dx * channels)
    }
  }
  return samples
}

/** Takes the samples of one line apart (most significant bits first) and puts them at their pixels. */
function spread(
  line: Uint8Array,
  columns: number,
  channels: number,
  depth: number,
  samples: Uint8Array,
  target: number,
  step: number,
): void {
  if (depth === 8) {
    for (let column = 0, from = 0; column < columns; column++)
      for (let channel = 0; channel < channels; channel++)
        samples[target + column * step + channel] = line[from++]!
    return
  }
  // Below 8 bits there is always one channel.
  const mask = (1 << depth) - 1
  for (let column = 0; column < columns; column++) {
    const bit = column * depth
    samples[target + column * step] = (line[bit >> 3]! >> (8 - depth - (bit & 7))) & mask
  }
}

/** Undoes one of the five line filters in place (PNG section 9). `unit` is the bytes of a whole pixel, at least 1. */
function unfilter(filter: number, line: Uint8Array, above: Uint8Array, unit: number): void {
  const length = line.length
  switch (filter) {
    case 0:
      return
    case 1:
      for (let i = unit; i < length; i++) line[i] = line[i]! + line[i - unit]!
      return
    case 2:
      for (let i = 0; i < length; i++) line[i] = line[i]! + above[i]!
      return
    case 3:
      for (let i = 0; i < length; i++) {
        const left = i < unit ? 0 : line[i - unit]!
        line[i] = line[i]! + ((left + above[i]!) >> 1)
      }
      return
    case 4:
      for (let i = 0; i < length; i++) {
        const left = i < unit ? 0 : line[i - unit]!
        line[i] = line[i]! + paeth(left, above[i]!, i < unit ? 0 : above[i - unit]!)
      }
      return
    default:
      throw new PngError(`its picture data is damaged (line filter ${filter} does not exist)`)
  }
}

function paeth(left: number, above: number, corner: number): number {
  const estimate = left + above - corner
  const toLeft = Math.abs(estimate - left)
  const toAbove = Math.abs(estimate - above)
  const toCorner = Math.abs(estimate - corner)
  if (toLeft <= toAbove && toLeft <= toCorner) return left
  return toAbove <= toCorner ? above : corner
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const whole = Buffer.alloc(data.length + 12)
  whole.writeUInt32BE(data.length, 0)
  whole.write(type, 4, 'latin1')
  whole.set(data, 8)
  whole.writeUInt32BE(crc32(whole.subarray(4, 8 + data.length)), 8 + data.length)
  return whole
}

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  return c >>> 0
})

// node:zlib has its own crc32 only since 20.15, and the oldest Node supported is older.
function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff
  for (let i = 0; i < bytes.length; i++) c = crcTable[(c ^ bytes[i]!) & 0xff]! ^ (c >>> 8)
  return (c ^ 0xffffffff) >>> 0
}
