import { createHash } from 'node:crypto'
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AnnotationDocument } from '../../../model/annotation/index.ts'
import { UserError } from '../../../model/errors.ts'
import {
  parseSidecar,
  readSidecar,
  SidecarChanged,
  serialiseSidecar,
  writeSidecar,
} from '../../../model/formats/index.ts'
import { documents, emptyDocument, exampleDocument, ring } from './documents.ts'

let root: string
let folder: string
let path: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sidecar-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'case-'))
  path = join(folder, 'clip.siam.json')
})

/** The sentence of the error that reading a text ends with. */
function refusal(text: string): string {
  try {
    parseSidecar(text, 'clip.siam.json')
  } catch (error) {
    expect(error).toBeInstanceOf(UserError)
    return (error as UserError).message
  }
  return 'it was read'
}

function edited(document: AnnotationDocument): AnnotationDocument {
  const changed = parseSidecar(serialiseSidecar(document), 'copy')
  changed.apply({
    kind: 'setEntry',
    objectId: 1,
    frame: 7,
    entry: { state: 'keyframe', occluded: false, mask: ring(3, 3) },
  })
  return changed
}

describe('the text', () => {
  it('gives back every document, and the same text again', () => {
    fc.assert(
      fc.property(documents, (document) => {
        const text = serialiseSidecar(document)
        const back = parseSidecar(text, 'memory')
        expect(back.equals(document)).toBe(true)
        expect(serialiseSidecar(back)).toBe(text)
      }),
      { seed: 3, numRuns: 150 },
    )
  })

  it('is JSON with exactly one line per object and frame, so one change is one changed line', () => {
    fc.assert(
      fc.property(documents, (document) => {
        const text = serialiseSidecar(document)
        const data = JSON.parse(text) as { entries: { object: number; frame: number }[] }
        const rows = text.split('\n').filter((line) => line.startsWith('{"object":'))
        expect(rows.map((row) => JSON.parse(row.replace(/,$/, '')))).toEqual(data.entries)
        const keys = data.entries.map(({ object, frame }) => object * 1000 + frame)
        expect(keys).toEqual([...keys].sort((a, b) => a - b))
        expect(keys.length).toBe([...document.objects.keys()].flatMap((id) => document.frames(id)).length)
      }),
      { seed: 4, numRuns: 50 },
    )
    const before = serialiseSidecar(exampleDocument()).split('\n')
    const after = serialiseSidecar(edited(exampleDocument())).split('\n')
    expect(after.length).toBe(before.length + 1)
    expect(after.filter((line) => !before.includes(line))).toHaveLength(1)
  })

  it('does not depend on the order of the edits', () => {
    const settings = { z: 1, a: { y: 2, b: 3 } }
    const reversed = { a: { b: 3, y: 2 }, z: 1 }
    const [one, other] = [settings, reversed].map((value) => {
      const document = emptyDocument()
      document.apply({ kind: 'putRun', run: { ...document.runs.get(3)!, settings: value } })
      return serialiseSidecar(document)
    })
    expect(one).toBe(other)
  })

  it('is the same as in the file that was written by version 1', () => {
    expect(serialiseSidecar(exampleDocument())).toMatchInlineSnapshot(`
      "{
      "format": "siammae-annotations",
      "version": 1,
      "video": {"path":"../clips/été.mp4","hash":"sha256:12ab","frameCount":8,"width":13,"height":9},
      "labels": [
      {"id":1,"name":"car","colour":"#0080ff"},
      {"id":2,"name":"fish \\"gold\\"\\\\","colour":"#ff8000","skeleton":{"keypoints":["head","tail"],"edges":[[0,1]]}}
      ],
      "objects": [
      {"id":1,"name":"red car","label":1},
      {"id":2,"name":"blue car","label":1},
      {"id":7,"name":"goldie","label":2,"colour":"#112233"}
      ],
      "runs": [
      {"id":3,"model":{"name":"ViT-Ti/8","file":"starter.safetensors","hash":"sha256:00ff","trained":false},"device":"cpu","preset":"siammae","settings":{"context":20,"nested":{"a":null,"b":[1,2.5]},"topK":7},"direction":"both","range":[0,5],"date":"2026-01-02T03:04:05.000Z","tool":"siammae 0.1.0"}
      ],
      "entries": [
      {"object":1,"frame":0,"state":"keyframe","mask":"d05400MM03300d1"},
      {"object":1,"frame":1,"state":"propagated","run":3,"confidence":0.875,"mask":"m05400MM03300[1"},
      {"object":1,"frame":2,"state":"absent","by":"person"},
      {"object":2,"frame":0,"state":"keyframe","occluded":true,"mask":"V15400MM03300R1"},
      {"object":2,"frame":1,"state":"absent","by":"run","run":3,"confidence":0.5},
      {"object":2,"frame":2,"state":"absent","by":"person"},
      {"object":2,"frame":3,"state":"propagated","run":3,"confidence":0.3333333333333333,"occluded":true,"mask":"Q25400MM033007"},
      {"object":7,"frame":0,"state":"keyframe","keypoints":[[1.5,-0,"visible"],[0.30000000000000004,7,"occluded",0.25]]}
      ]
      }
      "
    `)
  })

  it('may have a byte order mark and Windows line ends', () => {
    const text = `\ufeff${serialiseSidecar(exampleDocument()).replaceAll('\n', '\r\n')}`
    expect(parseSidecar(text, 'a').equals(exampleDocument())).toBe(true)
  })
})

