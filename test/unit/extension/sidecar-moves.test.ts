/** Protects: a side-car goes along with its own video only, to where it is looked for, and never over another file. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { sidecarOf } from '../../../extension/document/locate-video.ts'
import {
  type Move,
  renamedVideo,
  sidecarMoves,
  withLastGood,
} from '../../../extension/document/sidecar-moves.ts'
import { temporaryFolder } from './files.ts'

const root = temporaryFolder()
let folders = 0
let folder: string

beforeEach(() => {
  folder = join(root, `${++folders}`)
  mkdirSync(join(folder, 'elsewhere'), { recursive: true })
})

const at = (...names: string[]) => join(folder, ...names)
const put = (name: string, content = '') => writeFileSync(at(name), content)
const sidecar = (name: string, video: string) =>
  put(name, `{\n"format": "siammae-annotations",\n"version": 1,\n"video": {"path":"${video}","hash":""}\n}`)
const move = (from: string, to: string): Move => ({ from: at(from), to: at(to) })

/** Does what VS Code does with a rename, and what goes along. */
async function rename(...moves: Move[]): Promise<Move[]> {
  const along = await sidecarMoves(moves)
  for (const { from, to } of [...along, ...moves]) renameSync(from, to)
  return [...along, ...moves]
}

describe('The side-car of a renamed video', () => {
  it('has the new name beside it, in another folder as well', async () => {
    put('clip.mp4')
    sidecar('clip.siam.json', 'clip.mp4')
    expect(await sidecarMoves([move('clip.mp4', 'koi.mp4')])).toEqual([
      move('clip.siam.json', 'koi.siam.json'),
    ])
    expect(await sidecarMoves([move('clip.mp4', 'elsewhere/clip.mp4')])).toEqual([
      move('clip.siam.json', 'elsewhere/clip.siam.json'),
    ])
    expect(await sidecarMoves([move('clip.mp4', 'clip.mov')])).toEqual([])
  })

  it('goes along with a folder of images, whose name may have a dot', async () => {
    mkdirSync(at('run.1'))
    sidecar('run.1.siam.json', 'run.1')
    expect(await sidecarMoves([move('run.1', 'run.2')])).toEqual([move('run.1.siam.json', 'run.2.siam.json')])
  })

  it('stays where it is another video’s, or does not tell whose it is', async () => {
    put('clip.mp4')
    put('notes.txt')
    sidecar('notes.siam.json', 'clip.mp4')
    sidecar('gone.siam.json', 'gone.mp4')
    put('clip.siam.json', '{"video": {"pa')
    expect(
      await sidecarMoves([move('clip.mp4', 'a.mp4'), move('notes.txt', 'b.txt'), move('elsewhere', 'gone')]),
    ).toEqual([])
  })

  it('stays where it moves by itself already', async () => {
    put('clip.mp4')
    sidecar('clip.siam.json', 'clip.mp4')
    expect(
      await sidecarMoves([
        move('clip.mp4', 'elsewhere/clip.mp4'),
        move('clip.siam.json', 'elsewhere/clip.siam.json'),
      ]),
    ).toEqual([])
    expect(await sidecarMoves([{ from: folder, to: `${folder} moved` }])).toEqual([])
  })

  it('stays where another one, or what is left of one, lies at the new place', async () => {
    put('clip.mp4')
    sidecar('clip.siam.json', 'clip.mp4')
    sidecar('a.siam.json', 'a.mp4')
    put('b.siam.json.bak')
    expect(await sidecarMoves([move('clip.mp4', 'a.mp4')])).toEqual([])
    expect(await sidecarMoves([move('clip.mp4', 'b.mp4')])).toEqual([])
  })

  it('has its longer name where another video of that stem has the shorter, and is found in both', async () => {
    put('clip.mp4')
    put('clip.mov')
    sidecar('clip.siam.json', 'clip.mp4')
    sidecar('clip.mov.siam.json', 'clip.mov')
    const moves = [move('clip.mov', 'elsewhere/clip.mov'), move('clip.mp4', 'elsewhere/clip.mp4')]
    expect(await rename(...moves)).toEqual([
      move('clip.mov.siam.json', 'elsewhere/clip.siam.json'),
      move('clip.siam.json', 'elsewhere/clip.mp4.siam.json'),
      ...moves,
    ])
    expect((await sidecarOf(at('elsewhere', 'clip.mov'))).path).toBe(at('elsewhere', 'clip.siam.json'))
    expect((await sidecarOf(at('elsewhere', 'clip.mp4'))).path).toBe(at('elsewhere', 'clip.mp4.siam.json'))
  })

  it('goes along from its longer name when the other video of that stem is gone', async () => {
    put('left.mov')
    sidecar('left.mov.siam.json', 'left.mov')
    expect(await rename(move('left.mov', 'right.mov'))).toEqual([
      move('left.mov.siam.json', 'right.siam.json'),
      move('left.mov', 'right.mov'),
    ])
  })

  it('takes its last good file along', async () => {
    put('a.siam.json.bak')
    const moves = [move('a.siam.json', 'c.siam.json'), move('b.siam.json', 'd.siam.json')]
    expect(await withLastGood(moves)).toEqual([...moves, move('a.siam.json.bak', 'c.siam.json.bak')])
  })
})

describe('A side-car that went along', () => {
  it('still names the video as it was called, until the rename is known; also in another folder', async () => {
    put('clip.mp4')
    sidecar('clip.siam.json', 'clip.mp4')
    const moves = await rename(move('clip.mp4', 'elsewhere/koi.mp4'))
    const moved = at('elsewhere', 'koi.siam.json')
    expect(await renamedVideo(moved, moves)).toBe(at('elsewhere', 'koi.mp4'))
    expect(await renamedVideo(moved, [])).toBeUndefined()
    // It lay there before, and names another video that is gone.
    expect(await renamedVideo(moved, [move('clip.mp4', 'elsewhere/koi.mp4')])).toBeUndefined()
  })

  it('names its video where that has kept its name', async () => {
    put('clip.mp4')
    sidecar('clip.siam.json', 'clip.mp4')
    const moves = await rename(move('clip.mp4', 'elsewhere/clip.mp4'))
    expect(await renamedVideo(at('elsewhere', 'clip.siam.json'), moves)).toBeUndefined()
  })
})
