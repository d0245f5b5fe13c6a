/** What `--init` names: masks, keypoints or a side-car, read and checked against the clip. */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import * as v from 'valibot'
import type { AnnotationDocument, Skeleton } from '../annotation/index.ts'
import { explainSystemError, UsageError, UserError } from '../errors.ts'
import { readMaskPicture, readSidecar } from '../formats/index.ts'
import type { FrameTable } from '../video/index.ts'

/** A mask picture of one frame. */
export interface MaskInit {
  readonly kind: 'mask'
  readonly source: string
  readonly frame: number
  /** Object ids per pixel. */
  readonly map: { readonly width: number; readonly height: number; readonly data: Uint8Array }
  readonly objects: readonly number[]
}

export interface InitJoint {
  readonly x: number
  readonly y: number
  readonly visibility: 'visible' | 'occluded' | 'absent'
}

/** Keypoints of one object on one frame. */
export interface PoseInit {
  readonly kind: 'pose'
  readonly source: string
  readonly frame: number
  readonly names: readonly string[]
  readonly joints: readonly InitJoint[]
  readonly edges: Skeleton['edges']
}

/** A document whose keyframes are the marks. */
export interface SidecarInit {
  readonly kind: 'sidecar'
  readonly source: string
  readonly document: AnnotationDocument
  /** Only this keyframe; all when undefined. */
  readonly frame: number | undefined
}

export type Init = MaskInit | PoseInit | SidecarInit

/** Splits `path@frame`; an @ that no number follows belongs to the path. */
export function parseInit(text: string): { path: string; frame: number | undefined } {
  const match = /^(.+)@(\d+)$/.exec(text)
  return match ? { path: match[1]!, frame: Number(match[2]) } : { path: text, frame: undefined }
}

/** @throws UserError naming the file and what to do */
export async function readInit(text: string, table: FrameTable): Promise<Init> {
  const { path, frame } = parseInit(text)
  const count = table.frames.length
  if (frame !== undefined && frame >= count)
    throw new UsageError(`--init ${text}: the video has no frame ${frame}; its frames are 0 to ${count - 1}.`)
  if (/\.siam\.json$/i.test(path)) return readSidecarInit(path, frame, table)
  if (/\.json$/i.test(path)) return readPoseInit(path, frame ?? 0, table)
  return readMaskInit(path, frame ?? 0, table)
}

async function readMaskInit(path: string, frame: number, table: FrameTable): Promise<MaskInit> {
  const { width, height, data, objects } = await readMaskPicture(path, table)
  return { kind: 'mask', source: path, frame, map: { width, height, data }, objects }
}

const coordinate = v.pipe(v.number(), v.finite())
const poseSchema = v.object({
  keypoints: v.pipe(
    v.array(
      v.object({
        name: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
        x: coordinate,
        y: coordinate,
        visible: v.optional(v.union([v.boolean(), v.picklist([0, 1, 2])]), true),
      }),
    ),
    v.minLength(1),
    v.maxLength(255),
  ),
  skeleton: v.optional(
    v.array(v.strictTuple([v.pipe(v.number(), v.integer()), v.pipe(v.number(), v.integer())])),
    [],
  ),
})

async function readPoseInit(path: string, frame: number, table: FrameTable): Promise<PoseInit> {
  const text = await readFile(path, 'utf8').catch((error) => {
    throw explainSystemError(error, 'read', path)
  })
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new UserError(
      `${path} is not JSON (${(error as Error).message}); give {"keypoints": [{"name", "x", "y", "visible"}], "skeleton": [[i, j]]}.`,
    )
  }
  const parsed = v.safeParse(poseSchema, json)
  if (!parsed.success) {
    const issue = parsed.issues[0]
    throw new UserError(
      `${path} holds no keypoints as they are needed here (${v.getDotPath(issue) ?? 'the file'}: ${issue.message}); give {"keypoints": [{"name", "x", "y", "visible"}], "skeleton": [[i, j]]}.`,
    )
  }
  const { keypoints, skeleton } = parsed.output
  const names = keypoints.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined)
    throw new UserError(`${path} has two keypoints named ${twice}; give every keypoint a name of its own.`)
  const wrong = skeleton.find((edge) => edge.some((end) => end < 0 || end >= keypoints.length))
  if (wrong)
    throw new UserError(
      `${path}: the skeleton edge [${wrong}] names a keypoint that does not exist; they are numbered from 0.`,
    )
  const joints = keypoints.map(({ name, x, y, visible }): InitJoint => {
    // 0, 1, 2 are COCO's: not labelled, labelled but hidden, visible.
    const visibility = visible === false || visible === 0 ? 'absent' : visible === 1 ? 'occluded' : 'visible'
    if (visibility !== 'absent' && !(x >= 0 && y >= 0 && x <= table.width && y <= table.height))
      throw new UserError(
        `${path}: keypoint ${name} is at (${x}, ${y}), outside the video of ${table.width}x${table.height}; move it inside or set "visible" to false.`,
      )
    return { x, y, visibility }
  })
  if (joints.every(({ visibility }) => visibility === 'absent'))
    throw new UserError(
      `${path}: no keypoint is visible, so there is nothing to follow. Set "visible" to true for at least one.`,
    )
  return { kind: 'pose', source: path, frame, names, joints, edges: skeleton }
}

async function readSidecarInit(
  path: string,
  frame: number | undefined,
  table: FrameTable,
): Promise<SidecarInit> {
  const document = await readSidecar(path)
  const { video } = document
  if (
    video.width !== table.width ||
    video.height !== table.height ||
    video.frameCount !== table.frames.length
  )
    throw new UserError(
      `${path} belongs to a video of ${video.frameCount} frames of ${video.width}x${video.height}, and ${basename(table.path)} has ${table.frames.length} of ${table.width}x${table.height}; use the side-car of this video.`,
    )
  if (video.hash !== table.contentHash)
    throw new UserError(
      `${path} belongs to another file than ${basename(table.path)} (${video.path}, other content); use the side-car of this video.`,
    )
  const marked = [...document.objects.keys()].some((id) =>
    [...document.entries(id)].some(
      ([at, entry]) => entry.state === 'keyframe' && (frame === undefined || at === frame),
    ),
  )
  if (!marked)
    throw new UserError(
      `${path} has no keyframe${frame === undefined ? '' : ` on frame ${frame}`}; mark one first.`,
    )
  return { kind: 'sidecar', source: path, document, frame }
}