describe('a damaged text', () => {
  it('cut off anywhere is a sentence with the line and column', () => {
    const text = serialiseSidecar(exampleDocument())
    const end = text.trimEnd().length
    for (let length = 0; length < end; length++)
      expect(refusal(text.slice(0, length))).toMatch(
        /^The side-car clip\.siam\.json is damaged at line \d+, column \d+: .*; repair that place\.$/,
      )
  })

  it('with any character replaced or lost is refused with its place, or still a whole document', () => {
    const text = serialiseSidecar(exampleDocument())
    fc.assert(
      fc.property(
        fc.nat(text.length - 1),
        fc.constantFrom('', '"', '}', ']', '9', '-', '\u0000', 'a'),
        (at, by) => {
          const message = refusal(text.slice(0, at) + by + text.slice(at + 1))
          expect(message).toMatch(/^it was read$|damaged at line \d+, column \d+: |newer version/)
        },
      ),
      { seed: 5, numRuns: 600 },
    )
  })

  const line = (text: string, start: string) => text.split('\n').findIndex((row) => row.startsWith(start)) + 1
  const cases: [name: string, find: string, put: string, message: RegExp | string][] = [
    [
      'a frame beyond the video',
      '{"object":1,"frame":2',
      '{"object":1,"frame":8',
      'entries[2].frame: frame 8 is beyond the video, which has 8 frames',
    ],
    [
      'a negative frame',
      '{"object":1,"frame":2',
      '{"object":1,"frame":-2',
      'entries[2].frame: it is less than 0',
    ],
    [
      'a broken frame',
      '{"object":1,"frame":2',
      '{"object":1,"frame":2.5',
      'entries[2].frame: a whole number is expected',
    ],
    [
      'an unknown object',
      '{"object":1,"frame":2',
      '{"object":5,"frame":2',
      'entries[2].object: there is no object 5',
    ],
    [
      'an absurd object',
      '{"object":1,"frame":2',
      '{"object":256,"frame":2',
      'entries[2].object: it is more than 255',
    ],
    [
      'a second entry of a frame',
      '{"object":1,"frame":2',
      '{"object":1,"frame":1',
      'entries[2]: object 1 has two entries for frame 1',
    ],
    [
      'an unknown run',
      '"run":3,"confidence":0.875',
      '"run":4,"confidence":0.875',
      'entries[1].run: there is no run 4',
    ],
    [
      'a wrong confidence',
      '"confidence":0.875',
      '"confidence":1.875',
      'entries[1].confidence: it is more than 1',
    ],
    ['a number too large', '"confidence":0.875', '"confidence":1e999', 'a number is too large'],
    [
      'an unknown label',
      '"name":"red car","label":1',
      '"name":"red car","label":9',
      'objects[0].label: there is no label 9',
    ],
    [
      'two objects of one number',
      '{"id":2,"name":"blue car"',
      '{"id":1,"name":"blue car"',
      'objects[1].id: object 1 is there twice',
    ],
    ['a foreign character in a mask', '"mask":"', '"mask":"~', /entries\[0\]\.mask: /],
    ['an absurd picture', '"width":13', '"width":20000', 'video.width: it is more than 16384'],
    [
      'an absurd area',
      '"width":13,"height":9',
      '"width":16384,"height":16384',
      /video: its pictures have more than \d+ pixels/,
    ],
    [
      'an absurd frame count',
      '"frameCount":8',
      '"frameCount":1e12',
      'video.frameCount: it is more than 10000000',
    ],
    [
      'a missing keypoint',
      '[1.5,-0,"visible"],',
      '',
      'entries[7].keypoints: 1 keypoints do not fit the skeleton of object 7, which has 2',
    ],
    ['an edge to nowhere', '"edges":[[0,1]]', '"edges":[[0,2]]', /labels\[1\]: .*edge/],
    [
      'a field that is not known',
      '"state":"absent","by":"person"',
      '"state":"absent","by":"person","occuded":true',
      'entries[2].occuded: this field is not known',
    ],
    ['a missing field', '"frameCount":8,', '', 'video.frameCount: this field is missing'],
    [
      'a wrong state',
      '"state":"keyframe"',
      '"state":"key"',
      'entries[0].state: keyframe, propagated or absent is expected',
    ],
    ['a doubled key', '"state":"keyframe"', '"state":"keyframe","frame":0', 'the key "frame" is there twice'],
    [
      'a run outside of the video',
      '"range":[0,5]',
      '"range":[0,8]',
      'runs[0].range: 0 to 8 is no range of 8 frames',
    ],
    ['another kind of file', '"siammae-annotations"', '"coco"', 'format: '],
    [
      'a merge that was not finished',
      '{"object":1,"frame":2',
      '<<<<<<< HEAD\n{"object":1,"frame":2',
      'a value is expected',
    ],
  ]
  for (const [name, find, put, message] of cases)
    it(`${name} is named with its line`, () => {
      const text = serialiseSidecar(exampleDocument())
      expect(text).toContain(find)
      const said = refusal(text.replace(find, put))
      expect(said).toMatch(
        typeof message === 'string' ? new RegExp(message.replace(/[.[\]]/g, '\\$&')) : message,
      )
      const place = /damaged at line (\d+), column (\d+)/.exec(said)
      expect(Number(place?.[1])).toBe(text.slice(0, text.indexOf(find)).split('\n').length)
    })

  it('a mask of another size than the video is named with its line', () => {
    const text = serialiseSidecar(exampleDocument())
    const said = refusal(text.replace('"width":13', '"width":12'))
    expect(said).toMatch(/entries\[0\]\.mask: .*12x9/)
    expect(said).toContain(`at line ${line(text, '{"object":1,"frame":0')},`)
  })

  it('the column is that of the value', () => {
    const text = serialiseSidecar(exampleDocument())
    const row = line(text, '{"object":1,"frame":2')
    expect(refusal(text.replace('{"object":1,"frame":2', '{"object":1,"frame":8'))).toContain(
      `line ${row}, column 21: entries[2].frame`,
    )
  })

  it('nested without end is refused, not a stack overflow', () => {
    expect(refusal('['.repeat(1e6))).toContain('it is nested too deeply')
  })

  it('a newer version is refused by its number, also when its fields are unknown', () => {
    const text = serialiseSidecar(exampleDocument()).replace('"version": 1,', '"version": 2, "more": {},')
    expect(refusal(text)).toBe(
      'The side-car clip.siam.json was written by a newer version of this tool (format 2, this one reads up to 1); update the tool.',
    )
  })
})

