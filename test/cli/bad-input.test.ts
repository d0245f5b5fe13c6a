/** Every bad input ends with one sentence that names the file and what to do, and leaves nothing behind. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeIndexedPng } from '../../model/formats/index.ts'
import { root, siammae } from '../support/cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'siammae-bad-'))
afterAll(() => rm(folder, { recursive: true, force: true }))
const file = (...parts: string[]): string => join(folder, ...parts)

const sample = join(root, 'media', 'sample.mp4')
const mask = join(root, 'media', 'sample', 'first-mask.png')
const starter = join(root, 'media', 'models', 'starter.safetensors')

beforeAll(async () => {
  await writeFile(file('text.mp4'), 'this is no video\n'.repeat(100))
  await writeFile(file('empty.mp4'), '')
  await mkdir(file('no-pictures'))
  await writeFile(file('file'), 'a file, not a folder')
  await writeIndexedPng(file('small.png'), { width: 32, height: 32, indices: new Uint8Array(1024).fill(1) })
  await writeIndexedPng(file('blank.png'), { width: 640, height: 360, indices: new Uint8Array(640 * 360) })
  const deep = sharp({ create: { width: 640, height: 360, channels: 3, background: '#000' } }).toColourspace(
    'grey16',
  )
  await deep.png().toFile(file('deep.png'))
  await writeFile(
    file('outside.json'),
    JSON.stringify({ keypoints: [{ name: 'nose', x: 700, y: 10, visible: true }] }),
  )
  await writeFile(file('broken.json'), '{"keypoints": [')
  await writeFile(file('wrong.json'), JSON.stringify({ points: [] }))
  const model = readFileSync(starter)
  await writeFile(file('cut.safetensors'), model.subarray(0, model.length / 2))
  // Without -movflags the index is written at the end, so a cut file has lost it.
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', sample, '-c', 'copy', file('cut.mp4')])
  await truncate(file('cut.mp4'), 200_000)
  const sidecar = '{"schema": 1, "video": {"path": "sample.mp4"\n, "objects": [oops'
  await writeFile(file('damaged.siam.json'), sidecar)
})

const propagate = (video: string, init: string, ...more: string[]) => [
  'propagate',
  video,
  '--init',
  init,
  '--device',
  'cpu',
  ...more,
]

const cases: [name: string, args: () => string[], code: number, message: RegExp][] = [
  [
    'a missing video',
    () => propagate(file('none.mp4'), mask),
    1,
    /none\.mp4.*(does not exist|check the path)/,
  ],
  ['a file that is no video', () => propagate(file('text.mp4'), mask), 1, /text\.mp4/],
  ['an empty file', () => propagate(file('empty.mp4'), mask), 1, /empty\.mp4 is empty/],
  ['a folder without pictures', () => propagate(file('no-pictures'), mask), 1, /no-pictures/],
  ['a video cut before its index', () => propagate(file('cut.mp4'), mask), 1, /cut\.mp4/],
  [
    'a mask of another size',
    () => propagate(sample, file('small.png')),
    1,
    /small\.png is 32x32 and the video 640x360/,
  ],
  ['a mask with no object', () => propagate(sample, file('blank.png')), 1, /blank\.png marks no object/],
  [
    'a mask for more than 255 objects',
    () => propagate(sample, file('deep.png')),
    1,
    /deep\.png.*16 bits.*255 objects/,
  ],
  ['a missing mask', () => propagate(sample, file('none.png')), 1, /none\.png/],
  [
    'a keypoint outside the frame',
    () => propagate(sample, file('outside.json')),
    1,
    /keypoint nose is at \(700, 10\), outside/,
  ],
  ['keypoints that are no JSON', () => propagate(sample, file('broken.json')), 1, /broken\.json is not JSON/],
  [
    'JSON without keypoints',
    () => propagate(sample, file('wrong.json')),
    1,
    /wrong\.json holds no keypoints/,
  ],
  [
    'an init frame outside the video',
    () => propagate(sample, `${mask}@100`),
    2,
    /no frame 100; its frames are 0 to 99/,
  ],
  [
    'an init frame outside the range',
    () => propagate(sample, mask, '--range', '5:9'),
    2,
    /frame 0 is outside the frames 5 to 9/,
  ],
  [
    'a damaged model',
    () => propagate(sample, mask, '--model', file('cut.safetensors')),
    1,
    /cut\.safetensors is not a sound safetensors file/,
  ],
  [
    'a model that is none',
    () => propagate(sample, mask, '--model', mask),
    1,
    /first-mask\.png is not a sound safetensors file/,
  ],
  [
    'a missing model',
    () => propagate(sample, mask, '--model', file('none.safetensors')),
    1,
    /none\.safetensors: it does not exist/,
  ],
  ['an unknown device', () => [...propagate(sample, mask), '--device', 'tpu'], 2, /no device "tpu"/],
  [
    'a device that is not there',
    () => [...propagate(sample, mask), '--device', 'coreml'],
    1,
    /"coreml" does not work here/,
  ],
  [
    'a preset that does not exist',
    () => propagate(sample, mask, '--preset', 'best'),
    2,
    /--preset.*siammae, cropmae, dino/,
  ],
  ['a setting out of bounds', () => propagate(sample, mask, '--top-k', '0'), 2, /--top-k/],
  ['a range backwards', () => propagate(sample, mask, '--range', '9:5'), 2, /--range "9:5"/],
  ['a size that is none', () => propagate(sample, mask, '--size', 'big'), 2, /--size "big"/],
  [
    'a size beyond what the network can see',
    () => propagate(sample, mask, '--size', '4096'),
    2,
    /465,920 patches.*at most 32,768.*a size of 1080 or less.*\(--size\)\.$/m,
  ],
  [
    'a name that is too long',
    () => propagate(sample, file('x'.repeat(300))),
    1,
    /xxx: its name is too long; choose a shorter one/,
  ],
  [
    'a side-car damaged in the middle',
    () => propagate(sample, file('damaged.siam.json')),
    1,
    /damaged\.siam\.json.*line 2/s,
  ],
  ['no init', () => ['propagate', sample], 2, /--init/],
  ['an unknown command', () => ['paint', sample], 2, /unknown command/],
  ['an unknown option', () => ['info', sample, '--colour'], 2, /unknown option/],
]

describe('bad input', () => {
  it.each(cases)('%s', async (name, args, code, message) => {
    const out = file('out', name.replaceAll(/\W+/g, '-'))
    const full = args().includes('propagate') ? [...args(), '--out', out] : args()
    const result = await siammae(full)
    expect(result.stderr).toMatch(message)
    expect(result.code).toBe(code)
    expect(result.stderr).not.toMatch(/\n {4}at /)
    expect(result.stderr.split('\n').filter((line) => /^error:/i.test(line))).toHaveLength(1)
    expect(result.stdout).toBe('')
    if (existsSync(out)) expect(readdirSync(out)).toEqual([])
  })

  it('an output folder that cannot be written', async () => {
    const result = await siammae([...propagate(sample, mask), '--out', file('file', 'out')])
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expect(result.stderr).toMatch(/Error: .*out.*(not a folder|folder)/)
  })

  it('ffmpeg missing: the one command to run', async () => {
    const env = { PATH: '/nonexistent', SIAMMAE_FFMPEG: undefined }
    const result = await siammae(['info', sample], { env })
    // Where ffmpeg-static could be installed there is an ffmpeg without the PATH.
    if (result.code === 0) return
    expect(result.code).toBe(1)
    expect(result.stderr).toMatch(/ffmpeg.*install/is)
  })

  it('auto passes over what does not work and says so', async () => {
    const result = await siammae(['features', mask, '--out', file('f.safetensors'), '--size', '64'], {
      env: { VK_ICD_FILENAMES: '/nonexistent', VK_DRIVER_FILES: '/nonexistent' },
    })
    expect(result.code).toBe(0)
    if (process.platform === 'linux') expect(result.stderr).toMatch(/Note: Device cuda is not usable/)
    expect(result.stdout).toMatch(/starter\.safetensors/)
    expect(result.stdout + result.stderr).not.toMatch(/untrained/)
  })

  it('a truncated video that still has frames: works, with a warning', async () => {
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', sample, '-c', 'copy', file('cut.mkv')])
    await truncate(file('cut.mkv'), 300_000)
    const result = await siammae(['info', file('cut.mkv'), '--json'])
    expect(result.code).toBe(0)
    const table = JSON.parse(result.stdout)
    expect(table.frames.length).toBeGreaterThan(5)
    expect(table.frames.length).toBeLessThan(100)
    expect(result.stderr).toMatch(/Warning: /)
  })
})

const small = file('small-disk')
const mounted =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('sh', ['-c', `mkdir -p ${small} && mount -t tmpfs -o size=48k tmpfs ${small}`]).status === 0
afterAll(() => {
  if (mounted) spawnSync('umount', [small])
})

describe('a full disk', () => {
  it.skipIf(!mounted)(
    'in the middle of the work: one sentence, nothing half-written [needs root to mount one]',
    async () => {
      const video = file('short')
      const args = ['frames', sample, '--out', video, '--index', '0,1,2,3,4,5']
      expect((await siammae(args)).code).toBe(0)
      const result = await siammae([...propagate(video, mask), '--size', '64', '--out', small])
      const readable = readdirSync(small).filter((name) => !name.startsWith('.'))
      const full = await siammae(['frames', sample, '--out', join(small, 'frames')])
      expect(full.code).toBe(1)
      expect(full.stderr).toMatch(
        /Error: Cannot write .*small-disk.*: the disk is full; free some space and run again\./,
      )
      for (const name of readdirSync(join(small, 'frames'))) await sharp(join(small, 'frames', name)).stats()
      // The first run fitted or not; what it left is whole either way.
      if (result.code !== 0) expect(result.stderr).toMatch(/the disk is full/)
      for (const name of readable.filter((entry) => entry.endsWith('.json')))
        JSON.parse(readFileSync(join(small, name), 'utf8'))
    },
  )
})

describe('the other commands', () => {
  it('every command has --help', async () => {
    for (const args of [
      [],
      ['info'],
      ['frames'],
      ['features'],
      ['propagate'],
      ['score'],
      ['score', 'davis'],
      ['doctor'],
    ]) {
      const result = await siammae([...args, '--help'])
      expect(result.code).toBe(0)
      expect(result.stdout).toContain('Usage: siammae')
    }
  })

  it('info and frames agree on what frame n is', async () => {
    const info = await siammae(['info', sample, '--json'])
    expect(JSON.parse(info.stdout).frames).toHaveLength(100)
    const out = file('frames')
    const result = await siammae(['frames', sample, '--out', out, '--index', '0,42,99', '--format', 'png'])
    expect(result.code).toBe(0)
    expect(readdirSync(out).sort()).toEqual(['00000.png', '00042.png', '00099.png'])
    const wrong = await siammae(['frames', sample, '--out', out, '--index', '100'])
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toMatch(/no frame 100/)
  })

  it('doctor answers in JSON what it says in words', async () => {
    const result = await siammae(['doctor', '--json'])
    const report = JSON.parse(result.stdout)
    expect(report.healthy).toBe(true)
    expect(result.code).toBe(0)
    expect(report.devices.find((probe: { device: string }) => probe.device === 'cpu').ok).toBe(true)
    expect(report.ffmpeg.version).toMatch(/\d/)
    expect(report.model.trained).toBe(true)
  })
})
