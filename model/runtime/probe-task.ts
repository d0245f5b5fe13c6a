/** The small piece of work that a device must get right before it is used, and what it says about speed. */
import { add, Graph, layerNorm, linear, matmul, softmax, topK } from '../graph/index.ts'

const ROWS = 512
const WIDTH = 384

/** A deterministic ramp in -1..1. */
export function ramp(length: number, step: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => (((i * step) % 101) - 50) / 50)
}

/** A graph with the operators our models live on, and the numbers it must give. */
export function correctnessTask(): {
  graph: Graph
  x: Float32Array
  shape: readonly number[]
  expected: Float32Array
} {
  const rows = 4
  const width = 8
  const x = ramp(rows * width, 7)
  const w = ramp(width * width, 13)
  const graph = new Graph()
  const input = graph.input('x', 'float32', [rows, width])
  const weight = graph.constant(w, [width, width], 'w')
  const normalised = layerNorm(
    add(linear(input, weight), input),
    graph.constant(new Float32Array(width).fill(1), [width]),
    graph.constant(new Float32Array(width), [width]),
    1e-6,
  )
  graph.output('y', topK(softmax(normalised), 3).values)
  return { graph, x, shape: [rows, width], expected: expectedValues(x, w, rows, width) }
}

/** The same arithmetic in plain numbers. */
function expectedValues(x: Float32Array, w: Float32Array, rows: number, width: number): Float32Array {
  const result: number[] = []
  for (let row = 0; row < rows; row++) {
    const sums = Array.from({ length: width }, (_, out) => {
      let sum = x[row * width + out]!
      for (let i = 0; i < width; i++) sum += x[row * width + i]! * w[out * width + i]!
      return sum
    })
    const mean = sums.reduce((a, b) => a + b, 0) / width
    const variance = sums.reduce((a, b) => a + (b - mean) ** 2, 0) / width
    const exponentials = sums.map((value) => Math.exp((value - mean) / Math.sqrt(variance + 1e-6)))
    const total = exponentials.reduce((a, b) => a + b, 0)
    result.push(
      ...exponentials
        .map((value) => value / total)
        .sort((a, b) => b - a)
        .slice(0, 3),
    )
  }
  return Float32Array.from(result)
}

/** A product of the size an encoder's layers have, for comparing devices. */
export function speedTask(): { graph: Graph; x: Float32Array; shape: readonly number[]; flop: number } {
  const graph = new Graph()
  const input = graph.input('x', 'float32', [ROWS, WIDTH])
  let y = input
  const repeats = 8
  for (let i = 0; i < repeats; i++) y = matmul(y, graph.constant(ramp(WIDTH * WIDTH, 3 + i), [WIDTH, WIDTH]))
  graph.output('y', topK(y, 1).values)
  return { graph, x: ramp(ROWS * WIDTH, 11), shape: [ROWS, WIDTH], flop: repeats * 2 * ROWS * WIDTH * WIDTH }
}
