import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ChangedFrames } from '../../../extension/document/changed-frames.ts'
import { EntryWindow } from '../../../extension/document/entry-window.ts'
import { hashOf } from '../../../extension/document/file-state.ts'
import { Lanes } from '../../../extension/document/lanes.ts'
import { checkVideo, locateVideo, sidecarOf, VideoProblem } from '../../../extension/document/locate-video.ts'
import { checkViewEdits } from '../../../extension/document/view-edits.ts'
import { readMessage } from '../../../extension/editor/incoming.ts'
import { AnnotationError, type Entry } from '../../../model/annotation/index.ts'
import { COMMANDS, laneCode } from '../../../webview/protocol/index.ts'
import {
  absent,
  boxMask,
  keyframe,
  pose,
  propagated,
  sampleDocument,
  setEntry,
  video,
} from '../annotation/samples.ts'
import { temporaryFolder, threads } from './files.ts'
import { randomSource } from './large-documents.ts'

const edit = (entry: unknown, more: object = {}) => [
  { kind: 'setEntry', objectId: 1, frame: 3, entry, ...more },
]

describe('Edits of a view', () => {
  it('are let through where they are marks of a person, or clear an entry', () => {
    const document = sampleDocument()
    for (const entry of [keyframe, absent, undefined]) {
      const checked = checkViewEdits(edit(entry), document)
      expect(checked).toEqual([setEntry(1, 3, entry)])
      document.apply(checked[0]!)
    }
    const posed = { state: 'keyframe', occluded: true, keypoints: pose } as const
    expect(checkViewEdits(edit(posed, { objectId: 2 }), document)).toEqual([setEntry(2, 3, posed)])
  })

  const { width, height } = video
  const counts = (...values: number[]) => ({ width, height, counts: Uint32Array.from(values) })
  it.each<[string, unknown]>([
    ['no list', 'edits'],
    ['nothing at all', []],
    ['another kind of edit', [{ kind: 'removeObject', objectId: 1 }]],
    ['a group', [{ kind: 'group', label: '', edits: edit(keyframe) }]],
    ['a result of a run', edit({ state: 'absent', by: 'run', run: 1, confidence: 1 })],
    ['a propagated entry where there is none', edit(propagated())],
    ['a frame that is no whole number', edit(absent, { frame: 1.5 })],
    ['a negative frame', edit(absent, { frame: -1 })],
    ['an object beyond 255', edit(absent, { objectId: 256 })],
    ['a field that is not known', edit({ ...keyframe, run: 1 })],
    [
      'a mask of another size',
      edit({ ...keyframe, mask: { width: 8, height: 12, counts: Uint32Array.of(96) } }),
    ],
    ['a mask whose runs are too few', edit({ ...keyframe, mask: counts(width * height - 1) })],
    ['a mask with an empty run', edit({ ...keyframe, mask: counts(3, 2, 0, 1, width * height - 6) })],
    ['a mask that is a list', edit({ ...keyframe, mask: { width, height, counts: [width * height] } })],
    [
      'a keypoint nowhere',
      edit({
        state: 'keyframe',
        occluded: false,
        keypoints: [{ x: Number.NaN, y: 0, visibility: 'visible' }],
      }),
    ],
    [
      'a keypoint with a confidence',
      edit({
        state: 'keyframe',
        occluded: false,
        keypoints: [{ x: 0, y: 0, visibility: 'visible', confidence: 1 }],
      }),
    ],
    ['an occluded that is a number', edit({ state: 'keyframe', occluded: 1 })],
  ])('are refused with %s', (_, edits) => {
    const document = sampleDocument()
    expect(() => checkViewEdits(edits, document)).toThrow(AnnotationError)
  })

  it('may take pixels away from a model’s mask, and change nothing else of it', () => {
    const document = sampleDocument()
    const there = propagated(1, 0.75)
    document.apply(setEntry(1, 3, there))
    const smaller = { ...there, mask: boxMask(4, 2, 2) }
    expect(checkViewEdits(edit({ ...smaller, confidence: 1, occluded: true }), document)).toEqual([
      setEntry(1, 3, smaller),
    ])
    const { mask: _, ...without } = there
    expect(checkViewEdits(edit(without), document)).toEqual([setEntry(1, 3, without)])
    expect(() => checkViewEdits(edit({ ...there, mask: boxMask(3, 2, 3) }), document)).toThrow(
      AnnotationError,
    )
    expect(() => checkViewEdits(edit({ ...smaller, run: 2 }), document)).toThrow(AnnotationError)
  })

  it('keep nothing else of a message in memory', () => {
    const message = new Uint32Array(1_000)
    message[10] = width * height
    const checked = checkViewEdits(
      edit({ ...keyframe, mask: { width, height, counts: message.subarray(10, 11) } }),
      sampleDocument(),
    )
    const [{ entry }] = checked as unknown as [{ entry: Entry & { state: 'keyframe' } }]
    expect(entry.mask!.counts.buffer.byteLength).toBe(4)
  })
})

