import { throwIfCancelled } from '../errors.ts'
import { type Engine, onHost } from '../runtime/index.ts'
import {
  type EncoderConfig,
  encoderGraph,
  type FeatureStatistics,
  type Parameters,
} from '../siammae/index.ts'
import type { VideoSource } from '../video/index.ts'
import { networkSize } from './network-size.ts'

/** Where in a clip frames are taken, as shares of its length. */
const PLACES = [0.2, 0.7]

/**
 * Mean and deviation of every channel of an encoder's patch tokens over two frames of each clip.
 * @param open      opens clip n; closed again here
 * @param shortSide of the pictures in pixels, as for a propagation
 */
export async function featureStatistics(
  engine: Engine,
  model: { config: EncoderConfig; parameters: Parameters },
  clips: readonly (() => Promise<VideoSource>)[],
  options: { shortSide: number; signal?: AbortSignal; onProgress?: (done: number, total: number) => void },
): Promise<FeatureStatistics> {
  const { dim, patch } = model.config
  const sum = new Float64Array(dim)
  const squares = new Float64Array(dim)
  let count = 0
  for (const [index, open] of clips.entries()) {
    throwIfCancelled(options.signal)
    const video = await open()
    const { table } = video
    const size = networkSize(table, options.shortSide, patch)
    const program = await engine.load(encoderGraph(model.config, model.parameters, size, ['tokens']))
    for (const place of PLACES) {
      const { data } = await video.frame(Math.floor(place * table.frames.length), {
        size,
        signal: options.signal,
      })
      const image = { dtype: 'uint8', shape: [size.height, size.width, 3], data } as const
      const tokens = onHost((await engine.run(program, { image })).tokens).data as Float32Array
      for (let i = 0; i < tokens.length; i++) {
        sum[i % dim]! += tokens[i]!
        squares[i % dim]! += tokens[i]! ** 2
      }
      count += tokens.length / dim
    }
    await engine.unload(program)
    await video.close()
    options.onProgress?.(index + 1, clips.length)
  }
  const mean = Float32Array.from(sum, (total) => total / count)
  const deviation = Float32Array.from(squares, (total, channel) =>
    Math.sqrt(Math.max(0, total / count - mean[channel]! ** 2)),
  )
  return { mean, deviation }
}
