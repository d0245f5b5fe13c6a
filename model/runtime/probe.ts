/**
 * Entry point of the probe process: tries one device and prints one line of JSON. A device whose driver is bad
 * kills this process instead of the one that does people's work.
 */
import { toOnnx } from '../graph/index.ts'
import { createSession, fromOnnxTensor, toOnnxTensor } from './onnx.ts'
import { correctnessTask, speedTask } from './probe-task.ts'
import { DEVICES, type Device, type HostTensor } from './types.ts'

/** Runs a graph `times` times; the last result and the seconds of the fastest run. */
async function run(graph: Parameters<typeof toOnnx>[0], x: HostTensor, device: Device, times: number) {
  const model = toOnnx(graph, device === 'cpu' ? 'cpu' : 'portable')
  const session = await createSession(model, {
    device,
    threads: 0,
    resident: new Set(),
    outputs: ['y'],
    asWritten: false,
  })
  let seconds = Number.POSITIVE_INFINITY
  let y: HostTensor | undefined
  for (let i = 0; i < times; i++) {
    const start = performance.now()
    const { y: result } = await session.run({ x: toOnnxTensor(x) })
    seconds = Math.min(seconds, (performance.now() - start) / 1000)
    y = fromOnnxTensor(result!)
  }
  await session.release()
  return { y: y!, seconds }
}

const device = process.argv[2] as Device
if (!DEVICES.includes(device)) throw new Error(`The probe was asked for the unknown device ${device}.`)

const task = correctnessTask()
const { y } = await run(task.graph, { dtype: 'float32', shape: task.shape, data: task.x }, device, 1)
const error = task.expected.reduce(
  (worst, value, i) => Math.max(worst, Math.abs(value - Number(y.data[i]))),
  0,
)
if (!(error < 1e-4)) throw new Error(`it computes wrong numbers (off by ${error})`)

const speed = speedTask()
const { seconds } = await run(speed.graph, { dtype: 'float32', shape: speed.shape, data: speed.x }, device, 4)
process.stdout.write(`${JSON.stringify({ gigaflops: Math.round(speed.flop / seconds / 1e8) / 10 })}\n`)
// Some GPU drivers keep threads alive that would hold the process open.
process.exit(0)
