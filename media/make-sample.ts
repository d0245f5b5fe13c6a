/**
 * Makes the sample clip: `node dist/make-sample.js [folder]` (default: this repository's `media`).
 * Everything is drawn from fixed seeds, so masks and keypoints are exact and come out the same every time.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { explainSystemError, messageOf, UserError } from '../model/errors.ts'
import { makeFolder, writeFileAtomic } from '../model/files.ts'
import { writeIndexedPng } from '../model/formats/index.ts'
import { KOI_SKELETON } from './make-sample/koi.ts'
import { FRAMES, FRAMES_PER_SECOND, HEIGHT, Scene, type SceneFrame, WIDTH } from './make-sample/scene.ts'

async function main(): Promise<void> {
  const media = resolve(process.argv[2] ?? fileURLToPath(new URL('../media/', import.meta.url)))
  const sample = join(media, 'sample')
  // What an earlier version drew must not stay between the new masks.
  await rm(join(sample, 'masks'), { recursive: true, force: true })
  await makeFolder(join(sample, 'masks'))
  const scene = new Scene()
  const keypoints: SceneFrame['keypoints'][] = []
  const encoder = startEncoder(join(media, 'sample.mp4'))
  try {
    for (let index = 0; index < FRAMES; index++) {
      const frame = scene.draw(index)
      await encoder.write(frame.rgb)
      const mask = { width: WIDTH, height: HEIGHT, indices: frame.labels }
      await writeIndexedPng(join(sample, 'masks', `${String(index).padStart(5, '0')}.png`), mask)
      if (index === 0) await writeIndexedPng(join(sample, 'first-mask.png'), mask)
      keypoints.push(frame.keypoints)
      if ((index + 1) % 10 === 0) console.log(`frame ${index + 1} of ${FRAMES}`)
    }
    await encoder.finish()
  } catch (error) {
    await encoder.abandon()
    throw error
  }
  await writeFileAtomic(join(sample, 'keypoints.json'), keypointsFile(keypoints[0]!))
  await writeFileAtomic(join(sample, 'keypoints-truth.json'), truthFile(keypoints))
  console.log(`wrote ${join(media, 'sample.mp4')} and ${sample}`)
}

/** The shape that `siammae propagate --init` reads. */
function keypointsFile(points: SceneFrame['keypoints']): string {
  return `{\n  "keypoints": [\n${pointLines(points, '    ')}\n  ],\n  "skeleton": ${skeleton()}\n}\n`
}

function truthFile(frames: SceneFrame['keypoints'][]): string {
  const blocks = frames.map((points) => `    [\n${pointLines(points, '      ')}\n    ]`)
  return `{\n  "object": 1,\n  "skeleton": ${skeleton()},\n  "frames": [\n${blocks.join(',\n')}\n  ]\n}\n`
}

/** One line per point, spaced as the formatter of this repository does, so that it finds nothing to change. */
function pointLines(points: SceneFrame['keypoints'], indent: string): string {
  return points
    .map(
      ({ name, x, y, visible }) =>
        `${indent}{ "name": "${name}", "x": ${x}, "y": ${y}, "visible": ${visible} }`,
    )
    .join(',\n')
}

function skeleton(): string {
  return `[${KOI_SKELETON.map(([a, b]) => `[${a}, ${b}]`).join(', ')}]`
}

interface Encoder {
  write(rgb: Uint8Array): Promise<void>
  finish(): Promise<void>
  abandon(): Promise<void>
}

/** H.264 by ffmpeg from raw pictures; the file appears under its name only when it is whole. */
function startEncoder(path: string): Encoder {
  const partial = `${path}.part.mp4`
  const input = [
    '-f',
    'rawvideo',
    '-pix_fmt',
    'rgb24',
    '-s',
    `${WIDTH}x${HEIGHT}`,
    '-r',
    `${FRAMES_PER_SECOND}`,
  ]
  const colour = [
    '-color_primaries',
    'bt709',
    '-color_trc',
    'bt709',
    '-colorspace',
    'bt709',
    '-color_range',
    'tv',
  ]
  const output = ['-c:v', 'libx264', '-preset', 'slow', '-crf', '21', '-pix_fmt', 'yuv420p', '-threads', '1']
  const child = spawn(
    'ffmpeg',
    [
      ...['-v', 'error', '-y', ...input, '-i', '-'],
      ...['-vf', 'scale=out_color_matrix=bt709:out_range=tv', ...output, ...colour],
      ...[
        '-map_metadata',
        '-1',
        '-fflags',
        '+bitexact',
        '-flags:v',
        '+bitexact',
        '-movflags',
        '+faststart',
        partial,
      ],
    ],
    { stdio: ['pipe', 'ignore', 'pipe'] },
  )
  let complaint = ''
  child.stderr.on('data', (text) => {
    complaint += text
  })
  child.stdin.on('error', () => {}) // Told better by the exit below.
  const exit = new Promise<void>((done, failed) => {
    child.on('error', (error) => failed(explainSystemError(error, 'start', 'ffmpeg')))
    child.on('close', (code) =>
      code === 0 ? done() : failed(new UserError(`ffmpeg could not write ${path}: ${complaint.trim()}`)),
    )
  })
  exit.catch(() => {})
  return {
    async write(rgb) {
      if (!child.stdin.write(rgb)) await Promise.race([once(child.stdin, 'drain'), exit])
    },
    async finish() {
      child.stdin.end()
      await exit
      await rename(partial, path)
    },
    async abandon() {
      child.kill()
      await exit.catch(() => {})
      await rm(partial, { force: true })
    },
  }
}

main().catch((error) => {
  console.error(error instanceof UserError ? messageOf(error) : error)
  process.exitCode = 1
})