describe('saving', () => {
  it('keeps the last good file as backup and leaves nothing else', async () => {
    const first = exampleDocument()
    await writeSidecar(path, first)
    expect(await readdir(folder)).toEqual(['clip.siam.json'])
    expect((await readSidecar(path)).equals(first)).toBe(true)
    const second = edited(first)
    await writeSidecar(path, second)
    expect((await readdir(folder)).sort()).toEqual(['clip.siam.json', 'clip.siam.json.bak'])
    expect((await readSidecar(path)).equals(second)).toBe(true)
    expect((await readSidecar(`${path}.bak`)).equals(first)).toBe(true)
  })

  it('the same again changes nothing, so the backup stays the state before', async () => {
    await writeSidecar(path, exampleDocument())
    await writeSidecar(path, edited(exampleDocument()))
    await writeSidecar(path, edited(exampleDocument()))
    expect((await readSidecar(`${path}.bak`)).equals(exampleDocument())).toBe(true)
  })

  it('never replaces a damaged file nor its good backup, and says where the backup is', async () => {
    await writeSidecar(path, exampleDocument())
    await writeSidecar(path, edited(exampleDocument()))
    const damaged = (await readFile(path, 'utf8')).slice(0, 900)
    await writeFile(path, damaged)
    const good = await readFile(`${path}.bak`, 'utf8')
    await expect(writeSidecar(path, exampleDocument())).rejects.toThrow(
      /^The side-car .* is damaged at line \d+, column \d+: .* and is not overwritten; .*use the backup .*\.bak, which is good\.$/,
    )
    await expect(readSidecar(path)).rejects.toThrow(
      /damaged at line .*use the backup .*\.bak, which is good\.$/,
    )
    expect(await readFile(path, 'utf8')).toBe(damaged)
    expect(await readFile(`${path}.bak`, 'utf8')).toBe(good)
    await rm(path)
    await expect(readSidecar(path)).rejects.toThrow(/does not exist, but its backup .* is good/)
  })

  it('does not check again what is known to be good, and checks everything else', async () => {
    const first = await writeSidecar(path, exampleDocument())
    expect(first).toBe(
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    )
    const before = await readFile(path, 'utf8')
    const second = await writeSidecar(path, edited(exampleDocument()), { good: first })
    expect(await readFile(`${path}.bak`, 'utf8')).toBe(before)
    // Damage after the last save is not what was known.
    const damaged = (await readFile(path, 'utf8')).slice(0, -30)
    await writeFile(path, damaged)
    await expect(writeSidecar(path, exampleDocument(), { good: second })).rejects.toThrow(
      'is not overwritten',
    )
    expect(await readFile(path, 'utf8')).toBe(damaged)
    expect(await readFile(`${path}.bak`, 'utf8')).toBe(before)
  })

  it('leaves alone what somebody else has written since the caller looked', async () => {
    const expected = await writeSidecar(path, emptyDocument())
    await writeSidecar(path, edited(exampleDocument()))
    const theirs = await readFile(path, 'utf8')
    for (const known of [expected, null])
      await expect(writeSidecar(path, exampleDocument(), { expected: known })).rejects.toThrow(SidecarChanged)
    expect(await readFile(path, 'utf8')).toBe(theirs)
    // What is to be saved is there already.
    await writeSidecar(path, edited(exampleDocument()), { expected })
    await rm(path)
    await writeSidecar(path, exampleDocument(), { expected })
    expect((await readSidecar(path)).equals(exampleDocument())).toBe(true)
  })

  it('says when there is no backup, or a damaged one', async () => {
    await writeFile(path, '')
    await expect(readSidecar(path)).rejects.toThrow(
      'line 1, column 1: it is empty; repair that place, or start again in a new file (there is no backup).',
    )
    await writeFile(`${path}.bak`, '{')
    await expect(readSidecar(path)).rejects.toThrow('is damaged too')
  })

  it('does not overwrite the file of a newer version', async () => {
    const text = serialiseSidecar(exampleDocument()).replace('"version": 1', '"version": 9')
    await writeFile(path, text)
    await expect(writeSidecar(path, exampleDocument())).rejects.toThrow('newer version')
    expect(await readFile(path, 'utf8')).toBe(text)
  })

  it('refuses what would not read back, before touching anything', async () => {
    await writeSidecar(path, exampleDocument())
    const before = await readFile(path, 'utf8')
    const bad = exampleDocument()
    bad.apply({ kind: 'putRun', run: { ...bad.runs.get(3)!, settings: { temperature: Number.NaN } } })
    await expect(writeSidecar(path, bad)).rejects.toThrow(
      /^Cannot save the side-car .* the file is left as it was/,
    )
    expect(await readFile(path, 'utf8')).toBe(before)
    expect(await readdir(folder)).toEqual(['clip.siam.json'])
  })

  it('refuses what would be too large to be opened again, before touching anything', async () => {
    await writeSidecar(path, emptyDocument())
    const before = await readFile(path, 'utf8')
    await expect(writeSidecar(path, exampleDocument(), { most: before.length })).rejects.toThrow(
      /larger than 0 MiB and could not be opened again; delete .* The file is left as it was\./,
    )
    expect(await readFile(path, 'utf8')).toBe(before)
    expect(await readdir(folder)).toEqual(['clip.siam.json'])
  })

  it.skipIf(process.platform === 'win32')(
    'follows a link, and keeps the permissions of a shared file',
    async () => {
      const shared = join(folder, 'repository.siam.json')
      await writeSidecar(shared, emptyDocument())
      await chmod(shared, 0o664)
      await symlink(shared, path)
      await writeSidecar(path, exampleDocument())
      expect((await lstat(path)).isSymbolicLink()).toBe(true)
      expect((await readSidecar(shared)).equals(exampleDocument())).toBe(true)
      expect((await stat(shared)).mode & 0o777).toBe(0o664)
    },
  )

  it('a place that cannot be written is one sentence', async () => {
    await writeFile(join(folder, 'file'), '')
    await mkdir(join(folder, 'taken.siam.json'))
    for (const bad of ['file/clip.siam.json', 'none/clip.siam.json', 'taken.siam.json'])
      await expect(writeSidecar(join(folder, bad), exampleDocument())).rejects.toThrow(UserError)
    expect((await readdir(folder)).sort()).toEqual(['file', 'taken.siam.json'])
  })

  it('bytes that are no text are named with their place', async () => {
    await writeSidecar(path, exampleDocument())
    const bytes = await readFile(path)
    const at = bytes.indexOf('"objects"')
    bytes[at + 3] = 0xff
    await writeFile(path, bytes)
    const row = bytes.subarray(0, at).toString('latin1').split('\n').length
    await expect(readSidecar(path)).rejects.toThrow(`line ${row}, column 4: a byte there is no UTF-8 text`)
  })
})
