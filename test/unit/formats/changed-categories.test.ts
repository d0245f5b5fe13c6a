/** The kind of an object that another program has changed in an export: it is read, and never replaced. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AnnotationDocument } from '../../../model/annotation/index.ts'
import { formats } from '../../../model/formats/index.ts'
import { contextFor, exampleDocument, point, pose, set } from './documents.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'changed-categories-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

type Item = Record<string, unknown>

async function rewrite(id: string, change: (content: Record<string, Item[]>) => void): Promise<void> {
  const path = join(folder, `${id}.json`)
  const content = JSON.parse(await readFile(path, 'utf8'))
  change(content)
  await writeFile(path, JSON.stringify(content))
}

const labelOf = (document: AnnotationDocument, object: number) =>
  document.labels.get(document.objects.get(object)!.labelId)!

describe.each(['youtube-vis', 'coco'] as const)('a category that was changed in a %s file', (id) => {
  /** Gives what was exported of object 2 another category. */
  const move = (to: number, content: Record<string, Item[]>) => {
    const second = content.annotations![1]!
    for (const one of content.annotations!)
      if (id === 'coco' ? one.track_id === second.track_id : one === second) one.category_id = to
  }

  it('is the label of the object, whose masks keep their states', async () => {
    const document = exampleDocument()
    await formats[id].write(document, contextFor(folder))
    await rewrite(id, (content) => {
      content.categories!.push({ id: 90, name: 'bus' })
      move(90, content)
    })
    const back = await formats[id].read(folder)
    expect(labelOf(back, 2)).toMatchObject({ name: 'bus', colour: expect.stringMatching(/^#[0-9a-f]{6}$/) })
    expect(labelOf(back, 1)).toEqual(labelOf(document, 1))
    expect(back.objects.get(2)?.name).toBe('blue car')
    expect(back.entry(2, 3)).toEqual(document.entry(2, 3))
  })

  it('is a label of the record where that has one of the name', async () => {
    const document = exampleDocument()
    document.apply({ kind: 'putLabel', label: { id: 9, name: 'bus', colour: '#123456' } })
    await formats[id].write(document, contextFor(folder))
    await rewrite(id, (content) => {
      content.categories!.push({ id: 90, name: 'bus' })
      move(90, content)
    })
    expect(labelOf(await formats[id].read(folder), 2)).toEqual(document.labels.get(9))
  })

  it('is not replaced by an export, which says what it was', async () => {
    await formats[id].write(exampleDocument(), contextFor(folder))
    await rewrite(id, (content) => {
      content.categories!.find(({ name }) => name === 'car')!.name = 'vehicle'
    })
    const before = await readFile(join(folder, `${id}.json`), 'utf8')
    const refusal = `The annotations of clip in ${folder} were changed by another program after they were exported (object 1 is "vehicle" and was "car", object 2 is "vehicle" and was "car"), so they are not replaced; move them away, or choose another folder.`
    await expect(formats[id].write(exampleDocument(), contextFor(folder))).rejects.toThrow(refusal)
    const target = { ...contextFor(folder), video: exampleDocument().video }
    await expect(formats[id].checkFolder(target)).rejects.toThrow(refusal)
    expect(await readFile(join(folder, `${id}.json`), 'utf8')).toBe(before)
  })
})

it('a category of poses may get another name: the label has its skeleton, and the poses stay', async () => {
  const document = exampleDocument()
  for (const frame of [0, 1]) set(document, 7, frame, pose(point(1, frame), point(3, 4)))
  await formats.coco.write(document, contextFor(folder))
  await rewrite('coco', ({ categories }) => {
    categories![1]!.name = 'carp'
  })
  const back = await formats.coco.read(folder)
  expect(labelOf(back, 7)).toMatchObject({ name: 'carp', skeleton: { keypoints: ['head', 'tail'] } })
  for (const frame of [0, 1]) expect(back.entry(7, frame)).toEqual(document.entry(7, frame))
})

it('two categories of one id in a YouTube-VIS file are named, as it would be chance what an object is', async () => {
  await formats['youtube-vis'].write(exampleDocument(), contextFor(folder))
  await rewrite('youtube-vis', ({ categories }) => categories!.push({ id: 1, name: 'bus' }))
  await expect(formats['youtube-vis'].read(folder)).rejects.toThrow(
    'categories[1].id: category 1 is there twice',
  )
})
