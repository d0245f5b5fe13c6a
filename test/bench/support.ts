/** What the benchmarks share: timing, the runtime's own matrix speed, a clip, rows of the report. */
import { cpus } from 'node:os'
import { Graph, matmul, slice } from '../../model/graph/index.ts'
import type { Engine } from '../../model/runtime/index.ts'
import { createVideoWriter } from '../../model/video/index.ts'

/** What the numbers were measured on. */
export const machine = (device: string): string =>
  `${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}, device ${device}`

export const WIDTH = 854
export const HEIGHT = 480

export const median = (values: number[]): number =>
  values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!

/** Median seconds of `times` calls, after one that is not counted. */
export async function timed(times: number, work: () => Promise<unknown>): Promise<number> {
  await work()
  const seconds: number[] = []
  for (let i = 0; i < times; i++) {
    const start = performance.now()
    await work()
    seconds.push((performance.now() - start) / 1000)
  }
  return median(seconds)
}

/** A clip with texture and motion, drawn from a moving pattern. */
export async function makeClip(path: string, frames: number): Promise<void> {
  const writer = await createVideoWriter(path, { width: WIDTH, height: HEIGHT, fps: 25 })
  const frame = new Uint8Array(WIDTH * HEIGHT * 3)
  for (let n = 0; n < frames; n++) {
    for (let y = 0, at = 0; y < HEIGHT; y++)
      for (let x = 0; x < WIDTH; x++) {
        const wave =
          40 * Math.sin((x + 3 * n) / 17) +
          40 * Math.sin((y - 2 * n) / 11) +
          (((x * 7 + y * 13) ^ (x >> 3)) & 31)
        frame[at++] = 100 + wave
        frame[at++] = 120 + wave / 2
        frame[at++] = 90 - wave / 2
      }
    await writer.write(frame)
  }
  await writer.finish()
}

/**
 * The runtime's own speed on plain products of the encoder's size: [tokens, dim] x [dim, 4 dim] and back, four times
 * over inside one graph, so that neither copies nor fresh memory count.
 */
export async function matrixSpeed(engine: Engine, tokens: number, dim: number): Promise<number> {
  const pairs = 4
  const graph = new Graph()
  let y = graph.input('x', 'float32', [tokens, dim])
  for (let i = 0; i < pairs; i++) {
    const up = graph.constant(new Float32Array(dim * 4 * dim).fill(0.01), [dim, 4 * dim])
    const down = graph.constant(new Float32Array(dim * 4 * dim).fill(0.002), [4 * dim, dim])
    y = matmul(matmul(y, up), down)
  }
  graph.output('y', slice(y, 0, 0, 1))
  const program = await engine.load(graph)
  const x = {
    dtype: 'float32',
    shape: [tokens, dim],
    data: new Float32Array(tokens * dim).fill(0.1),
  } as const
  const input = await engine.upload(x)
  const seconds = await timed(7, () => engine.run(program, { x: input }))
  await engine.release(input)
  await engine.unload(program)
  return (pairs * 2 * 2 * tokens * dim * 4 * dim) / seconds
}

export const percent = (share: number): string => `${(100 * share).toFixed(0)} %`
export const row = (name: string, value: string): void => console.log(`  ${name.padEnd(36)}${value}`)
