/** The published protocols, cell by cell and pixel by pixel, against independent implementations. */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readIndexedPng } from '../../../model/formats/index.ts'
import { Affinity } from '../../../model/propagation/affinity.ts'
import { decodeLabels, decodeNetwork } from '../../../model/propagation/decode.ts'
import type { TokenSource } from '../../../model/propagation/features.ts'
import type { Grid, SoftLabels } from '../../../model/propagation/grid.ts'
import { decodeJoint, labelsFromJoints, stampJoint } from '../../../model/propagation/keypoints.ts'
import { labelsFromMask } from '../../../model/propagation/labels.ts'
import { PRESETS, type PropagationSettings } from '../../../model/propagation/settings.ts'
import { walk } from '../../../model/propagation/walk.ts'
import { Engine, type ResidentTensor } from '../../../model/runtime/index.ts'
import { readSafetensors, type TensorFile } from '../../../model/weights/index.ts'
import { describeOnDevices } from '../../support/devices.ts'
import { describeWithReference } from '../../support/reference.ts'
import { expectClose, largestDifference, values } from '../../support/tensors.ts'

/** Rows of unit length, computed in double precision from the stored half-precision values. */
function unitRows(data: Float32Array, dim: number): Float32Array {
  const result = new Float32Array(data.length)
  for (let row = 0; row < data.length; row += dim) {
    let sum = 0
    for (let i = 0; i < dim; i++) sum += data[row + i]! ** 2
    const scale = 1 / Math.sqrt(sum)
    for (let i = 0; i < dim; i++) result[row + i] = data[row + i]! * scale
  }
  return result
}

/** Golden features instead of an encoder. */
async function goldenTokens(
  engine: Engine,
  features: Float32Array,
  cells: number,
  dim: number,
): Promise<TokenSource> {
  const frames: ResidentTensor[] = []
  for (let at = 0; at < features.length; at += cells * dim)
    frames.push(
      await engine.upload({
        dtype: 'float32',
        shape: [cells, dim],
        data: unitRows(features.slice(at, at + cells * dim), dim),
      }),
    )
  return { acquire: async (frame) => frames[frame]!, release: () => {} }
}

/** [channel, row, column] of one frame, as the golden files have it. */
function channelMajor({ grid, channels, data }: SoftLabels): Float32Array {
  const cells = grid.rows * grid.columns
  const result = new Float32Array(data.length)
  for (let cell = 0; cell < cells; cell++)
    for (let channel = 0; channel < channels; channel++)
      result[channel * cells + cell] = data[cell * channels + channel]!
  return result
}

const differing = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((count, value, i) => count + (value === b[i] ? 0 : 1), 0)

interface GoldenRun {
  readonly topk: number
  readonly temperature: number
  readonly radius?: number
  readonly video_len?: number
  readonly n_last_frames?: number
  readonly size_mask_neighborhood?: number
  readonly network_pixels_with_top2_gap_below_1e4: number
}

function settingsOf(run: GoldenRun): PropagationSettings {
  return run.n_last_frames === undefined
    ? {
        ...PRESETS.cropmae,
        topK: run.topk,
        temperature: run.temperature,
        context: run.video_len!,
        neighbourhood: { shape: 'disc', radius: run.radius! },
      }
    : {
        ...PRESETS.dino,
        topK: run.topk,
        temperature: run.temperature,
        context: run.n_last_frames,
        neighbourhood: { shape: 'square', radius: run.size_mask_neighborhood! },
      }
}

