/** Training as a person runs it: real processes on a small clip, stopped, killed and resumed. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statfsSync } from 'node:fs'
import { rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readEncoder, readSafetensors, readSiamMae } from '../../model/weights/index.ts'
import { type CliOptions, type CliResult, root, siammae } from '../support/cli.ts'
import { expectClose, values } from '../support/tensors.ts'

const folder = mkdtempSync(join(tmpdir(), 'siammae-train-'))
afterAll(() => rm(folder, { recursive: true, force: true }))
const file = (...parts: string[]): string => join(folder, ...parts)

const clip = file('clips', 'test.mp4')
const settings = file('tiny.json')
const STEPS = 9
const TINY = {
  model: {
    imageSize: 32,
    encoder: { patch: 8, dim: 32, depth: 2, heads: 2 },
    decoder: { dim: 16, depth: 1, heads: 2 },
    futureRatio: 0.75,
  },
  data: { shortSide: 48 },
  optimiser: { learningRate: 0.05 },
  schedule: { steps: STEPS, warmupSteps: 2 },
  batch: 4,
  accumulate: 2,
  device: 'cpu',
  threads: 1,
  seed: 5,
  checkpoints: { every: 2, keep: 2 },
  previews: { every: 4, pairs: 2 },
}

const start = (run: string, ...more: string[]): string[] => [
  'train',
  clip,
  '--out',
  file(run),
  '--config',
  settings,
  '--verbose',
  ...more,
]
const resume = (run: string, ...more: string[]): string[] => [
  'train',
  '--resume',
  file(run),
  '--verbose',
  ...more,
]
const train = (args: readonly string[], options?: CliOptions): Promise<CliResult> => siammae(args, options)

const checkpoints = (run: string): string[] => readdirSync(file(run, 'checkpoints')).sort()
const name = (step: number): string => `step-${String(step).padStart(8, '0')}.safetensors`
const bytes = (run: string, step: number): Buffer => readFileSync(file(run, 'checkpoints', name(step)))
const metrics = (run: string): Record<string, number>[] =>
  readFileSync(file(run, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
const losses = (run: string): unknown[] => metrics(run).map(({ step, loss }) => [step, loss])

/** Same checkpoint bit for bit, and every step in the metrics once with the same loss. */
function expectSameAsWhole(run: string): void {
  expect(bytes(run, STEPS).equals(bytes('whole', STEPS))).toBe(true)
  expect(losses(run)).toEqual(losses('whole'))
  expect(existsSync(file(run, 'run.lock'))).toBe(false)
}

/** Errors only. */
const QUIET = { logSeverityLevel: 3 } as const

let whole: CliResult

beforeAll(async () => {
  mkdirSync(file('clips'))
  const source = 'testsrc2=size=64x48:rate=30:duration=1'
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', source, '-pix_fmt', 'yuv420p', clip])
  await writeFile(file('clips', 'LICENSE.txt'), 'CC0 1.0 Universal\n')
  await writeFile(settings, JSON.stringify(TINY))
  // Without --verbose: what is written must not depend on who is told.
  whole = await train(['train', clip, '--out', file('whole'), '--config', settings, '--json'])
})