describe('Messages of a view', () => {
  const view = { frame: 3, objectId: 1, tool: 'brush', playing: false, range: [1, 4], locked: [2] }

  it.each<[object]>([
    [{ type: 'ready' }],
    [{ type: 'wantPictures', frames: [3, 2, 1], at: 3, again: false }],
    [{ type: 'wantEntries', first: 0, last: 64 }],
    [{ type: 'view', view }],
    [{ type: 'changeSettings', settings: { maskOpacity: 0.3, maskStyle: 'outline' } }],
    [{ type: 'dismissOffer', offer: { objectId: 1, range: [2, 9] } }],
    [{ type: 'execute', command: 'siammae.propagateSpan', args: [1, [2, 9]] }],
    [{ type: 'log', level: 'error', text: 'x' }],
  ])('are understood: %o', (message) => {
    expect(readMessage(message)).toEqual({ message })
  })

  it('may run every command of the list and no other', () => {
    for (const command of COMMANDS)
      expect(readMessage({ type: 'execute', command, args: [] })).toHaveProperty('message')
    for (const command of ['workbench.action.terminal.new', 'siammae.installFfmpeg2', 'vscode.open'])
      expect(readMessage({ type: 'execute', command, args: [] })).toHaveProperty('refused')
  })

  it.each<[unknown]>([
    [undefined],
    ['ready'],
    [{ type: 'other' }],
    [{ type: 'ready', more: 1 }],
    [{ type: 'wantPictures', frames: [-1], at: 0, again: false }],
    [{ type: 'wantPictures', frames: Array.from({ length: 5_000 }, (_, i) => i), at: 0, again: false }],
    [{ type: 'wantEntries', first: 0, last: 1e12 }],
    [{ type: 'view', view: { ...view, tool: 'hammer' } }],
    [{ type: 'changeSettings', settings: { maskOpacity: 2 } }],
    [{ type: 'changeSettings', settings: { ffmpegPath: '/bin/sh' } }],
    [{ type: 'dismissOffer', offer: { objectId: 1, range: [2] } }],
    [{ type: 'execute', command: 'siammae.doctor', args: [{ path: '/' }] }],
  ])('are refused: %o', (message) => {
    expect(readMessage(message)).toHaveProperty('refused')
  })
})

describe('Lanes', () => {
  it('say what the document says, whichever way it changed', () => {
    const random = randomSource(4)
    const document = sampleDocument()
    document.apply(setEntry(1, 2, keyframe))
    const lanes = new Lanes(document)
    lanes.follow()
    for (const _ of lanes.fill());
    // What a view has put together from the changes it was sent.
    const seen = new Map(lanes.all().map(({ objectId, codes }) => [objectId, codes]))
    for (let round = 0; round < 200; round++) {
      const changed = new ChangedFrames()
      for (let i = 0; i < 1 + random(6); i++) {
        const objectId = 1 + random(2)
        const frame = random(video.frameCount)
        document.apply(setEntry(objectId, frame, undefined))
        document.apply(
          setEntry(objectId, frame, [undefined, keyframe, absent, propagated(1, random(10) / 10)][random(4)]),
        )
        changed.add(objectId, frame)
      }
      for (const { objectId, first, codes } of lanes.update(changed)) seen.get(objectId)!.set(codes, first)
      for (const objectId of [1, 2])
        for (let frame = 0; frame < video.frameCount; frame++)
          expect(seen.get(objectId)![frame]).toBe(laneCode(document.entry(objectId, frame)))
    }
    document.apply({ kind: 'putObject', object: { id: 3, name: 'third', labelId: 1 } })
    expect(lanes.follow()).toEqual([{ objectId: 3, first: 0, codes: new Uint8Array(video.frameCount) }])
  })
})

describe('The window of entries', () => {
  it('sends what a view lacks, the nearest first, and nothing twice', () => {
    const document = sampleDocument()
    document.apply(setEntry(1, 5, keyframe))
    const window = new EntryWindow()
    window.move(3, 7)
    expect(window.missing(5)[0]).toBe(5)
    expect(window.take(document, [5, 4])).toEqual([
      { frame: 5, entries: [[1, keyframe]] },
      { frame: 4, entries: [] },
    ])
    expect(window.missing(5)).toEqual([6, 3, 7].sort((a, b) => Math.abs(a - 5) - Math.abs(b - 5)))
    const changed = new ChangedFrames()
    for (const frame of [4, 6, 20]) changed.add(1, frame)
    expect(window.stale(changed)).toEqual([4])
  })

  it('sends a frame again that left it and came back, because it was not kept up to date', () => {
    const window = new EntryWindow()
    window.move(0, 3)
    window.take(sampleDocument(), window.missing(0))
    window.move(10, 12)
    window.move(0, 3)
    expect(window.missing(0)).toEqual([0, 1, 2, 3])
  })

  it('is bounded, whatever a view asks for', () => {
    const window = new EntryWindow()
    window.move(0, 9_000_000)
    expect(window.missing(0).length).toBeLessThan(10_000)
  })
})

