/** A COCO export whose `track_id`s another program has dropped: no exported object is silently absent for it. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { formats } from '../../../model/formats/index.ts'
import { contextFor, emptyDocument, exampleDocument, point, pose, ring, set } from './documents.ts'

const { coco } = formats

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coco-untracked-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

type Item = Record<string, unknown>
const path = () => join(folder, 'coco.json')
const read = async () => JSON.parse(await readFile(path(), 'utf8'))

async function rewrite(change: (content: Record<string, Item[]>) => void): Promise<void> {
  const content = await read()
  change(content)
  await writeFile(path(), JSON.stringify(content))
}

const KEYFRAME = { state: 'keyframe', occluded: false, mask: ring(4, 4) } as const
const CAR = 1
const FISH = 2
const drop = (one: Item) => {
  delete one.track_id
}
const refusal =
  /cannot be read at line 1, column \d+: annotations\[\d+\]: it has no track_id, and an object that was exported with one is missing, so it is not known which object it is; give back the track_id of the export, or a new one to what was added\.$/

describe('annotations that lost their tracks', () => {
  it('are of the only object of their category that has none', async () => {
    const document = exampleDocument()
    set(document, 7, 0, pose(point(1, 2), point(3, 4)))
    await coco.write(document, contextFor(folder))
    await rewrite(({ annotations }) => annotations!.filter((one) => one.category_id === FISH).forEach(drop))
    const back = await coco.read(folder)
    expect([...back.objects.keys()]).toEqual([1, 2, 7])
    for (const id of back.objects.keys())
      for (const [frame, entry] of back.entries(id)) expect(entry).toEqual(document.entry(id, frame))
  })

  it('get them back from the next export, with what others have added to them', async () => {
    await coco.write(exampleDocument(), contextFor(folder))
    const before = await read()
    await rewrite(({ annotations }) => {
      for (const one of annotations!.filter(({ category_id }) => category_id === FISH)) {
        drop(one)
        one.attributes = { checked: true }
      }
    })
    await coco.write(exampleDocument(), contextFor(folder))
    expect((await read()).annotations).toEqual(
      before.annotations.map((one: Item) =>
        one.category_id === FISH ? { ...one, attributes: { checked: true } } : one,
      ),
    )
  })

  it('are refused where they may be of two objects', async () => {
    const document = emptyDocument()
    set(document, 1, 0, KEYFRAME)
    set(document, 2, 1, KEYFRAME)
    await coco.write(document, contextFor(folder))
    await rewrite(({ annotations }) => annotations!.forEach(drop))
    await expect(coco.read(folder)).rejects.toThrow(refusal)
    await expect(coco.write(document, contextFor(folder))).rejects.toThrow(refusal)
  })

  it('are refused where their object has some of its tracks left, or is of another category', async () => {
    const document = emptyDocument()
    for (const frame of [0, 1]) set(document, 1, frame, KEYFRAME)
    await coco.write(document, contextFor(folder))
    const good = await readFile(path(), 'utf8')
    await rewrite(({ annotations }) => drop(annotations![1]!))
    await expect(coco.read(folder)).rejects.toThrow(refusal)
    await writeFile(path(), good)
    await rewrite(({ annotations, categories }) => {
      categories!.push({ id: 9, name: 'bus' })
      for (const one of annotations!) {
        drop(one)
        one.category_id = 9
      }
    })
    await expect(coco.read(folder)).rejects.toThrow(refusal)
  })

  it('are a new object where every exported one is there', async () => {
    const document = emptyDocument()
    for (const frame of [0, 1]) set(document, 1, frame, KEYFRAME)
    await coco.write(document, contextFor(folder))
    await rewrite(({ annotations }) => {
      annotations!.push({ ...annotations![0], id: 50, category_id: CAR, track_id: undefined })
    })
    const back = await coco.read(folder)
    expect([...back.objects.keys()]).toEqual([1, 2])
    expect(back.frames(2)).toEqual([0])
  })

  it('which got other numbers instead are new objects, and nothing is said of those that were exported', async () => {
    await coco.write(exampleDocument(), contextFor(folder))
    await rewrite(({ annotations }) => {
      for (const one of annotations!) if (one.track_id === 1) one.track_id = 900
    })
    const back = await coco.read(folder)
    const [renumbered] = [...back.objects.keys()].filter((id) => ![1, 2, 7].includes(id))
    expect(back.frames(1)).toEqual([])
    expect(back.entry(renumbered!, 0)).toMatchObject({ state: 'keyframe', mask: ring(4, 4) })
    expect(back.entry(2, 0)).toEqual(exampleDocument().entry(2, 0))
  })
})
