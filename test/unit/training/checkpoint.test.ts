import { mkdtempSync } from 'node:fs'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import {
  type Checkpoint,
  checkpointName,
  latestCheckpoint,
  listCheckpoints,
  readCheckpoint,
  writeCheckpoint,
} from '../../../model/training/checkpoint.ts'
import { resolveRunConfig } from '../../../model/training/run-config.ts'
import { startState } from '../../../model/training/train-step.ts'
import {
  readEncoder,
  readSafetensors,
  type StoredTensor,
  writeSafetensors,
  writeSiamMae,
} from '../../../model/weights/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'siammae-checkpoint-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

const config = resolveRunConfig('pretrain', [
  {
    name: 'test',
    settings: {
      model: {
        imageSize: 32,
        encoder: { patch: 8, dim: 16, depth: 1, heads: 2 },
        decoder: { dim: 16, depth: 1, heads: 2 },
        futureRatio: 0.75,
      },
      checkpoints: { every: 1, keep: 2 },
    },
  },
])

function checkpoint(step: number, smoothedLoss: number | undefined): Checkpoint {
  const start = startState(config.model, step)
  for (const moments of [start.first, start.second])
    for (const values of moments.values()) values.set(values.map((_, i) => Math.sin(i + step)))
  return { state: { ...start, step }, config, smoothedLoss }
}

/** A checkpoint with another metadata entry or tensor. */
async function altered(
  name: string,
  change: (file: { metadata: Record<string, string>; tensors: Map<string, StoredTensor> }) => unknown,
): Promise<string> {
  const written = await writeCheckpoint(join(folder, name), checkpoint(1, 1))
  const file = await readSafetensors(written)
  const metadata = { ...file.metadata }
  const tensors = new Map(file.tensors)
  change({ metadata, tensors })
  await writeSafetensors(written, { tensors, metadata })
  return written
}

describe('a checkpoint', () => {
  it('comes back with the same bits', async () => {
    const written = checkpoint(12, 0.1 + 0.2)
    const path = await writeCheckpoint(join(folder, 'same'), written)
    expect(path.endsWith('step-00000012.safetensors')).toBe(true)
    expect(await readCheckpoint(path)).toEqual(written)
    expect(await latestCheckpoint(join(folder, 'same'))).toEqual(written)
  })

  it('is an encoder file too', async () => {
    const path = await writeCheckpoint(join(folder, 'encoder'), checkpoint(3, 1))
    expect(await readEncoder(path)).toMatchObject({ trained: true, config: config.model.encoder })
  })

  it('the last ones and the best are kept', async () => {
    const kept = join(folder, 'kept')
    for (const [index, loss] of [undefined, 5, 2, 4, 3, 2.5].entries())
      await writeCheckpoint(kept, checkpoint(index, loss))
    expect((await listCheckpoints(kept)).map(({ step }) => step)).toEqual([2, 4, 5])
    expect(await readdir(kept)).toHaveLength(3)
  })

  it('is missing where nothing was written yet', async () => {
    expect(await latestCheckpoint(join(folder, 'nothing'))).toBeUndefined()
  })
})

describe('what is no checkpoint of this program', () => {
  it('another version', async () => {
    const path = await altered('version', ({ metadata }) =>
      Object.assign(metadata, { 'siammae.checkpoint': '2' }),
    )
    await expect(readCheckpoint(path)).rejects.toThrow(
      /written by another version .*format 2, this one knows 1.*start a new run from it\.$/,
    )
  })

  it('a model without an optimiser', async () => {
    const path = join(folder, 'model.safetensors')
    const { parameters } = startState(config.model, 0)
    await writeSiamMae(path, { config: config.model, parameters, trained: true })
    await expect(readCheckpoint(path)).rejects.toMatchObject({
      message: expect.stringMatching(
        /a model without the state of its optimiser.*Start a new run from it\.$/,
      ),
      flags: '--init',
    })
  })

  it('a tensor of another shape, a missing moment', async () => {
    const shape = await altered('shape', ({ tensors }) => {
      const { dtype, bytes } = tensors.get('norm.weight')!
      tensors.set('norm.weight', { dtype, shape: [4, 4], bytes })
    })
    await expect(readCheckpoint(shape)).rejects.toThrow(
      /norm\.weight has the shape \[4,4\] where .* needs \[16\]/,
    )
    const moment = await altered('moment', ({ tensors }) => tensors.delete('adam.first.norm.bias'))
    await expect(readCheckpoint(moment)).rejects.toThrow(/no tensor adam\.first\.norm\.bias/)
  })

  it('settings that cannot be', async () => {
    const path = await altered('settings', ({ metadata }) =>
      Object.assign(metadata, { 'siammae.run': '{"batch": 0}' }),
    )
    await expect(readCheckpoint(path)).rejects.toThrow(/the settings in its metadata are not sound/)
  })

  it('names the one before a damaged last one', async () => {
    const run = join(folder, 'damaged')
    await writeCheckpoint(run, checkpoint(1, 1))
    await writeFile(join(run, checkpointName(2)), 'nothing that can be read')
    await expect(latestCheckpoint(run)).rejects.toThrow(
      /step-00000002.*To go on from step 1 instead, delete it/,
    )
  })
})
