/** The main job from the command line, on real files: what comes out is whole, right, and says what made it. */
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AnnotationDocument, decodeMask, encodeMask, isPersons } from '../../model/annotation/index.ts'
import {
  formats,
  readIndexedPng,
  readSidecar,
  writeIndexedPng,
  writeSidecar,
} from '../../model/formats/index.ts'
import { encoderConfig, initialiseEncoder } from '../../model/siammae/index.ts'
import { openVideo } from '../../model/video/index.ts'
import { writeEncoder } from '../../model/weights/index.ts'
import { siammae } from '../support/cli.ts'
import { describeWithData } from '../support/reference.ts'

const folder = mkdtempSync(join(tmpdir(), 'siammae-cli-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

const WIDTH = 192
const HEIGHT = 128
const FRAMES = 8
const clip = join(folder, 'a clip.with odd: name')
const model = join(folder, 'tiny.safetensors')

/** A bright textured square that moves 8 pixels a frame over a dark textured ground. */
function inside(x: number, y: number, frame: number): boolean {
  return x >= 24 + 8 * frame && x < 72 + 8 * frame && y >= 40 && y < 88
}

const base = ['--model', model, '--device', 'cpu', '--size', '128']
const run = (out: string, ...args: string[]) =>
  siammae(['propagate', clip, '--out', join(folder, out), ...base, ...args])
const file = (...parts: string[]): string => join(folder, ...parts)
const json = (...parts: string[]) => JSON.parse(readFileSync(file(...parts), 'utf8'))

/** Share of the true square that a mask covers, as intersection over union. */
function overlap(mask: Uint8Array, frame: number): number {
  let both = 0
  let either = 0
  mask.forEach((value, i) => {
    const truth = inside(i % WIDTH, Math.floor(i / WIDTH), frame)
    if (value && truth) both++
    if (value || truth) either++
  })
  return both / either
}

beforeAll(async () => {
  await mkdir(clip)
  for (let frame = 0; frame < FRAMES; frame++) {
    const data = new Uint8Array(WIDTH * HEIGHT * 3)
    for (let i = 0; i < WIDTH * HEIGHT; i++) {
      const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)]
      const square = inside(x, y, frame)
      const u = square ? x - 8 * frame : x
      const grain = ((u * 37 + y * 91) % 29) + 12 * Math.sin(u / 5) * Math.cos(y / 7)
      data.set(square ? [200 + grain, 120 + grain, 40] : [30 + grain, 50 + grain, 80 + grain], 3 * i)
    }
    const picture = sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    await picture.png().toFile(join(clip, `frame ${frame}.png`))
  }
  const indices = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) =>
    inside(i % WIDTH, Math.floor(i / WIDTH), 0) ? 1 : 0,
  )
  await writeIndexedPng(file('mask.png'), { width: WIDTH, height: HEIGHT, indices })
  await writeIndexedPng(file('mask255.png'), {
    width: WIDTH,
    height: HEIGHT,
    indices: indices.map((id) => id * 255),
  })
  const last = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) =>
    inside(i % WIDTH, Math.floor(i / WIDTH), FRAMES - 1) ? 1 : 0,
  )
  await writeIndexedPng(file('last.png'), { width: WIDTH, height: HEIGHT, indices: last })
  const keypoints = [
    { name: 'left', x: 30.5, y: 60.25, visible: true },
    { name: 'right', x: 66, y: 60, visible: 2 },
    { name: 'hidden', x: 0, y: 0, visible: false },
  ]
  await writeFile(file('pose.json'), JSON.stringify({ keypoints, skeleton: [[0, 1]] }))
  // Without positions the features are what the pixels say, so that even random weights can follow a square.
  const config = { ...encoderConfig('Ti', 8), depth: 1, positionGrid: 4 }
  const parameters = new Map(initialiseEncoder(config, 5))
  parameters.set('pos_embed', new Float32Array(parameters.get('pos_embed')!.length))
  await writeEncoder(model, { config, parameters, trained: false })
})