describeWithReference('propagation equals the published code', (folder) => {
  describeOnDevices('masks', (device) => {
    let engine: Engine
    let golden: TensorFile
    let runs: Record<string, GoldenRun>
    let grid: Grid
    let patch: number
    beforeAll(async () => {
      engine = await Engine.start(device)
      golden = await readSafetensors(join(folder, 'propagation', 'propagation.safetensors'))
      const description = JSON.parse(await readFile(join(folder, 'propagation', 'propagation.json'), 'utf8'))
      runs = description.runs
      grid = { rows: description.grid[0], columns: description.grid[1] }
      patch = description.patch_size
    })
    afterAll(() => engine.close())

    const names = Object.keys(
      JSON.parse(readFileSync(join(folder, 'propagation', 'propagation.json'), 'utf8')).runs,
    )
    it.each(names)('%s: soft maps, network pictures and final pictures', async (name) => {
      const run = runs[name]!
      const settings = settingsOf(run)
      const png = await readIndexedPng(join(folder, 'propagation', 'first_mask.png'))
      const mask = { width: png.width, height: png.height, data: png.indices }
      const first = labelsFromMask(mask, grid, 3, patch, settings.protocol)
      const dim = golden.tensors.get('features')!.shape[2]!
      const cells = grid.rows * grid.columns
      if (name !== 'dino') expectClose(channelMajor(first), values(golden, `${name}.first_labels`), 1e-6)

      const soft = values(golden, `${name}.soft`)
      const size = 3 * cells
      const affinity = new Affinity(engine, { grid, dim, k: settings.topK })
      const tokens = await goldenTokens(engine, values(golden, 'features'), cells, dim)
      // A software GPU takes seconds for what the CPU does in milliseconds; three frames show the same arithmetic.
      const frames = Array.from({ length: device === 'cpu' ? 16 : 3 }, (_, i) => i)
      let networkPixels = 0
      let finalPixels = 0
      const check = async ({ frame, labels }: { frame: number; labels: SoftLabels }): Promise<void> => {
        const expected = soft.subarray(frame * size, (frame + 1) * size)
        expect(largestDifference(channelMajor(labels), expected), `soft map of ${frame}`).toBeLessThan(2e-5)
        const file = `${String(frame).padStart(5, '0')}.png`
        const final = await readIndexedPng(join(folder, 'propagation', name, file))
        const full = decodeLabels(labels, patch, final, settings.protocol)
        finalPixels += differing(full.data, final.indices)
        // DINO's code copies the first mask instead of decoding it.
        if (frame === 0 && name === 'dino') return
        const network = await readIndexedPng(join(folder, 'propagation', name, `net_${file}`))
        networkPixels += differing(decodeNetwork(labels, patch, settings.protocol).data, network.indices)
      }
      if (name !== 'dino') await check({ frame: 0, labels: first })
      const seen: number[] = []
      for await (const step of walk({ frames, marks: new Map([[0, first]]), tokens, affinity, settings })) {
        await check(step)
        seen.push(step.frame)
      }
      expect(seen).toEqual(frames.slice(1))
      expect(networkPixels).toBeLessThanOrEqual(run.network_pixels_with_top2_gap_below_1e4)
      expect(finalPixels).toBeLessThanOrEqual(6 * run.network_pixels_with_top2_gap_below_1e4)
      await affinity.close()
    })
  })

  describe('keypoints', () => {
    let golden: TensorFile
    let description: {
      parameters: {
        temperature: number
        topk: number
        radius: number
        video_len: number
        grid: [number, number]
      }
      videos: Record<
        string,
        { frames: number; width: number; height: number; decode_ties_frame_joint: [number, number][] }
      >
    }
    beforeAll(async () => {
      golden = await readSafetensors(join(folder, 'keypoints', 'keypoints.safetensors'))
      description = JSON.parse(await readFile(join(folder, 'keypoints', 'keypoints.json'), 'utf8'))
    })

    /** F64 tensors without rounding to float32. */
    const exact = (name: string): Float64Array =>
      new Float64Array(golden.tensors.get(name)!.bytes.slice().buffer)

    it('stamps joints, clipped at every border', () => {
      const [count, rows, columns] = golden.tensors.get('stamp.maps')!.shape as [number, number, number]
      const points = exact('stamp.points_xy')
      const maps = exact('stamp.maps')
      for (let i = 0; i < count; i++) {
        const labels: SoftLabels = {
          grid: { rows, columns },
          channels: 1,
          data: new Float32Array(rows * columns),
        }
        stampJoint(labels, 0, { x: points[2 * i]!, y: points[2 * i + 1]! })
        expectClose(labels.data, maps.subarray(i * rows * columns, (i + 1) * rows * columns), 1e-6)
      }
    })

    it('reads joints back from their strongest cells', () => {
      const [count, rows, columns, joints] = golden.tensors.get('decode.maps')!.shape as [
        number,
        number,
        number,
        number,
      ]
      const maps = exact('decode.maps')
      for (const top of [5, 3]) {
        const expected = exact(`decode.top${top}_xy`)
        const perMap = expected.length / count / 2
        for (let i = 0; i < count; i++) {
          const size = rows * columns * joints
          const data = Float32Array.from(maps.subarray(i * size, (i + 1) * size))
          const labels: SoftLabels = { grid: { rows, columns }, channels: joints, data }
          for (let joint = 0; joint < perMap; joint++) {
            const decoded = decodeJoint(labels, joint + 1, top)
            const [x, y] = [0, 1].map((axis) => expected[(i * 2 + axis) * perMap + joint]!)
            expectClose([decoded?.x ?? -1, decoded?.y ?? -1], [x!, y!], 1e-4)
          }
        }
      }
    })

    const clips = Object.keys(
      JSON.parse(readFileSync(join(folder, 'keypoints', 'keypoints.json'), 'utf8')).videos,
    )
    it.each(clips)('%s: label maps and places', async (name) => {
      const { parameters, videos } = description
      const video = videos[name]!
      const grid: Grid = { rows: parameters.grid[0], columns: parameters.grid[1] }
      const cells = grid.rows * grid.columns
      const positions = exact(`${name}.pos_img`)
      // JHMDB counts pixels from 1.
      const joints = Array.from({ length: 15 }, (_, joint) => ({
        x: ((positions[joint * video.frames]! - 1) * grid.columns) / video.width,
        y: ((positions[(15 + joint) * video.frames]! - 1) * grid.rows) / video.height,
      }))
      const first = labelsFromJoints(joints, grid)
      expectClose(channelMajor(first), values(golden, `${name}.first_labels`), 1e-6)

      const engine = await Engine.start('cpu')
      const dim = golden.tensors.get(`${name}.features`)!.shape[2]!
      const settings: PropagationSettings = {
        ...PRESETS.cropmae,
        topK: parameters.topk,
        temperature: parameters.temperature,
        context: parameters.video_len,
        neighbourhood: { shape: 'disc', radius: parameters.radius },
      }
      const affinity = new Affinity(engine, { grid, dim, k: settings.topK })
      const tokens = await goldenTokens(engine, values(golden, `${name}.features`), cells, dim)
      const soft = values(golden, `${name}.soft`)
      const coordinates = exact(`${name}.coords_grid_xy`)
      const ties = new Set(video.decode_ties_frame_joint.map(([frame, joint]) => `${frame} ${joint}`))
      const frames = Array.from({ length: video.frames }, (_, i) => i)
      for await (const { frame, labels } of walk({
        frames,
        marks: new Map([[0, first]]),
        tokens,
        affinity,
        settings,
      })) {
        expect(
          largestDifference(
            channelMajor(labels),
            soft.subarray(frame * 16 * cells, (frame + 1) * 16 * cells),
          ),
        ).toBeLessThan(2e-5)
        for (let joint = 0; joint < 15; joint++) {
          if (ties.has(`${frame} ${joint}`)) continue
          const decoded = decodeJoint(labels, joint + 1) ?? { x: -1, y: -1 }
          const expected = [0, 15].map((axis) => coordinates[(axis + joint) * video.frames + frame]!)
          expectClose([decoded.x, decoded.y], expected, 1e-4)
        }
      }
      await engine.close()
    })
  })
})
