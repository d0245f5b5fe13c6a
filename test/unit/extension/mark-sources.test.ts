/** Marks of other tools and people are read in the thread, as documents that a merge understands. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { catalogueOf } from '../../../extension/document/snapshot.ts'
import { decodeMask } from '../../../model/annotation/index.ts'
import { encodeIndexedPng, formats } from '../../../model/formats/index.ts'
import { contextFor, emptyDocument, exampleDocument, video } from '../formats/documents.ts'
import { temporaryFolder, threads } from './files.ts'

const folder = temporaryFolder()

describe('marks from elsewhere', () => {
  it('are the sequences of a dataset, the one that is called like the clip first', async () => {
    for (const sequence of ['a', 'clip', 'z'])
      await formats.davis.write(exampleDocument(), contextFor(folder, { sequence }))
    const found = await threads.sequences(folder, { path: '/videos/clip.mp4', frameCount: 8 })
    expect(found.map(({ name }) => name)).toEqual(['clip', 'a', 'z'])
    const { content } = await threads.load({ kind: 'dataset', folder, found: found[0]! })
    expect(content.framesWithEntries().length).toBeGreaterThan(0)
    const empty = join(folder, 'nothing')
    await mkdir(empty)
    await expect(threads.sequences(empty, { path: 'clip.mp4', frameCount: 8 })).rejects.toThrow(
      /holds no dataset that is known/,
    )
  })

  it('are objects by the numbers of a picture, known ones under their names', async () => {
    const file = join(folder, 'mask.png')
    const indices = new Uint8Array(video.width * video.height)
    indices.fill(2, 10, 20)
    indices.fill(9, 30, 35)
    await writeFile(file, encodeIndexedPng({ width: video.width, height: video.height, indices }))
    const catalogue = catalogueOf(emptyDocument())
    const { content } = await threads.load({ kind: 'mask', file, frame: 3, catalogue, objectId: 1 })
    expect(content.objects.get(2)).toMatchObject({ name: 'blue car' })
    expect(content.objects.get(9)).toMatchObject({ name: 'object 9' })
    expect(content.labels.get(content.objects.get(9)!.labelId)).toMatchObject({ name: 'object' })
    for (const id of [2, 9]) {
      const entry = content.entry(id, 3)
      if (entry?.state !== 'keyframe' || !entry.mask) throw new Error('There is no mask.')
      expect([...decodeMask(entry.mask)]).toEqual([...indices].map((value) => Number(value === id)))
    }
  })

  it('are of the selected object where a picture is black and white, of a new one where none is', async () => {
    const file = join(folder, 'white.png')
    const indices = new Uint8Array(video.width * video.height)
    indices.fill(255, 10, 20)
    await writeFile(file, encodeIndexedPng({ width: video.width, height: video.height, indices }))
    const catalogue = catalogueOf(emptyDocument())
    const marked = async (objectId: number | undefined) => {
      const { content } = await threads.load({ kind: 'mask', file, frame: 0, catalogue, objectId })
      return [...content.objects.keys()].filter((id) => content.entry(id, 0) !== undefined)
    }
    expect(await marked(7)).toEqual([7])
    expect(await marked(undefined)).toEqual([3])
  })

  it('are not read on when nobody wants them any more', async () => {
    const found = { format: 'davis', name: 'clip' } as const
    const stop = new AbortController()
    const reading = threads.load({ kind: 'dataset', folder, found }, { signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(reading).rejects.toThrow('enough')
  })
})