describe('siammae propagate', () => {
  it('carries a mask forward: side-car, dataset, report and overlay agree', async () => {
    const result = await run(
      'forward',
      '--init',
      file('mask.png'),
      '--overlay',
      file('forward', 'overlay.mp4'),
      '--json',
    )
    expect(result.stderr).toContain('untrained')
    expect(result.code).toBe(0)
    const report = json('forward', 'report.json')
    expect(JSON.parse(result.stdout)).toEqual(report)
    expect(report).toMatchObject({
      device: 'cpu',
      preset: 'annotator',
      complete: true,
      model: { trained: false, name: 'ViT 192x1/8' },
    })
    expect(report.model.hash).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(report.frames.map(({ frame }: { frame: number }) => frame)).toEqual([1, 2, 3, 4, 5, 6, 7])

    const document = await readSidecar(file('forward', 'annotations.siam.json'))
    expect(document.entry(1, 0)?.state).toBe('keyframe')
    for (const { frame, seconds, objects } of report.frames) {
      expect(seconds).toBeGreaterThan(0)
      const entry = document.entry(1, frame)
      if (entry?.state !== 'propagated' || !entry.mask) throw new Error(`Frame ${frame} was not propagated.`)
      const mask = decodeMask(entry.mask)
      const png = await readIndexedPng(
        file('forward', 'Annotations', '480p', 'a_clip.with_odd_name', `0000${frame}.png`).replace(
          'a_clip.with_odd_name',
          readdirSync(file('forward', 'Annotations', '480p'))[0]!,
        ),
      )
      expect(png.indices).toEqual(mask)
      expect(objects).toEqual([
        { id: 1, area: mask.reduce((a, b) => a + b, 0), confidence: entry.confidence },
      ])
      expect(entry.confidence).toBeGreaterThan(0)
      expect(overlap(mask, frame), `frame ${frame}`).toBeGreaterThan(0.6)
    }
    const overlay = await openVideo(file('forward', 'overlay.mp4'))
    expect(overlay.table).toMatchObject({ width: WIDTH, height: HEIGHT })
    expect(overlay.table.frames.length).toBe(FRAMES)
    await overlay.close()
    expect(readdirSync(file('forward')).filter((name) => name.includes('tmp'))).toEqual([])
  })

  it('gives the same result again, and takes 0/255 masks as object 1', async () => {
    expect((await run('again', '--init', file('mask255.png'))).code).toBe(0)
    const [a, b] = [
      await readSidecar(file('forward', 'annotations.siam.json')),
      await readSidecar(file('again', 'annotations.siam.json')),
    ]
    for (let frame = 0; frame < FRAMES; frame++) expect(b.entry(1, frame)).toEqual(a.entry(1, frame))
  })

  it('carries backward from the last frame', async () => {
    expect(
      (await run('backward', '--init', `${file('last.png')}@7`, '--direction', 'backward', '--range', '2:7'))
        .code,
    ).toBe(0)
    const document = await readSidecar(file('backward', 'annotations.siam.json'))
    expect(document.frames(1)).toEqual([2, 3, 4, 5, 6, 7])
    const entry = document.entry(1, 2)
    if (entry?.state !== 'propagated' || !entry.mask) throw new Error('Frame 2 was not propagated.')
    expect(overlap(decodeMask(entry.mask), 2)).toBeGreaterThan(0.5)
  })

  it('joins two marked frames from both ends and never touches them', async () => {
    expect(
      (
        await run(
          'both',
          '--init',
          file('mask.png'),
          '--init',
          `${file('last.png')}@7`,
          '--direction',
          'both',
        )
      ).code,
    ).toBe(0)
    const document = await readSidecar(file('both', 'annotations.siam.json'))
    expect(document.frames(1)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(document.framesWithEntries().filter((frame) => isPersons(document.entry(1, frame)!))).toEqual([
      0, 7,
    ])
    for (let frame = 1; frame < 7; frame++) {
      const entry = document.entry(1, frame)
      if (entry?.state !== 'propagated' || !entry.mask) throw new Error(`Frame ${frame} was not propagated.`)
      expect(overlap(decodeMask(entry.mask), frame), `frame ${frame}`).toBeGreaterThan(0.6)
    }
  })

  it('carries keypoints, and a side-car starts the next run', async () => {
    const first = await run('pose', '--init', file('pose.json'), '--preset', 'dino')
    expect(first.code).toBe(0)
    const document = await readSidecar(file('pose', 'annotations.siam.json'))
    expect(document.labels.get(document.objects.get(1)!.labelId)!.skeleton).toEqual({
      keypoints: ['left', 'right', 'hidden'],
      edges: [[0, 1]],
    })
    const entry = document.entry(1, 3)
    if (entry?.state !== 'propagated' || !entry.keypoints) throw new Error('Frame 3 has no pose.')
    expect(entry.keypoints[2]!.visibility).toBe('absent')
    for (const [i, x] of [30.5, 66].entries()) {
      expect(Math.abs(entry.keypoints[i]!.x - (x + 24))).toBeLessThan(14)
      expect(Math.abs(entry.keypoints[i]!.y - 60)).toBeLessThan(14)
    }
    const second = await run(
      'pose-again',
      '--init',
      file('pose', 'annotations.siam.json'),
      '--preset',
      'dino',
    )
    expect(second.code).toBe(0)
    const again = await readSidecar(file('pose-again', 'annotations.siam.json'))
    expect(again.runs.size).toBe(2)
    expect(again.entry(1, 0)).toEqual(document.entry(1, 0))
    expect(again.entry(1, 3)).toMatchObject({ state: 'propagated', run: 2, keypoints: entry.keypoints })
    // In a folder of another depth the video is elsewhere.
    const deep = await run(
      join('pose-deep', 'er'),
      '--init',
      file('pose', 'annotations.siam.json'),
      '--range',
      '0:1',
    )
    expect(deep.code).toBe(0)
    const moved = await readSidecar(file('pose-deep', 'er', 'annotations.siam.json'))
    expect(join(file('pose-deep', 'er'), moved.video.path)).toBe(clip)
    expect(moved.entry(1, 3)).toEqual(document.entry(1, 3))
  })

  it('writes YouTube-VIS, and what it wrote reads back', async () => {
    expect(
      (await run('ytvis', '--init', file('mask.png'), '--format', 'youtube-vis', '--range', '0:3')).code,
    ).toBe(0)
    const read = await formats['youtube-vis'].read(file('ytvis'))
    expect(read.framesWithEntries().length).toBeGreaterThan(3)
    expect(existsSync(file('ytvis', 'Annotations'))).toBe(false)
  })

  it('writes keypoints alone as COCO unless it is told otherwise, and what it wrote reads back', async () => {
    expect((await run('points', '--init', file('pose.json'), '--range', '0:3')).code).toBe(0)
    const document = await readSidecar(file('points', 'annotations.siam.json'))
    const read = await formats.coco.read(file('points'))
    expect(read.framesWithEntries()).toEqual([0, 1, 2, 3])
    for (const frame of [0, 1, 2, 3]) expect(read.entry(1, frame)).toEqual(document.entry(1, frame))
    const { categories, annotations } = json('points', 'coco.json')
    expect(categories[0]).toMatchObject({ keypoints: ['left', 'right', 'hidden'], skeleton: [[1, 2]] })
    expect(annotations[0].keypoints).toEqual([30.5, 60.25, 2, 66, 60, 2, 0, 0, 0])
    expect(existsSync(file('points', 'Annotations'))).toBe(false)
    // Another skeleton of this name is refused before the work.
    const other = { keypoints: [{ name: 'nose', x: 40, y: 60, visible: true }] }
    await writeFile(file('other.json'), JSON.stringify(other))
    await cp(join(clip), file('elsewhere', 'another clip'), { recursive: true })
    const args = ['propagate', file('elsewhere', 'another clip'), '--out', file('points'), ...base]
    await rm(file('points', 'annotations.siam.json'))
    const result = await siammae([...args, '--init', file('other.json'), '--verbose'])
    expect(result.stderr).toMatch(/The category ".*" in \S+coco\.json has another skeleton than the label/)
    expect(result.stderr).not.toMatch(/frame {5}1 /)
    expect(result.code).toBe(1)
  })

  it('writes masks and keypoints as COCO when it is told so', async () => {
    const marks = ['--init', file('mask.png'), '--init', file('pose.json'), '--range', '0:2']
    expect((await run('together', ...marks, '--format', 'coco')).code).toBe(0)
    const document = await readSidecar(file('together', 'annotations.siam.json'))
    const read = await formats.coco.read(file('together'))
    for (const id of document.objects.keys())
      for (const frame of [0, 1, 2]) expect(read.entry(id, frame)).toEqual(document.entry(id, frame))
    expect(json('together', 'report.json').warnings.join()).not.toContain('keypoints')
  })

  it('stops on Ctrl-C, keeps what is done and says so', async () => {
    const out = file('stopped')
    const args = [
      'propagate',
      'media/sample.mp4',
      '--init',
      'media/sample/first-mask.png',
      '--out',
      out,
      '--model',
      model,
      '--device',
      'cpu',
      '--size',
      '120',
      '--verbose',
    ]
    const result = await siammae(args, { interruptAt: /frame {5}3 / })
    expect(result.code).toBe(130)
    const report = json('stopped', 'report.json')
    expect(report.complete).toBe(false)
    expect(report.frames.length).toBeGreaterThanOrEqual(3)
    expect(report.frames.length).toBeLessThan(99)
    const document = await readSidecar(join(out, 'annotations.siam.json'))
    expect(document.frames(1)).toEqual([0, ...report.frames.map(({ frame }: { frame: number }) => frame)])
  })

  it('stops within the first of two passes and keeps that one', async () => {
    const out = file('stopped-between')
    const args = ['propagate', 'media/sample.mp4', '--out', out, '--model', model, '--device', 'cpu']
    const marks = ['--init', 'media/sample/first-mask.png', '--init', 'media/sample/first-mask.png@99']
    const result = await siammae([...args, ...marks, '--direction', 'both', '--size', '120', '--verbose'], {
      interruptAt: /frame {5}3 .*from one end of the span so far/,
    })
    expect(result.code).toBe(130)
    const { complete, frames, summary } = json('stopped-between', 'report.json')
    expect(complete).toBe(false)
    expect(summary.plannedResults).toBe(2 * 98)
    expect(summary.results).toBe(frames.length)
    expect(frames.slice(0, 3).map(({ frame }: { frame: number }) => frame)).toEqual([1, 2, 3])
    expect(frames.every(({ provisional }: { provisional?: boolean }) => provisional)).toBe(true)
    const document = await readSidecar(join(out, 'annotations.siam.json'))
    expect(document.entry(1, 2)?.state).toBe('propagated')
  })

  it('a failure in the middle: one sentence, and side-car, dataset and report of what was done', async () => {
    // The header of frame 5 is sound, so that only decoding it fails.
    const path = join(clip, 'frame 5.png')
    const sound = readFileSync(path)
    await writeFile(path, sound.subarray(0, sound.length / 2))
    const result = await run('failed', '--init', file('mask.png'), '--overlay', file('failed', 'o.mp4'))
    await writeFile(path, sound)
    expect(result.code).toBe(1)
    expect(result.stderr).toMatch(/Error: .*frame 5\.png cannot be read as an image/)
    expect(result.stderr).not.toMatch(/\n {4}at /)
    expect(result.stdout).toMatch(/^Failed, and kept what is done: \d of 7 results/)
    const report = json('failed', 'report.json')
    expect(report.complete).toBe(false)
    expect(report.failure).toMatch(/frame 5\.png cannot be read/)
    const frames = report.frames.map(({ frame }: { frame: number }) => frame)
    expect(frames.length).toBeGreaterThan(0)
    expect(frames).toEqual([1, 2, 3, 4].slice(0, frames.length))
    const document = await readSidecar(file('failed', 'annotations.siam.json'))
    expect(document.frames(1)).toEqual([0, ...frames])
    const read = await formats.davis.read(file('failed'))
    expect(read.framesWithEntries()).toEqual([0, ...frames])
    expect(existsSync(file('failed', 'o.mp4'))).toBe(false)
  })

  it("never writes over a person's frame of a side-car", async () => {
    const source = file('forward', 'annotations.siam.json')
    const document = await readSidecar(source)
    document.apply({ kind: 'setEntry', objectId: 1, frame: 4, entry: { state: 'absent', by: 'person' } })
    await writeSidecar(file('corrected.siam.json'), document)
    expect((await run('corrected', '--init', file('corrected.siam.json'))).code).toBe(0)
    const after = await readSidecar(file('corrected', 'annotations.siam.json'))
    expect(after.entry(1, 4)).toEqual({ state: 'absent', by: 'person' })
    expect(after.entry(1, 0)).toEqual(document.entry(1, 0))
    expect(after.entry(1, 3)).toMatchObject({ run: 2 })
  })
})

describe('nothing that is read is written over', () => {
  it.each([
    ['the overlay onto a mask', () => run('safe', '--init', file('mask.png'), '--overlay', file('mask.png'))],
    ['frames into their own folder', () => siammae(['frames', clip, '--out', clip])],
    [
      'features onto the model',
      () => siammae(['features', file('mask.png'), '--model', model, '--out', model]),
    ],
  ])('%s', async (_, command) => {
    const before = [readFileSync(file('mask.png')), readFileSync(model), readdirSync(clip).join()]
    const result = await command()
    expect(result.code).toBe(2)
    expect(result.stderr).toMatch(/would replace .*choose another place/)
    expect([readFileSync(file('mask.png')), readFileSync(model), readdirSync(clip).join()]).toEqual(before)
  })

  it.each(['davis', 'youtube-vis', 'coco'])(
    'a %s dataset of others, refused before the work',
    async (format) => {
      const out = `foreign-${format}`
      expect((await run(out, '--init', file('mask.png'), '--range', '0:1', '--format', format)).code).toBe(0)
      for (const name of ['siammae-export.json', 'annotations.siam.json', 'report.json'])
        await rm(file(out, name))
      const result = await run(out, '--init', file('mask.png'), '--format', format, '--verbose')
      expect(result.code).toBe(1)
      expect(result.stderr).toMatch(/was not exported by this tool.*choose another folder or name/)
      expect(result.stderr).not.toMatch(/frame {5}1 /)
      expect(existsSync(file(out, 'annotations.siam.json'))).toBe(false)
    },
  )

  it("a side-car with a person's frames, by a run that does not start from it", async () => {
    const document = await readSidecar(file('forward', 'annotations.siam.json'))
    document.apply({ kind: 'setEntry', objectId: 1, frame: 6, entry: { state: 'absent', by: 'person' } })
    await mkdir(file('kept'))
    await writeSidecar(file('kept', 'annotations.siam.json'), document)
    const before = readFileSync(file('kept', 'annotations.siam.json'))
    const result = await run('kept', '--init', file('mask.png'))
    expect(result.code).toBe(1)
    expect(result.stderr).toMatch(
      /holds a person's work \(object 1, frame 6\).*add --init .*or choose another --out/,
    )
    expect(readFileSync(file('kept', 'annotations.siam.json'))).toEqual(before)
    // Starting from it is fine, also over a range that leaves some of its keyframes out.
    const again = await run('kept', '--init', file('kept', 'annotations.siam.json'), '--range', '0:4')
    expect(again.code).toBe(0)
    expect((await readSidecar(file('kept', 'annotations.siam.json'))).entry(1, 6)).toEqual({
      state: 'absent',
      by: 'person',
    })
  })

  const square = (change: number) =>
    encodeMask(
      Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) =>
        inside((i % WIDTH) + change, Math.floor(i / WIDTH), 0) ? 1 : 0,
      ),
      WIDTH,
      HEIGHT,
    )
  it.each<[string, RegExp, (document: AnnotationDocument) => void]>([
    [
      'a corrected mask on the frame of the init',
      /\(object 1, frame 0\)/,
      (document) => {
        const entry = { state: 'keyframe', occluded: false, mask: square(3) } as const
        document.apply({ kind: 'setEntry', objectId: 1, frame: 0, entry })
      },
    ],
    [
      'an object that was added there',
      /\(object 2, frame 0\)/,
      (document) => {
        document.apply({ kind: 'putObject', object: { id: 2, name: 'shadow', labelId: 1 } })
        const entry = { state: 'keyframe', occluded: false, mask: square(9) } as const
        document.apply({ kind: 'setEntry', objectId: 2, frame: 0, entry })
      },
    ],
    [
      'a name that was given',
      /\(name, label or colour of object 1\)/,
      (document) => {
        document.apply({ kind: 'putObject', object: { ...document.objects.get(1)!, name: 'red car' } })
      },
    ],
  ])('%s, by the same command again', async (what, lost, change) => {
    const out = `again ${what}`
    const path = file(out, 'annotations.siam.json')
    const document = await readSidecar(file('forward', 'annotations.siam.json'))
    change(document)
    await mkdir(file(out))
    await writeSidecar(path, document)
    const before = readFileSync(path)
    const result = await run(out, '--init', file('mask.png'))
    expect(result.stderr).toMatch(lost)
    expect(result.stderr).toMatch(/that this run does not start from; add --init .*or choose another --out/)
    expect(result.code).toBe(1)
    expect(readFileSync(path)).toEqual(before)
  })

  it('a corrected mask, by the side-car with the mask of before on top', async () => {
    const out = 'again a corrected mask on the frame of the init'
    const path = file(out, 'annotations.siam.json')
    const before = readFileSync(path)
    const result = await run(out, '--init', path, '--init', file('mask.png'))
    expect(result.stderr).toMatch(
      /\(object 1, frame 0\) that another --init would replace; leave that one out, or choose another --out/,
    )
    expect(result.code).toBe(1)
    expect(readFileSync(path)).toEqual(before)
  })

  it('the same marks again are no loss', async () => {
    const marks = ['--init', file('mask.png'), '--init', file('pose.json'), '--range', '0:1']
    for (let time = 0; time < 2; time++) expect((await run('same', ...marks)).code, `time ${time}`).toBe(0)
  })

  it("another clip's sequence of the same name, refused before the work", async () => {
    const other = file('elsewhere', basename(clip))
    await cp(clip, other, { recursive: true })
    await cp(join(other, 'frame 1.png'), join(other, 'frame 2.png'))
    expect((await run('session', '--init', file('mask.png'), '--range', '0:1')).code).toBe(0)
    const list = file('session', 'siammae-export.json')
    const before = readFileSync(list)
    const again = ['propagate', other, '--out', file('session'), ...base, '--init', file('mask.png')]
    const result = await siammae([...again, '--verbose'])
    expect(result.code).toBe(1)
    expect(result.stderr).toMatch(
      /session holds a sequence \S+ of another video \(\.\.\/a clip.*\), so it is not replaced; choose another folder, or rename the video\./,
    )
    expect(result.stderr).not.toMatch(/frame {5}1 /)
    expect(readFileSync(list)).toEqual(before)
  })
})

