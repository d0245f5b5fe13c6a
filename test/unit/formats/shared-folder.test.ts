/** Several exports into one dataset folder: none may cost another its sequence, one after the other or at once. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AnnotationDocument, VideoReference } from '../../../model/annotation/index.ts'
import { CancelledError } from '../../../model/errors.ts'
import { type ExportContext, type ExportPicture, formats } from '../../../model/formats/index.ts'
import { contextFor, emptyDocument, ring, video } from './documents.ts'

let root: string
let folder: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'shared-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))
beforeEach(async () => {
  folder = join(await mkdtemp(join(root, 'case-')), 'out')
})

/** A car on frame 0 of a video. */
function documentOf(changes: Partial<VideoReference> = {}, x = 4): AnnotationDocument {
  const document = emptyDocument({ ...video, ...changes })
  const entry = { state: 'keyframe', occluded: false, mask: ring(x, 4) } as const
  document.apply({ kind: 'setEntry', objectId: 1, frame: 0, entry })
  return document
}

/** Every file of the folder with its content and its time; what is being built aside does not count. */
async function state(): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const seen = paths.filter((path) => !relative(folder, path).startsWith('.'))
  const files = seen.map(async (path) => {
    const content = await readFile(path, 'base64')
    return [relative(folder, path), `${(await stat(path)).mtimeMs} ${content}`]
  })
  return Object.fromEntries(await Promise.all(files))
}

/** A wait that the test ends, and whether it was come to. */
function gate() {
  let open = () => {}
  let reach = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const reached = new Promise<void>((resolve) => {
    reach = resolve
  })
  async function* pictures(): AsyncIterable<ExportPicture> {
    reach()
    await opened
    const { width, height } = video
    for (let index = 0; index < video.frameCount; index++)
      yield { index, width, height, data: new Uint8Array(width * height * 3) }
  }
  return { open, reached, pictures }
}

describe.each(['davis', 'youtube-vis', 'coco'] as const)('a %s folder', (id) => {
  const format = formats[id]
  const first = { path: '../session1/video.mp4', hash: 'sha256:aa' }
  const second = { path: '../session2/video.mp4', hash: 'sha256:bb' }
  const context = (changes: Partial<ExportContext> = {}) =>
    contextFor(folder, { sequence: 'video', ...changes })

  it('refuses another video of the same name, beforehand and when it is written', async () => {
    await format.write(documentOf(first), context())
    const before = await state()
    const other = documentOf(second, 6)
    const sentence = `${folder} holds a sequence video of another video (../session1/video.mp4), so it is not replaced; choose another folder, or rename the video.`
    await expect(format.write(other, context())).rejects.toThrow(sentence)
    await expect(format.checkFolder({ folder, sequence: 'video', video: other.video })).rejects.toThrow(
      sentence,
    )
    expect(await state()).toEqual(before)
    await format.write(other, context({ sequence: 'video2' }))
    const kept = await format.read(folder, { sequence: 'video' })
    expect(kept.entry(1, 0)).toEqual(documentOf(first).entry(1, 0))
  })

  it('takes the same video again, wherever its file is now', async () => {
    await format.write(documentOf(first), context())
    const moved = documentOf({ ...first, path: '/elsewhere/renamed.mp4' }, 6)
    await format.checkFolder({ folder, sequence: 'video', video: moved.video })
    await format.write(moved, context())
    const back = await format.read(folder)
    expect(back.video.path).toBe('/elsewhere/renamed.mp4')
    expect(back.entry(1, 0)).toEqual(moved.entry(1, 0))
  })

  it('goes by size and length where the content is not known', async () => {
    await format.write(documentOf({ ...first, hash: '' }), context())
    const longer = documentOf({ ...second, frameCount: video.frameCount + 1 }, 6)
    await expect(format.write(longer, context())).rejects.toThrow('of another video (../session1/video.mp4)')
    await format.write(documentOf(second, 6), context())
    await format.write(documentOf({ ...first, hash: '' }), context())
  })

  it('keeps every sequence of exports that are written at once', async () => {
    const slow = gate()
    const names = ['a', 'b', 'c', 'd']
    const written = names.map((sequence, i) =>
      format.write(
        documentOf({ hash: `sha256:${sequence}` }, 3 + i),
        context({ sequence, ...(i === 0 && { pictures: slow.pictures }) }),
      ),
    )
    await slow.reached
    slow.open()
    await Promise.all(written)
    for (const [i, sequence] of names.entries()) {
      const back = await format.read(folder, { sequence })
      expect(back.entry(1, 0)).toEqual(documentOf({}, 3 + i).entry(1, 0))
      expect(back.video.hash, 'from the record').toBe(`sha256:${sequence}`)
    }
    if (id === 'davis')
      expect(await readFile(join(folder, 'ImageSets/2017/val.txt'), 'utf8')).toBe('a\nb\nc\nd\n')
  })

  it('refuses when another process wrote to it meanwhile', async () => {
    await format.write(documentOf(), context({ sequence: 'there' }))
    const slow = gate()
    const late = format.write(documentOf(), context({ pictures: slow.pictures }))
    await slow.reached
    const shared = join(folder, id === 'davis' ? 'ImageSets/2017/val.txt' : `${id}.json`)
    await writeFile(shared, `${await readFile(shared, 'utf8')}\n`)
    const before = await state()
    slow.open()
    await expect(late).rejects.toThrow(
      `${shared} was changed by another program during the export, so nothing was exported; export again when that program is done.`,
    )
    expect(await state()).toEqual(before)
    await format.write(documentOf(), context())
  })
})