describe('a run', () => {
  it('writes all that it promises', async () => {
    expect(whole.stderr).toMatch(/Training: 9\/9 loss \d/)
    expect(whole.code).toBe(0)
    expect(JSON.parse(whole.stdout)).toMatchObject({ step: STEPS, complete: true, device: 'cpu', frames: 30 })
    const config = JSON.parse(readFileSync(file('whole', 'config.json'), 'utf8'))
    expect(config).toMatchObject({
      version: 1,
      data: { sources: [clip], gap: [4, 48] },
      optimiser: { betas: [0.9, 0.95] },
      previews: { every: 4 },
    })
    const lines = metrics('whole')
    expect(lines.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(lines[0]).toMatchObject({ learningRate: 0 })
    expect(lines[2]!.learningRate).toBeCloseTo((0.05 * 8) / 256, 12)
    for (const line of lines)
      expect(Object.keys(line)).toEqual([
        'step',
        'loss',
        'gradientNorm',
        'learningRate',
        'pairsPerSecond',
        'secondsWaiting',
      ])
    expect(checkpoints('whole').slice(-2)).toEqual([name(8), name(9)])
    expect(checkpoints('whole').length).toBeLessThanOrEqual(3)
    expect(readdirSync(file('whole', 'previews'))).toEqual(['step-00000004.png', 'step-00000008.png'])
    const picture = await sharp(file('whole', 'previews', 'step-00000008.png')).metadata()
    expect(picture.width).toBeGreaterThan(4 * 192)
    const card = readFileSync(file('whole', 'training-card.md'), 'utf8')
    expect(card).toMatch(/test\.mp4 .*CC0 \(LICENSE\.txt\)/)
    expect(card).toMatch(/9 of 9 steps, 72 pairs/)
    expect(card).toMatch(/Started from random weights\. Licence: that of the footage below\./)
  })

  it.concurrent('stopped half-way and resumed gives the same bits', async () => {
    const half = await train(start('half', '--stop-at', '5'))
    expect(half.code).toBe(0)
    expect(half.stdout).toMatch(/Stopped after 5 of 9 steps.*\n.*step-00000005.*\n.*--resume/)
    expect((await train(resume('half'))).code).toBe(0)
    expectSameAsWhole('half')
  })

  it.concurrent('killed in the middle and resumed gives the same bits', async () => {
    const killed = await train(start('killed'), { interruptAt: /step 7 /, signal: 'SIGKILL' })
    expect(killed.code).toBeNull()
    expect(existsSync(file('killed', 'run.lock'))).toBe(true)
    await writeFile(file('killed', 'checkpoints', `.${name(8)}.0123456789ab.tmp`), 'half')
    const resumed = await train(resume('killed'))
    expect(resumed.stderr).toMatch(/steps [468] to 9/)
    expect(resumed.code).toBe(0)
    expectSameAsWhole('killed')
    expect(readdirSync(file('killed', 'checkpoints')).filter((entry) => entry.startsWith('.'))).toEqual([])
  })

  it.concurrent('Ctrl-C writes a checkpoint, and the run goes on from there', async () => {
    const stopped = await train(start('stopped'), { interruptAt: /step 3 / })
    expect(stopped.code).toBe(130)
    expect(stopped.stdout).toMatch(/Stopped after \d of 9 steps/)
    const last = metrics('stopped').at(-1)!.step!
    expect(checkpoints('stopped').at(-1)).toBe(name(last))
    expect(existsSync(file('stopped', 'run.lock'))).toBe(false)
    expect((await train(resume('stopped'))).code).toBe(0)
    expectSameAsWhole('stopped')
  })

  it('goes on for longer when asked, and says when nothing is left to do', async () => {
    cpSync(file('whole'), file('longer'), { recursive: true })
    const done = await train(resume('longer'))
    expect(done.code).toBe(2)
    expect(done.stderr).toMatch(
      /has done 9 steps; to go on, resume it with a larger schedule\.steps \(--steps\)/,
    )
    expect((await train(resume('longer', '--steps', '10'))).code).toBe(0)
    expect(metrics('longer')).toHaveLength(10)
  })

  it('refuses a second process', async () => {
    const first = train(start('busy', '--steps', '100000'), { interruptAt: /is in use/ })
    for (let i = 0; i < 200 && !existsSync(file('busy', 'config.json')); i++)
      await new Promise((done) => setTimeout(done, 50))
    const second = await train(resume('busy'))
    expect(second.code).toBe(1)
    expect(second.stderr).toMatch(/busy is in use by process \d+/)
    const { pid } = JSON.parse(readFileSync(file('busy', 'run.lock'), 'utf8'))
    process.kill(pid, 'SIGINT')
    expect((await first).code).toBe(130)
  })
})

describe('what goes wrong in a run', () => {
  it('a loss that is not a number: stops at once and keeps the last good checkpoint', async () => {
    const absurd = file('absurd.json')
    await writeFile(absurd, JSON.stringify({ ...TINY, optimiser: { learningRate: 1e8 } }))
    const result = await train(['train', clip, '--out', file('absurd'), '--config', absurd, '--steps', '50'])
    expect(result.code).toBe(1)
    expect(result.stderr).toMatch(
      /Error: The loss is not a number any more at step \d+, with the learning rate \d.*optimiser\.learningRate/,
    )
    for (const entry of existsSync(file('absurd', 'checkpoints')) ? checkpoints('absurd') : [])
      await readSiamMae(file('absurd', 'checkpoints', entry))
  })

  it('a damaged checkpoint: says which, and which one to go back to', async () => {
    cpSync(file('whole'), file('damaged'), { recursive: true })
    const last = file('damaged', 'checkpoints', name(9))
    await truncate(last, 20_000)
    const result = await train(resume('damaged', '--steps', '10'))
    expect(result.code).toBe(1)
    expect(result.stderr).toMatch(
      /Error: .*step-00000009\.safetensors is not a sound safetensors file.*To go on from step 8 instead, delete it/,
    )
    await rm(last)
    expect((await train(resume('damaged'))).code).toBe(0)
    expectSameAsWhole('damaged')
  })

  it('changed settings or clips: refused by name', async () => {
    cpSync(file('half'), file('changed'), { recursive: true })
    const batch = await train(resume('changed', '--steps', '12', '--batch', '2'))
    expect(batch.code).toBe(2)
    expect(batch.stderr).toMatch(/Error: batch is 2, and the run was started with 4/)
    const both = await train(resume('changed', '--out', file('elsewhere')))
    expect(both.stderr).toMatch(/--resume and --out cannot go together/)
    const clips = file('changed', 'clips.json')
    await writeFile(clips, readFileSync(clips, 'utf8').replace('sha256:', 'sha256:0'))
    const other = await train(resume('changed', '--steps', '12'))
    expect(other.code).toBe(1)
    expect(other.stderr).toMatch(/Error: The clips are not those that the run began with: .*test\.mp4/)
  })

  it('a wrong setting: says which before anything is made', async () => {
    await writeFile(file('bad.json'), JSON.stringify({ optimizer: {} }))
    const result = await train(['train', clip, '--out', file('bad'), '--config', file('bad.json')])
    expect(result.code).toBe(2)
    expect(result.stderr).toMatch(/bad\.json: optimizer \(\{\}\) is not a setting/)
    expect(existsSync(file('bad'))).toBe(false)
  })

  it('no usable video: says so and leaves the folder free', async () => {
    await writeFile(file('text.mp4'), 'no video')
    const result = await train(['train', file('text.mp4'), '--out', file('none'), '--config', settings])
    expect(result.code).toBe(1)
    expect(result.stderr).toMatch(/Error: .*text\.mp4/)
    expect(readdirSync(file('none'))).toEqual([])
  })

  it('a batch that no memory holds: says which would fit', async () => {
    await writeFile(file('large.json'), JSON.stringify({ model: { size: 'Ti', patch: 8 }, batch: 60_000 }))
    const result = await train([
      ...['train', clip, '--out', file('large'), '--config', file('large.json'), '--device', 'cpu'],
    ])
    expect(result.code).toBe(1)
    expect(result.stderr).toMatch(
      /Error: A step with a batch of 60000 needs about \d+.* GB of memory.*the settings batch \d+ and accumulate \d+ keep .* \(--batch, --accumulate\)\./,
    )
    expect(readdirSync(file('large'))).toEqual([])
  })

  it('a folder that holds a run already', async () => {
    const result = await train(start('whole'))
    expect(result.code).toBe(1)
    expect(result.stderr).toMatch(
      /holds a run already\. Resume it, or choose another folder \(--resume \S+, --out\)/,
    )
  })
})

describe('checkpoints of a run as models', () => {
  const checkpoint = file('whole', 'checkpoints', name(STEPS))

  it('start another run, which takes their architecture', async () => {
    await writeFile(
      file('tune.json'),
      JSON.stringify({
        model: { futureRatio: 0.75 },
        data: { shortSide: 48 },
        batch: 4,
        threads: 1,
        previews: { every: 0 },
      }),
    )
    const tune = (init: string, out: string): Promise<CliResult> =>
      train([
        ...['train', clip, '--out', file(out), '--config', file('tune.json'), '--preset', 'finetune'],
        ...['--init', init, '--steps', '2', '--device', 'cpu'],
      ])
    const whole = await tune(checkpoint, 'tuned')
    expect(whole.stderr).not.toMatch(/random weights/)
    expect(whole.code).toBe(0)
    const config = JSON.parse(readFileSync(file('tuned', 'config.json'), 'utf8'))
    expect(config).toMatchObject({
      preset: 'finetune',
      init: { path: checkpoint, licence: 'its footage' },
      model: { imageSize: 32, encoder: { dim: 32 }, decoder: { dim: 16 } },
      optimiser: { layerDecay: 0.75 },
    })
    await siammae(['export', checkpoint, '--safetensors', file('encoder.safetensors')])
    const alone = await tune(file('encoder.safetensors'), 'tuned-encoder')
    expect(alone.stderr).toMatch(/Note: .*encoder alone; the decoder starts from random weights/)
    expect(alone.code).toBe(0)
  })

  it('are exported as they are', async () => {
    const picture = file('picture.png')
    await sharp(readFileSync(join(root, 'media', 'models', 'check.jpg')))
      .resize(64, 48, { fit: 'fill' })
      .toFile(picture)
    const exported = await siammae([
      ...['export', checkpoint, '--onnx', file('encoder.onnx'), '--size', '48x64'],
      ...['--safetensors', file('encoder.safetensors')],
    ])
    expect(exported.code).toBe(0)
    expect((await readEncoder(file('encoder.safetensors'))).hash).toBe((await readEncoder(checkpoint)).hash)
    const features = file('features.safetensors')
    await siammae([...['features', picture, '--model', checkpoint, '--out', features], '--device', 'cpu'])
    const expected = values(await readSafetensors(features), 'tokens')
    const session = await InferenceSession.create(file('encoder.onnx'), QUIET)
    const pixels = await sharp(picture).raw().toBuffer()
    const { tokens } = await session.run({ image: new Tensor('uint8', new Uint8Array(pixels), [48, 64, 3]) })
    expectClose(tokens!.data as Float32Array, expected, 1e-4)
    const refused = await siammae(['export', checkpoint, '--onnx', file('x.onnx'), '--size', '50'])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(/--size "50" must be a multiple of the patch, 8 pixels/)
  })

  it('have their features read behind the blocks that one asks for', async () => {
    const out = file('early.safetensors')
    const early = await siammae(['export', checkpoint, '--safetensors', out, '--feature-blocks', '1'])
    expect(early.code).toBe(0)
    expect((await readEncoder(out)).config).toMatchObject({ featureBlocks: 1 })
    await siammae(['export', out, '--safetensors', file('final.safetensors'), '--feature-blocks', '0'])
    const [trained, final] = [await readEncoder(checkpoint), await readEncoder(file('final.safetensors'))]
    expect(trained.config.featureBlocks).toBe(trained.config.depth)
    expect(final.config).toEqual({ ...trained.config, featureBlocks: undefined })
    for (const [parameter, numbers] of trained.parameters)
      expectClose(final.parameters.get(parameter)!, numbers, 0)
    const refused = await siammae(['export', checkpoint, '--safetensors', out, '--feature-blocks', '9'])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(/--feature-blocks "9" must be a whole number from 0 to \d, the blocks/)
  })

  it('are exported whole', async () => {
    const out = file('whole.safetensors')
    const result = await siammae([
      ...['export', checkpoint, '--whole', '--safetensors', out, '--onnx', file('whole.onnx')],
    ])
    expect(result.code).toBe(0)
    const [before, after] = [await readSiamMae(checkpoint), await readSiamMae(out)]
    expect(after.config).toEqual(before.config)
    for (const [parameter, numbers] of before.parameters)
      expectClose(after.parameters.get(parameter)!, numbers, 0)
    const session = await InferenceSession.create(file('whole.onnx'), QUIET)
    expect(session.inputNames).toContain('future_keep')
    expect(session.outputNames).toEqual(['prediction', 'latent_future', 'loss'])
  })

  it('draw a preview of any pair', async () => {
    const out = file('preview.png')
    const preview = (frames: string): Promise<CliResult> =>
      siammae(['preview', checkpoint, clip, '--frames', frames, '--out', out, '--device', 'cpu'])
    const result = await preview('0,20')
    expect(result.stdout).toMatch(/loss \d\.\d+ on cpu/)
    expect((await sharp(out).metadata()).width).toBeGreaterThan(4 * 192)
    expect((await preview('0,30')).stderr).toMatch(/--frames "30" must be a whole number from 0 to 29/)
  })
})

const small = file('small-disk')
const mounted =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('sh', ['-c', `mkdir -p ${small} && mount -t tmpfs -o size=4m tmpfs ${small}`]).status === 0
afterAll(() => {
  if (mounted) spawnSync('umount', [small])
})

describe('a full disk', () => {
  it.skipIf(!mounted)('the checkpoint before stays good [needs root to mount one]', async () => {
    const run = join(small, 'run')
    const half = await train([...['train', clip, '--out', run, '--config', settings], '--stop-at', '2'])
    expect(half.code).toBe(0)
    const { bavail, bsize } = statfsSync(small)
    await writeFile(join(small, 'ballast'), Buffer.alloc(bavail * bsize - 200_000))
    const full = await train(['train', '--resume', run])
    expect(full.code).toBe(1)
    expect(full.stderr).toMatch(
      /Error: Cannot write .*step-00000004\.safetensors: the disk is full; free some space and run again\. The checkpoint before it, step-00000002\.safetensors, is whole/,
    )
    expect(readdirSync(join(run, 'checkpoints'))).toEqual([name(2)])
    await rm(join(small, 'ballast'))
    expect((await train(['train', '--resume', run])).code).toBe(0)
    expect(readFileSync(join(run, 'checkpoints', name(STEPS))).equals(bytes('whole', STEPS))).toBe(true)
  })
})