describe('inits', () => {
  it('two poses on one frame are two objects', async () => {
    expect(
      (await run('two', '--init', file('pose.json'), '--init', file('pose.json'), '--range', '0:2')).code,
    ).toBe(0)
    const document = await readSidecar(file('two', 'annotations.siam.json'))
    expect([...document.objects.keys()]).toEqual([1, 2])
    expect(
      json('two', 'report.json').frames.map((entry: { objects: unknown[] }) => entry.objects.length),
    ).toEqual([2, 2])
  })
})

it('poses of two skeletons have labels of two names, so that a dataset can tell them', async () => {
  const keypoints = [{ name: 'nose', x: 40, y: 60, visible: true }]
  await writeFile(file('nose.json'), JSON.stringify({ keypoints }))
  const marks = ['--init', file('pose.json'), '--init', file('nose.json'), '--range', '0:1']
  expect((await run('skeletons', ...marks)).code).toBe(0)
  const { categories } = json('skeletons', 'coco.json')
  expect(categories.map(({ name }: { name: string }) => name)).toEqual(['pose', 'pose 2'])
})

describe('several objects', () => {
  /** A band of columns of the square on a frame. */
  const band = (frame: number, from: number, to: number): Uint8Array =>
    Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
      const x = (i % WIDTH) - 8 * frame
      return inside(i % WIDTH, Math.floor(i / WIDTH), frame) && x >= from && x < to ? 1 : 0
    })
  const masksOn = async (out: string, frame: number): Promise<Uint8Array[]> => {
    const document = await readSidecar(file(out, 'annotations.siam.json'))
    return [1, 2].map((id) => {
      const entry = document.entry(id, frame)
      if (entry?.state === undefined || entry.state === 'absent' || !entry.mask)
        throw new Error(`Object ${id} has no mask on frame ${frame}.`)
      return decodeMask(entry.mask)
    })
  }
  const shared = (a: Uint8Array, b: Uint8Array): number => a.reduce((sum, on, i) => sum + (on & b[i]!), 0)

  it('marked one over the other: both are carried whole, and it is said', async () => {
    const start = await readSidecar(file('forward', 'annotations.siam.json'))
    start.apply({ kind: 'putObject', object: { id: 2, name: 'right half', labelId: 1 } })
    const mask = encodeMask(band(0, 48, 72), WIDTH, HEIGHT)
    const entry = { state: 'keyframe', occluded: false, mask } as const
    start.apply({ kind: 'setEntry', objectId: 2, frame: 0, entry })
    await writeSidecar(file('over.siam.json'), start)
    const result = await run('over', '--init', file('over.siam.json'), '--range', '0:3')
    expect(result.stderr).toMatch(/Note: the marked masks of objects 1 and 2 overlap; each is carried whole/)
    expect(result.code).toBe(0)
    for (const frame of [1, 2, 3]) {
      const [whole, half] = await masksOn('over', frame)
      expect(overlap(whole!, frame), `frame ${frame}`).toBeGreaterThan(0.6)
      expect(shared(whole!, half!)).toBeGreaterThan(0.5 * shared(half!, half!))
    }
  })

  it('marked too small to be carried far: it is said before the work, and again in the report', async () => {
    const start = await readSidecar(file('forward', 'annotations.siam.json'))
    const dot = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => Number(i < 3))
    const mask = encodeMask(dot, WIDTH, HEIGHT)
    start.apply({ kind: 'putObject', object: { id: 2, name: 'dot', labelId: 1 } })
    start.apply({
      kind: 'setEntry',
      objectId: 2,
      frame: 0,
      entry: { state: 'keyframe', occluded: false, mask },
    })
    await writeSidecar(file('dot.siam.json'), start)
    const result = await run('dot', '--init', file('dot.siam.json'), '--range', '0:1')
    expect(result.stderr).toMatch(/Note: object dot covers fewer than 8 patches of the network/)
    expect(result.stderr).not.toMatch(/Warning: object/)
    expect(json('dot', 'report.json').warnings).toContainEqual(expect.stringMatching(/^object dot covers/))
  })

  it('marked on different frames: no pixel is given to two', async () => {
    await writeIndexedPng(file('left.png'), { width: WIDTH, height: HEIGHT, indices: band(0, 24, 60) })
    const right = band(7, 40, 72).map((on) => 2 * on)
    await writeIndexedPng(file('right.png'), { width: WIDTH, height: HEIGHT, indices: right })
    const marks = ['--init', file('left.png'), '--init', `${file('right.png')}@7`, '--direction', 'both']
    const result = await run('apart', ...marks)
    expect(result.code).toBe(0)
    let both = 0
    for (let frame = 1; frame < 7; frame++) {
      const [left, second] = await masksOn('apart', frame)
      expect(shared(left!, second!), `frame ${frame}`).toBe(0)
      both += shared(left!, left!) > 0 && shared(second!, second!) > 0 ? 1 : 0
    }
    expect(both).toBeGreaterThan(3)
    const { frames } = json('apart', 'report.json')
    const areas = frames.find(({ frame }: { frame: number }) => frame === 3).objects
    const [left, second] = await masksOn('apart', 3)
    const reported = areas.map(({ id, area }: { id: number; area: number }) => [id, area]).sort()
    expect(reported).toEqual([
      [1, shared(left!, left!)],
      [2, shared(second!, second!)],
    ])
  })
})

describeWithData('siammae propagate on DAVIS', (data) => {
  it('car-shadow: masks that score davis takes, J far above chance', async () => {
    const sequence = join(data, 'davis', 'JPEGImages', '480p', 'car-shadow')
    const truth = join(data, 'davis', 'Annotations', '480p', 'car-shadow')
    const out = file('davis')
    const args = [
      'propagate',
      sequence,
      '--init',
      join(truth, '00000.png'),
      '--out',
      out,
      '--device',
      'cpu',
      '--size',
      '128',
    ]
    expect((await siammae(args)).code).toBe(0)
    const score = await siammae(['score', 'davis', '--pred', out, '--gt', join(data, 'davis'), '--json'])
    expect(score.code).toBe(0)
    const { sequences } = JSON.parse(score.stdout)
    expect(sequences).toHaveLength(1)
    expect(sequences[0].name).toBe('car-shadow')
    expect(sequences[0].objects[0].j.mean).toBeGreaterThan(0.1)
  })
})
