/** Protects: what a panel may say, what is read of a run, and what the form's few choices become. */
import { mkdtempSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { evaluationView, readEvaluation } from '../../../extension/training/evaluation-file.ts'
import { readPreviews, readSteps } from '../../../extension/training/history.ts'
import { readDashboardMessage } from '../../../extension/training/incoming.ts'
import { requestOf, runName, startOf, stepsOf } from '../../../extension/training/request.ts'
import { resolveRunConfig } from '../../../model/training/index.ts'
import { DASHBOARD_ACTIONS, LENGTHS } from '../../../webview/protocol/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'siammae-parts-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('messages of the panel', () => {
  it.each(DASHBOARD_ACTIONS.map((action) => [action]))('lets %s pass', (action) => {
    const message = { type: 'act', action }
    expect(readDashboardMessage(message)).toEqual({ message })
  })

  it.each([
    [{ type: 'change', form: { length: 'short', start: 'starter', device: 'cpu' } }],
    [{ type: 'removeFootage', path: '/a.mp4' }],
    [{ type: 'openPreview', step: 40 }],
    [{ type: 'log', level: 'error', text: 'x' }],
  ])('lets %j pass', (message) => {
    expect(readDashboardMessage(message)).toEqual({ message })
  })

  it.each([
    [undefined],
    ['ready'],
    [{ type: 'act', action: 'rm' }],
    [{ type: 'act', action: 'start', more: 1 }],
    [{ type: 'change', form: { length: 'endless' } }],
    [{ type: 'change', form: { footage: ['/etc'] } }],
    [{ type: 'openPreview', step: -1 }],
    [{ type: 'openPreview', step: 1.5 }],
    [{ type: 'wantCurve', folder: '' }],
    [{ type: 'log', level: 'error', text: 'x'.repeat(20_001) }],
  ])('refuses %j', (message) => {
    expect(readDashboardMessage(message)).toHaveProperty('refused')
  })
})

describe('what a run has written', () => {
  const line = (step: number, more = '') =>
    JSON.stringify({ step, loss: 1 / step, gradientNorm: 1, learningRate: 0.1, pairsPerSecond: 2 }) + more

  it('is its steps, each once and in order, cut lines left out', async () => {
    const run = join(folder, 'run')
    await mkdir(run)
    await writeFile(
      join(run, 'metrics.jsonl'),
      [line(1), line(2), '{"step": 3, "lo', line(3), line(2), line(4), ''].join('\n'),
    )
    expect((await readSteps(run)).map(({ step }) => step)).toEqual([1, 2, 3, 4])
  })

  it('is thinned out where it is long, with its last step', async () => {
    const run = join(folder, 'long')
    await mkdir(run)
    const lines = Array.from({ length: 10_001 }, (_, at) => line(at + 1))
    await writeFile(join(run, 'metrics.jsonl'), lines.join('\n'))
    const steps = await readSteps(run, 500)
    expect(steps.length).toBeLessThanOrEqual(502)
    expect(steps.at(-1)!.step).toBe(10_001)
  })

  it('is nothing where there is no run', async () => {
    expect(await readSteps(join(folder, 'none'))).toEqual([])
    expect(await readPreviews(join(folder, 'none'))).toEqual([])
  })

  it('is its previews by their steps, and no other file', async () => {
    const previews = join(folder, 'seen', 'previews')
    await mkdir(previews, { recursive: true })
    for (const name of ['step-00000100.png', 'step-00000020.png', 'notes.txt', '.step-1.png.tmp'])
      await writeFile(join(previews, name), '')
    expect((await readPreviews(join(folder, 'seen'))).map(({ step }) => step)).toEqual([20, 100])
  })

  it('is an earlier evaluation, unless that is damaged', () => {
    const scores = { jf: 0.5, j: 0.5, f: 0.5, pck10: undefined, pck20: undefined }
    const evaluation = {
      models: ['a', 'b'],
      device: 'cpu',
      clips: [{ name: 'c', sidecar: '/c.siam.json', keyframes: 2, scores: [scores, scores] }],
      overall: [scores, scores],
      skipped: [{ path: '/d.siam.json', reason: 'd.siam.json has no keyframes.' }],
    }
    const whole = evaluationView(evaluation, 100)
    expect(whole).toMatchObject({ step: 100, skipped: ['d.siam.json has no keyframes.'] })
    expect(readEvaluation(JSON.stringify(whole))).toEqual(whole)
    // From before the step was written down.
    expect(readEvaluation(JSON.stringify({ ...whole, step: undefined }))?.step).toBeUndefined()
    expect(readEvaluation('{"models": 3}')).toBeUndefined()
    expect(readEvaluation('{"mod')).toBeUndefined()
  })
})

describe('the form', () => {
  const choices = { footage: ['/clips'], start: 'starter', length: 'medium', device: 'cpu' } as const

  it('becomes settings that are whole and sound', () => {
    const { layers } = requestOf(choices, undefined, 3)
    const config = resolveRunConfig(
      'finetune',
      layers.map(({ name, settings }) => ({ name, settings: { ...settings } })),
    )
    expect(config).toMatchObject({ device: 'cpu', schedule: { steps: LENGTHS.medium, warmupSteps: 20 } })
    // A step of 3 s: a checkpoint every 4 minutes, a dozen pictures over all.
    expect(config.checkpoints.every).toBe(80)
    expect(config.previews.every).toBe(Math.round(LENGTHS.medium / 12))
  })

  it('is outdone by All Settings', () => {
    const settings = { name: 'settings.siam-train.json', settings: { schedule: { steps: 24 }, batch: 2 } }
    const { layers } = requestOf(choices, settings, 0.1)
    const config = resolveRunConfig(
      'finetune',
      layers.map((layer) => ({ name: layer.name, settings: { ...layer.settings } })),
    )
    expect(config).toMatchObject({ batch: 2, schedule: { steps: 24 }, checkpoints: { every: 6 } })
    expect(stepsOf('long', settings.settings)).toBe(24)
    expect(stepsOf('long', { schedule: { steps: 'many' } })).toBe(LENGTHS.long)
  })

  it('starts from the starter, from nothing, or from a file', () => {
    expect(startOf('starter')).toEqual({ kind: 'starter' })
    expect(startOf('random')).toEqual({ kind: 'random' })
    expect(startOf('/m.safetensors')).toEqual({ kind: 'file', file: '/m.safetensors' })
  })

  it('names a run by the day and its footage, and never like another one', () => {
    const day = new Date(2026, 10, 26)
    const taken = new Set<string>()
    const name = (path: string) => {
      const made = runName([path], day, (one) => taken.has(one))
      taken.add(made)
      return made
    }
    expect(name('/clips/Koi pond (1).mp4')).toBe('2026-11-26-Koi-pond-1')
    expect(name('/clips/Koi pond (1).mp4')).toBe('2026-11-26-Koi-pond-1-2')
    expect(name('/clips/锦鲤/')).toBe('2026-11-26-锦鲤')
    expect(name('/clips/....')).toBe('2026-11-26-run')
  })
})
