import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { VideoFrame } from '../../../model/video/index.ts'

/** The ffmpeg that makes the clips and reads them: SIAMMAE_FFMPEG lets the same tests run against another release. */
export const FFMPEG = process.env.SIAMMAE_FFMPEG ?? 'ffmpeg'

/** Output options that keep every picture with its own timestamp; this release and later ones know them. */
export const EVERY_FRAME = ['-fps_mode', 'passthrough']

/** A folder for the files of one test file. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'siammae-video-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/**
 * A picture carries its number as 4 x 4 black or white cells: 12 bits of the number, then the exclusive or of its
 * three nibbles, so that a blurred mixture of two pictures is not taken for a third.
 */
export function codeOf(number: number): boolean[] {
  const check = (number ^ (number >> 4) ^ (number >> 8)) & 15
  const value = (number & 0xfff) | (check << 12)
  return Array.from({ length: 16 }, (_, bit) => ((value >> bit) & 1) === 1)
}

/** Grey picture, row-major, of the cells of `number`. */
export function numberedPicture(number: number, width: number, height: number): Uint8Array {
  const code = codeOf(number)
  const picture = new Uint8Array(width * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const cell = Math.floor((y * 4) / height) * 4 + Math.floor((x * 4) / width)
      picture[y * width + x] = code[cell] ? 235 : 16
    }
  }
  return picture
}

/** The number that a decoded frame shows, or -1 when its cells are no code. `turned` undoes a clockwise display turn. */
export function numberOf(frame: VideoFrame, turned: 0 | 90 | 180 | 270 = 0): number {
  let value = 0
  for (let bit = 0; bit < 16; bit++) {
    const [row, column] = [bit >> 2, bit & 3]
    const [r, c] = {
      0: [row, column],
      90: [column, 3 - row],
      180: [3 - row, 3 - column],
      270: [3 - column, row],
    }[turned] as [number, number]
    if (cellMean(frame, r, c) > 127) value |= 1 << bit
  }
  const number = value & 0xfff
  return value >> 12 === ((number ^ (number >> 4) ^ (number >> 8)) & 15) ? number : -1
}

/** Mean of the middle of a cell over all three colours. */
function cellMean({ width, height, data }: VideoFrame, row: number, column: number): number {
  const [x0, x1] = [Math.floor(((column + 0.3) * width) / 4), Math.ceil(((column + 0.7) * width) / 4)]
  const [y0, y1] = [Math.floor(((row + 0.3) * height) / 4), Math.ceil(((row + 0.7) * height) / 4)]
  let sum = 0
  for (let y = y0; y < y1; y++) {
    for (let i = (y * width + x0) * 3; i < (y * width + x1) * 3; i++) sum += data[i] ?? 0
  }
  return sum / ((x1 - x0) * (y1 - y0) * 3)
}

/** Encodes pictures 0 to `count` - 1 with the given output options; the input is grey at `fps`. */
export async function makeClip(
  path: string,
  count: number,
  options: readonly string[],
  { width = 96, height = 80, fps = 30 }: { width?: number; height?: number; fps?: number } = {},
): Promise<string> {
  const input = [
    '-f',
    'rawvideo',
    '-pix_fmt',
    'gray',
    '-s',
    `${width}x${height}`,
    '-r',
    `${fps}`,
    '-i',
    'pipe:0',
  ]
  const child = spawn(FFMPEG, ['-v', 'error', '-y', ...input, ...options, `file:${path}`], {
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const end = new Promise<number | null>((resolve) => child.once('close', resolve))
  child.stdin.on('error', () => {})
  for (let i = 0; i < count; i++) {
    const room = child.stdin.write(numberedPicture(i, width, height))
    if (!room) await Promise.race([end, new Promise((resolve) => child.stdin.once('drain', resolve))])
  }
  child.stdin.end()
  const code = await end
  if (code !== 0) throw new Error(`ffmpeg could not make ${path}: ${said}`)
  return path
}

/** Runs ffmpeg on existing files. */
export function remux(...args: string[]): void {
  const run = spawnSync(FFMPEG, ['-v', 'error', '-nostdin', '-y', ...args], { encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`ffmpeg ${args.join(' ')}: ${run.stderr}`)
}

/** Whether this ffmpeg was built with an encoder. */
export function hasEncoder(name: string): boolean {
  const run = spawnSync(FFMPEG, ['-v', 'error', '-encoders'], { encoding: 'utf8' })
  return new RegExp(`^ V\\S+ ${name} `, 'm').test(run.stdout)
}