describe('The video of a side-car', () => {
  const folder = temporaryFolder()
  const find = threads.find.bind(threads)
  const search = {
    find,
    folderHash: async (path: string) => (path.endsWith('frames-moved') ? 'sha256:images' : undefined),
  }

  async function reference(name: string, content: string) {
    const path = join(folder, name)
    writeFileSync(path, content)
    return { ...video, path: name, hash: `sha256:${await hashOf(path)}` }
  }

  it('is where it says', async () => {
    const clip = await reference('here.mp4', 'one')
    expect(await locateVideo(join(folder, 'a.siam.json'), clip, search)).toEqual({
      path: join(folder, 'here.mp4'),
      moved: false,
    })
  })

  it('is known again by its content under another name', async () => {
    await reference('aaa.mp4', 'something else')
    const clip = await reference('renamed.mov', 'two')
    expect(await locateVideo(join(folder, 'a.siam.json'), { ...clip, path: 'gone.mp4' }, search)).toEqual({
      path: join(folder, 'renamed.mov'),
      moved: true,
    })
  })

  it('is known again as a folder of images', async () => {
    mkdirSync(join(folder, 'frames-moved'))
    const clip = { ...video, path: 'frames', hash: 'sha256:images' }
    expect((await locateVideo(join(folder, 'a.siam.json'), clip, search)).path).toBe(
      join(folder, 'frames-moved'),
    )
  })

  it('that is nowhere is a problem with its path, never another video', async () => {
    const clip = { ...video, path: 'gone.mp4', hash: `sha256:${'0'.repeat(64)}` }
    await expect(locateVideo(join(folder, 'a.siam.json'), clip, search)).rejects.toThrow(VideoProblem)
    await expect(locateVideo(join(folder, 'a.siam.json'), { ...clip, hash: '' }, search)).rejects.toThrow(
      /gone\.mp4/,
    )
  })

  it('must have the same content, size and number of frames', () => {
    const clip = {
      contentHash: video.hash,
      frameCount: video.frameCount,
      width: video.width,
      height: video.height,
    }
    expect(() => checkVideo('clip.mp4', video, clip)).not.toThrow()
    for (const other of [{ contentHash: 'sha256:2' }, { frameCount: 29 }, { width: 13 }, { height: 9 }])
      expect(() => checkVideo('clip.mp4', video, { ...clip, ...other })).toThrow(VideoProblem)
  })

  it('lends the side-car its name, unless another video of that name has it', async () => {
    const clip = join(folder, 'twin.mp4')
    writeFileSync(clip, '1')
    expect(await sidecarOf(clip)).toEqual({ path: join(folder, 'twin.siam.json'), exists: false })
    writeFileSync(join(folder, 'twin.mov'), '2')
    writeFileSync(
      join(folder, 'twin.siam.json'),
      '{\n"format": "siammae-annotations",\n"version": 1,\n"video": {"path":"twin.mov","hash":""}',
    )
    expect(await sidecarOf(join(folder, 'twin.mov'))).toEqual({
      path: join(folder, 'twin.siam.json'),
      exists: true,
    })
    expect(await sidecarOf(clip)).toEqual({ path: join(folder, 'twin.mp4.siam.json'), exists: false })
    // Also where the other one is open and not on disk yet.
    const early = join(folder, 'early.siam.json')
    writeFileSync(join(folder, 'early.mov'), '3')
    const ownerOf = (path: string) => (path === early ? join(folder, 'early.mov') : undefined)
    expect((await sidecarOf(join(folder, 'early.mp4'), false, ownerOf)).path).toBe(
      join(folder, 'early.mp4.siam.json'),
    )
    expect((await sidecarOf(join(folder, 'early.mov'), false, ownerOf)).path).toBe(early)
    // And what was written under the longer name is found under it, whatever has become of the other video.
    writeFileSync(join(folder, 'left.mov'), '4')
    const longer = join(folder, 'left.mov.siam.json')
    writeFileSync(
      longer,
      '{\n"format": "siammae-annotations",\n"version": 1,\n"video": {"path":"left.mov","hash":""}',
    )
    expect(await sidecarOf(join(folder, 'left.mov'))).toEqual({ path: longer, exists: true })
    writeFileSync(
      join(folder, 'left.siam.json'),
      '{\n"format": "siammae-annotations",\n"version": 1,\n"video": {"path":"gone.mp4","hash":""}',
    )
    expect(await sidecarOf(join(folder, 'left.mov'))).toEqual({ path: longer, exists: true })
    mkdirSync(join(folder, 'shots.v2'))
    expect((await sidecarOf(join(folder, 'shots.v2'))).path).toBe(join(folder, 'shots.v2.siam.json'))
  })
})
