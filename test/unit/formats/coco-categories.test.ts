/** Labels as categories, which a COCO file tells by their names: one name has one skeleton. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AnnotationDocument, Label } from '../../../model/annotation/index.ts'
import { formats } from '../../../model/formats/index.ts'
import { contextFor, emptyDocument, video as exampleVideo, ring, set } from './documents.ts'

const { coco } = formats

let root: string
let folder: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'coco-categories-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'case-'))
})

const path = () => join(folder, 'coco.json')
const read = async () => JSON.parse(await readFile(path(), 'utf8'))

describe('categories of a COCO file', () => {
  const fish: Label = { id: 2, name: 'fish', colour: '#ff8000' }
  const withSkeleton = (keypoints: string[], edges: [number, number][] = []): Label => ({
    ...fish,
    skeleton: { keypoints, edges },
  })
  /** A masked object with this label. */
  function documentWith(label: Label, hash = 'sha256:12ab'): AnnotationDocument {
    const document = emptyDocument({ ...exampleVideo, hash })
    document.apply({ kind: 'putLabel', label })
    set(document, 7, 0, { state: 'keyframe', occluded: false, mask: ring(4, 4) })
    return document
  }
  const write = (label: Label, sequence = 'clip') =>
    coco.write(documentWith(label, `sha256:${sequence}`), contextFor(folder, { sequence }))

  it('of the same name and another skeleton is refused, beforehand too, and nothing is changed', async () => {
    await write(withSkeleton(['a', 'b'], [[0, 1]]))
    await write(withSkeleton(['a', 'b'], [[1, 0]]), 'same')
    const before = await readFile(path(), 'utf8')
    const { video } = documentWith(fish)
    for (const other of [withSkeleton(['b', 'a'], [[0, 1]]), withSkeleton(['a', 'b']), withSkeleton(['a'])]) {
      const refusal = `The category "fish" in ${path()} has another skeleton than the label of this name, so nothing can be added to it; rename the label, give it that skeleton, or choose another folder.`
      await expect(write(other, 'third')).rejects.toThrow(refusal)
      const target = { folder, sequence: 'third', video, labels: [other] }
      await expect(coco.checkFolder(target)).rejects.toThrow(refusal)
    }
    expect(await readFile(path(), 'utf8')).toBe(before)
    // Without a skeleton nothing is said against it, and its annotations have keypoints that nobody marked.
    await write(fish, 'third')
    expect((await read()).annotations.at(-1)!.keypoints).toEqual([0, 0, 0, 0, 0, 0])
    expect((await coco.read(folder, { sequence: 'third' })).labels.get(2)!.skeleton).toBeUndefined()
  })

  it('of no other video follows its label', async () => {
    await write(withSkeleton(['a']))
    await write(withSkeleton(['a', 'b'], [[0, 1]]))
    const [category] = (await read()).categories
    expect(category).toMatchObject({ id: 1, keypoints: ['a', 'b'], skeleton: [[1, 2]] })
    await write(fish)
    expect((await read()).categories).toEqual([{ id: 1, name: 'fish', supercategory: '' }])
  })

  it('labels of one name share one, unless their skeletons differ', async () => {
    const document = documentWith(withSkeleton(['a']))
    const add = (label: Label) => {
      document.apply({ kind: 'putLabel', label })
      document.apply({ kind: 'putObject', object: { id: 3, name: 'other', labelId: label.id } })
      set(document, 3, 0, { state: 'keyframe', occluded: false, mask: ring(8, 4) })
    }
    add({ ...withSkeleton(['a']), id: 8 })
    await coco.write(document, contextFor(folder))
    expect((await read()).categories).toHaveLength(1)
    expect((await coco.read(folder)).objects.get(3)!.labelId).toBe(8)
    document.apply({ kind: 'putLabel', label: { ...withSkeleton(['b']), id: 8 } })
    await expect(coco.write(document, contextFor(folder))).rejects.toThrow(
      'Two labels are called "fish" but have different skeletons, and COCO knows labels by their names; rename one of them.',
    )
  })

  it('that nobody uses yet is kept as others made it', async () => {
    const kept = [{ id: 3, name: 'fish', keypoints: ['a'], skeleton: [] }]
    await writeFile(path(), JSON.stringify({ images: [], annotations: [], categories: kept }))
    await expect(write(withSkeleton(['b']))).rejects.toThrow('has another skeleton')
    await write(withSkeleton(['a']))
    expect((await read()).categories).toEqual(kept)
  })
})
