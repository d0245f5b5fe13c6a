/** What a view may ask of the model, and what the host makes of it. */
import { describe, expect, it, test } from 'vitest'
import { readMessage } from '../../../extension/editor/incoming.ts'
import { inspect } from '../../../extension/editor/inspection.ts'
import type { ModelClient } from '../../../extension/model-client/types.ts'
import type { AttentionResult, CorrespondenceResult } from '../../../model/process/index.ts'
import { MOST_MATCHES } from '../../../webview/protocol/index.ts'

const wish = { kind: 'correspondence', reference: 0, x: 12.5, y: 30, frame: 5, topK: 7 } as const

describe('a wish of a view', () => {
  test('is read as it is', () => {
    for (const good of [wish, { kind: 'attention', frame: 3 }, undefined])
      expect(readMessage({ type: 'inspect', id: 1, wish: good })).toEqual({
        message: { type: 'inspect', id: 1, wish: good },
      })
  })

  it.each([
    ['a frame that is no whole number', { ...wish, frame: 1.5 }],
    ['a negative frame', { ...wish, reference: -1 }],
    ['a point nowhere', { ...wish, x: Number.NaN }],
    ['a point far away', { ...wish, y: 1e9 }],
    ['no matches', { ...wish, topK: 0 }],
    ['too many matches', { ...wish, topK: MOST_MATCHES + 1 }],
    ['a field that is not known', { ...wish, model: '/etc/passwd' }],
    ['another kind', { kind: 'weights', frame: 1 }],
    ['text', 'everything'],
  ])('is refused with %s', (_, bad) => {
    expect(readMessage({ type: 'inspect', id: 1, wish: bad })).toMatchObject({
      refused: expect.stringMatching(/^wish/),
    })
  })
})

describe('a look into the model', () => {
  const network = {
    model: { name: 'ViT-S/16', file: '/models/starter.safetensors', trained: true },
    device: 'cpu',
    size: { width: 64, height: 32 },
    grid: { rows: 2, columns: 4 },
  }
  const choice = { file: '/models/starter.safetensors', device: 'auto' }
  const run = { preset: 'siammae', size: 480, changes: {}, featureMemoryMb: 1024 } as const
  const settings = { model: () => choice, run: () => run }
  const clientOf = (calls: Partial<ModelClient>) => ({ client: calls as ModelClient, settings })

  it('asks about the model and the settings of runs, and gives numbers in memory of their own', async () => {
    const asked: unknown[] = []
    // Numbers that lie within the memory of a whole message, as they come from another process.
    const message = new Float32Array(100)
    const result: CorrespondenceResult = {
      network,
      patch: { row: 1, column: 2 },
      similarity: message.subarray(8, 16),
      matches: [{ row: 0, column: 3, similarity: 0.5 }],
    }
    const services = clientOf({
      inspectCorrespondence: async (request) => {
        asked.push(request)
        return result
      },
    })
    const answer = await inspect(services, '/clip.mp4', 'view 3', true, wish)
    const { kind: _, ...wanted } = wish
    expect(asked).toEqual([{ ...wanted, view: 'view 3', clip: '/clip.mp4', model: choice, settings: run }])
    if (answer.kind !== 'correspondence') throw new Error(answer.kind)
    expect(answer.similarity).toHaveLength(8)
    expect(answer.similarity.buffer.byteLength).toBe(32)
    expect(answer).toMatchObject({ patch: result.patch, matches: result.matches })
    expect(answer.network).toEqual({
      model: 'starter.safetensors',
      architecture: 'ViT-S/16',
      device: 'cpu',
      width: 64,
      height: 32,
      rows: 2,
      columns: 4,
    })
  })

  it('gives attention head by head', async () => {
    const [maps, mean, onPatches] = [new Float32Array(24), new Float32Array(8), new Float32Array(3)]
    const result: AttentionResult = { network, heads: 3, maps, mean, onPatches }
    const services = clientOf({ inspectAttention: async () => result })
    const answer = await inspect(services, '/clip.mp4', 'view 3', true, { kind: 'attention', frame: 2 })
    expect(answer).toMatchObject({ kind: 'attention', heads: 3, maps, mean, onPatches })
  })

  it('says when a newer one took its place', async () => {
    const services = clientOf({ inspectCorrespondence: async () => undefined })
    expect(await inspect(services, '/clip.mp4', 'view 3', true, wish)).toEqual({ kind: 'overtaken' })
  })

  it('runs nothing in a workspace that is not trusted, and says so', async () => {
    // No call is there that could be made.
    const looked = inspect(clientOf({}), '/clip.mp4', 'view 3', false, wish)
    await expect(looked).rejects.toThrow(
      /^Models do not run in a workspace that is not trusted; trust it to look into the model\.$/,
    )
  })
})