describe('exports into one folder at once', () => {
  it('of two formats keep both records', async () => {
    const slow = gate()
    const written = [
      formats.davis.write(documentOf(), contextFor(folder, { pictures: slow.pictures })),
      formats['youtube-vis'].write(documentOf(), contextFor(folder)),
    ]
    await slow.reached
    slow.open()
    await Promise.all(written)
    const { exports } = JSON.parse(await readFile(join(folder, 'siammae-export.json'), 'utf8'))
    expect(exports.map(({ dataset }: { dataset: string }) => dataset)).toEqual(['davis', 'youtube-vis'])
  })

  it('wait for each other also when the folder is called by another name', async () => {
    await mkdir(folder)
    await symlink(folder, `${folder}-link`)
    const slow = gate()
    const first = formats.davis.write(documentOf(), contextFor(folder, { pictures: slow.pictures }))
    await slow.reached
    const others = [`${folder}-link`, relative(process.cwd(), folder), `${folder}/../out/`].map((name, i) =>
      formats.davis.write(documentOf(), contextFor(name, { sequence: `other${i}` })),
    )
    slow.open()
    await Promise.all([first, ...others])
    const listed = await readFile(join(folder, 'ImageSets/2017/val.txt'), 'utf8')
    expect(listed.split('\n').sort()).toEqual(['', 'clip', 'other0', 'other1', 'other2'])
  })

  it('do not wait for those into another folder', async () => {
    const slow = gate()
    const first = formats.davis.write(documentOf(), contextFor(folder, { pictures: slow.pictures }))
    await slow.reached
    await formats.davis.write(documentOf(), contextFor(`${folder}2`))
    slow.open()
    await first
  })

  it('can be stopped while they wait, at once and without harm to those before and behind', async () => {
    const slow = gate()
    const stop = new AbortController()
    const write = (sequence: string, changes: Partial<ExportContext> = {}) =>
      formats.davis.write(documentOf(), contextFor(folder, { sequence, ...changes }))
    const first = write('first', { pictures: slow.pictures })
    await slow.reached
    const second = write('second', { signal: stop.signal })
    const third = write('third')
    setTimeout(() => stop.abort(), 50)
    await expect(second).rejects.toThrow(CancelledError)
    slow.open()
    await Promise.all([first, third])
    expect(await readFile(join(folder, 'ImageSets/2017/val.txt'), 'utf8')).toBe('first\nthird\n')
    expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('go on after one that failed', async () => {
    const slow = gate()
    const wrong = async function* () {
      for await (const picture of slow.pictures()) yield { ...picture, width: 1 }
    }
    const first = formats.davis.write(documentOf(), contextFor(folder, { pictures: wrong }))
    const failed = expect(first).rejects.toThrow('Frame 0 has 1x9 pixels')
    await slow.reached
    const second = formats.davis.write(documentOf(), contextFor(folder))
    slow.open()
    await failed
    await second
    expect((await formats.davis.read(folder)).entry(1, 0)).toBeDefined()
  })
})
