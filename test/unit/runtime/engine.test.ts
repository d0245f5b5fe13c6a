/** The engine's promises: it never blocks its caller, keeps what it is told to keep, and ends cleanly. */
import { execFileSync } from 'node:child_process'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../../model/errors.ts'
import { add, Graph, matmul, reduceSum } from '../../../model/graph/index.ts'
import {
  atEngine,
  chooseDevice,
  Engine,
  onHost,
  parseDevice,
  probeDevice,
} from '../../../model/runtime/index.ts'
import { describeOnDevices } from '../../support/devices.ts'

/** y = x + 1 + (a product that takes a while). */
function slowGraph(size: number, repeats: number): Graph {
  const graph = new Graph()
  const x = graph.input('x', 'float32', [size, size])
  let y = x
  const weight = graph.constant(new Float32Array(size * size).fill(1 / size), [size, size])
  for (let i = 0; i < repeats; i++) y = matmul(y, weight)
  graph.output('y', reduceSum(y, [0, 1]))
  return graph
}

describeOnDevices('engine', (device) => {
  it('keeps resident tensors between runs and gives them back', async () => {
    const engine = await Engine.start(device)
    const graph = new Graph()
    const state = graph.input('state', 'float32', [3])
    const step = graph.input('step', 'float32', [3])
    const next = add(state, step)
    graph.output('next', next)
    graph.output('sum', reduceSum(next, [0]))
    const program = await engine.load(graph, { resident: ['next'] })
    const one = { dtype: 'float32', shape: [3], data: Float32Array.of(1, 2, 3) } as const
    let held = await engine.upload(one)
    let sum = 0
    for (let i = 0; i < 20; i++) {
      const result = await engine.run(program, { state: held, step: one })
      await engine.release(held)
      held = atEngine(result.next)
      sum = Number(onHost(result.sum).data[0])
    }
    expect(sum).toBe(6 * 21)
    await engine.release(held)
    await expect(engine.run(program, { state: held, step: one })).rejects.toThrow(/was released/)
    await engine.close()
  })
})

describe('engine', () => {
  it('leaves the calling thread free while it computes', async () => {
    const engine = await Engine.start('cpu', { threads: 1 })
    const program = await engine.load(slowGraph(1024, 12))
    const x = { dtype: 'float32', shape: [1024, 1024], data: new Float32Array(1024 * 1024) } as const
    await engine.run(program, { x })
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    const delay = monitorEventLoopDelay({ resolution: 1 })
    const work = Promise.all([
      engine.run(program, { x }),
      engine.run(program, { x }),
      engine.run(program, { x }),
    ])
    await new Promise((resolve) => setTimeout(resolve, 5))
    delay.enable()
    const start = performance.now()
    await work
    const seconds = performance.now() - start
    clearInterval(timer)
    delay.disable()
    // A blocked thread could not have ticked at all while one run lasted.
    expect(ticks).toBeGreaterThan(5)
    expect(delay.percentile(50) / 1e6).toBeLessThan(Math.max(20, seconds / 3))
    await engine.close()
  })

  it('serves what was asked before it closes, and refuses what comes after', async () => {
    const engine = await Engine.start('cpu')
    const program = await engine.load(slowGraph(512, 8))
    const x = { dtype: 'float32', shape: [512, 512], data: new Float32Array(512 * 512).fill(1) } as const
    const running = engine.run(program, { x })
    await engine.close()
    expect(onHost((await running).y).data[0]).toBeCloseTo(512 * 512, -2)
    await expect(engine.run(program, { x })).rejects.toThrow()
  })

  it('reports what the runtime refuses', async () => {
    const engine = await Engine.start('cpu')
    const program = await engine.load(slowGraph(8, 1))
    await expect(
      engine.run(program, { x: { dtype: 'float32', shape: [4, 4], data: new Float32Array(16) } }),
    ).rejects.toThrow(/x/)
    await engine.close()
  })
})

describe('devices', () => {
  it('the processor passes its probe', async () => {
    const probe = await probeDevice('cpu')
    expect(probe).toMatchObject({ device: 'cpu', ok: true })
    expect(probe.gigaflops).toBeGreaterThan(0)
  })

  it('a device that is not there is an error when named, and passed over aloud by auto', async () => {
    // CUDA needs libraries that the package does not bring, so it fails its probe wherever tests run without them.
    const cuda = await probeDevice('cuda')
    if (cuda.ok) return expect((await chooseDevice('cuda')).device).toBe('cuda')
    await expect(chooseDevice('cuda')).rejects.toThrow(UserError)
    await expect(chooseDevice('cuda')).rejects.toThrow(
      /"cuda" does not work here: .*Choose the device "auto"/s,
    )
    const choice = await chooseDevice('auto')
    expect(['cpu', 'webgpu']).toContain(choice.device)
    if (process.platform === 'linux') expect(choice.notes.join()).toMatch(/cuda is not usable/)
  })

  it('an unknown word is wrong use', () => {
    expect(() => parseDevice('tpu')).toThrow(/no device "tpu"; choose one of auto, cpu/)
  })

  it('the probe answers with one line of JSON', () => {
    const output = execFileSync(process.execPath, ['dist/probe.js', 'cpu'], { encoding: 'utf8' })
    expect(JSON.parse(output)).toHaveProperty('gigaflops')
  })
})
