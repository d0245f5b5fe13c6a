/** The sample clip as the webview gets it: exact pictures, and its two koi as a person and a model would mark them. */
import sharp from 'sharp'
import { type Entry, encodeMask, type Keypoint } from '../../../model/annotation/index.ts'
import { openVideo } from '../../../model/video/index.ts'
import type { FrameEntries, LaneChange } from '../../../webview/protocol/index.ts'
import { laneCode } from '../../../webview/protocol/index.ts'
import type { Opened } from '../webview-scenes.ts'
import { DISPLAY } from './display.ts'
import { HEIGHT, landmarks, landmarksOf, SAMPLE, truth, WIDTH } from './truth.ts'

export interface Koi {
  readonly opened: Opened
  readonly entries: readonly FrameEntries[]
  /** JPEG of a frame. */
  readonly picture: (frame: number) => Promise<Uint8Array>
}

const COLOURS = ['#e69f00', '#56b4e9'] as const

/**
 * @param marked  whether anything is marked
 * @param frames  how many frames from the first on
 */
export async function koi(marked: boolean, frames = 40): Promise<Koi> {
  const pictures = await decode(frames)
  const skeleton = { keypoints: landmarks().keypoints.map(({ name }) => name), edges: landmarks().skeleton }
  const entries: FrameEntries[] = []
  const codes = [new Uint8Array(frames), new Uint8Array(frames)]
  for (let frame = 0; marked && frame < frames; frame++) {
    const one: [number, Entry][] = []
    for (const id of [1, 2] as const) {
      const mask = encodeMask(await truth(frame, id), WIDTH, HEIGHT)
      const keyframe = frame === 0 || (id === 2 && frame % 10 === 0)
      const keypoints =
        id === 1
          ? landmarksOf(frame).map(
              ({ x, y, visible }): Keypoint => ({
                x: x + 0.5,
                y: y + 0.5,
                visibility: visible ? 'visible' : 'occluded',
                ...(keyframe ? {} : { confidence: 0.4 + 0.5 * Math.abs(Math.sin(x)) }),
              }),
            )
          : undefined
      const shape = { mask, ...(keypoints && { keypoints }), occluded: id === 1 && frame >= 34 }
      const entry: Entry = keyframe
        ? { state: 'keyframe', ...shape }
        : { state: 'propagated', run: 1, confidence: 0.9 - frame / 100, ...shape }
      codes[id - 1]![frame] = laneCode(entry)
      one.push([id, entry])
    }
    entries.push({ frame, entries: one })
  }
  const opened: Opened = {
    type: 'opened',
    clip: {
      name: 'sample.mp4',
      frameCount: frames,
      width: WIDTH,
      height: HEIGHT,
      times: Float64Array.from({ length: frames }, (_, frame) => frame / 25),
      warnings: [],
    },
    labels: [{ id: 1, name: 'Koi', colour: COLOURS[0], skeleton }],
    objects: marked
      ? [
          { id: 1, name: 'White koi', labelId: 1, colour: COLOURS[0] },
          { id: 2, name: 'Black koi', labelId: 1, colour: COLOURS[1] },
        ]
      : [],
    lanes: marked ? codes.map((lane, i): LaneChange => ({ objectId: i + 1, first: 0, codes: lane })) : [],
    doubtful: [],
    settings: DISPLAY,
    view: {},
    run: undefined,
    trusted: true,
    texts: {},
  }
  return { opened, entries, picture: async (frame) => pictures[frame]! }
}

async function decode(count: number): Promise<Uint8Array[]> {
  const video = await openVideo(SAMPLE)
  const pictures: Uint8Array[] = []
  for await (const { data, width, height } of video.frames({ last: count - 1 }))
    pictures.push(
      await sharp(data, { raw: { width, height, channels: 3 } })
        .jpeg({ quality: 92, chromaSubsampling: '4:4:4' })
        .toBuffer(),
    )
  return pictures
}
