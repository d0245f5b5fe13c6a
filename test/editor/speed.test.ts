/** From key press to the next frame on screen, and memory of the extension host, on a clip of 3,000 frames. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Frame } from 'playwright-core'
import { expect, it } from 'vitest'
import { createDocument } from '../../model/annotation/index.ts'
import { writeSidecar } from '../../model/formats/index.ts'
import { memoryOf, processesOf } from './driver/processes.ts'
import type { AnnotatorView } from './driver/view.ts'
import { editorSuite } from './support/suite.ts'
import { SAMPLE } from './support/truth.ts'
import { until } from './support/until.ts'

const FRAMES = 3000
/** Milliseconds. This prints what it measures; it fails only where something hangs, whatever else the machine does. */
const HANGS = 3000
/** Every so many frames there is a keyframe to jump to: too far for anything to have been fetched ahead. */
const JUMP = 71
/** Long enough for the frames of the jumps to have been made ready. */
const REST_MS = 60_000

async function longClip(folder: string): Promise<void> {
  const video = [
    '-vf',
    'scale=854:480',
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-g',
    '25',
    '-pix_fmt',
    'yuv420p',
  ]
  const input = ['-v', 'error', '-stream_loop', '29', '-i', SAMPLE]
  execFileSync('ffmpeg', [...input, ...video, join(folder, 'long.mp4')])
  const document = createDocument({ path: 'long.mp4', hash: '', frameCount: FRAMES, width: 854, height: 480 })
  document.apply({ kind: 'putLabel', label: { id: 1, name: 'koi', colour: '#ff00ff' } })
  document.apply({ kind: 'putObject', object: { id: 1, name: 'a koi', labelId: 1 } })
  for (let frame = 0; frame < FRAMES; frame += JUMP)
    document.apply({ kind: 'setEntry', objectId: 1, frame, entry: { state: 'keyframe', occluded: true } })
  await writeSidecar(join(folder, 'long.siam.json'), document)
}

/**
 * Makes the page note, for every frame that comes on screen, the time since the key press before it, and tell when one
 * has come: asking again and again would take the processor from what is measured.
 */
async function listen(frame: Frame): Promise<void> {
  await frame.evaluate(`(() => {
    window.times = []
    let pressed = 0
    let arrived = () => {}
    const stage = document.querySelector('.stage')
    window.shows = async (frame) => {
      while (Number(stage.dataset.frame) !== frame) await new Promise((resolve) => { arrived = resolve })
    }
    addEventListener('keydown', (event) => { pressed = event.timeStamp }, true)
    new MutationObserver(() => {
      window.times.push(performance.now() - pressed)
      arrived()
    }).observe(stage, { attributes: true, attributeFilter: ['data-frame'] })
  })()`)
}

async function times(
  view: AnnotatorView,
  key: string,
  presses: number,
  by: number,
  pause = 0,
): Promise<number[]> {
  const start = (await view.shown())!
  await view.frame.evaluate('window.times.length = 0')
  for (let press = 1; press <= presses; press++) {
    if (pause > 0) await sleep(pause)
    await view.key(key)
    await view.frame.evaluate(`window.shows(${start + press * by})`)
  }
  return (await view.frame.evaluate('window.times')) as number[]
}

/**
 * To the frame behind one that a far jump has led to the moment before, from where somebody has looked for a second: nothing
 * of what lies around it was fetched.
 */
async function timesBehindJumps(view: AnnotatorView, presses: number): Promise<number[]> {
  const measured: number[] = []
  for (let press = 0; press < presses; press++) {
    const at = Math.floor((await view.shown())! / JUMP + 1) * JUMP
    await sleep(1000)
    await view.key('Alt+ArrowRight')
    await view.frame.evaluate(`window.shows(${at})`)
    await view.frame.evaluate('window.times.length = 0')
    await view.key('ArrowRight')
    await view.frame.evaluate(`window.shows(${at + 1})`)
    measured.push(...((await view.frame.evaluate('window.times')) as number[]))
  }
  return measured
}

function report(what: string, values: readonly number[]): { median: number; high: number } {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!
  const [median, high] = [at(0.5), at(0.99)]
  console.log(
    `${what}: median ${median.toFixed(0)} ms, 99th percentile ${high.toFixed(0)} ms (${values.length} presses)`,
  )
  return { median, high }
}

editorSuite('speed', { prepare: longClip }, (place) => {
  let view: AnnotatorView

  it('shows a cached frame soon after the key press', async () => {
    const { workbench } = place()
    await workbench.open('long.siam.json')
    view = await workbench.view()
    await view.waitForFrame(0)
    await listen(view.frame)
    // There and back: on the way back every frame was on screen before.
    await times(view, 'ArrowRight', 60, 1)
    const cached = report('key press to frame, cached', await times(view, 'ArrowLeft', 60, -1))
    expect(cached.median).toBeLessThan(HANGS)
  })

  it('shows an uncached frame soon after the key press', async () => {
    report('key press to frame, next keyframe after 1 s', await times(view, 'Alt+ArrowRight', 12, JUMP, 1000))
    // Too short for anything to be fetched meanwhile.
    const uncached = report(
      'key press to frame, uncached, far jumps 0.2 s apart',
      await times(view, 'Alt+ArrowRight', 15, JUMP, 200),
    )
    report('key press to frame, uncached, far jumps at once', await times(view, 'Alt+ArrowRight', 12, JUMP))
    expect(uncached.median).toBeLessThan(HANGS)
  })

  it('shows the frame behind one that was jumped to soon after the key press', async () => {
    // Back to where the last jumps went, one right after the other.
    await place().workbench.goTo(27 * JUMP)
    await view.waitForFrame(27 * JUMP)
    const behind = report(
      'key press to the next frame, uncached, right after a far jump',
      await timesBehindJumps(view, 12),
    )
    expect(behind.median).toBeLessThan(HANGS)
  })

  it('shows a far frame soon for somebody who has rested', async () => {
    await view.key('Home')
    await view.waitForFrame(0)
    await sleep(REST_MS)
    const rested = report(
      `key press to frame, far jumps after ${REST_MS / 1000} s of rest`,
      await times(view, 'Alt+ArrowRight', 12, JUMP),
    )
    expect(rested.median).toBeLessThan(HANGS)
  })

  it('shows the next keyframe soon for somebody who looks at each', async () => {
    const looked = report(
      'key press to frame, next keyframe after 3 s',
      await times(view, 'Alt+ArrowRight', 8, JUMP, 3000),
    )
    expect(looked.median).toBeLessThan(HANGS)
  })

  it.skipIf(process.platform !== 'linux')(
    'keeps the memory of the extension host while scrubbing',
    async () => {
      const { workbench } = place()
      const host = processesOf(workbench.server.group).find(({ command }) =>
        /--type=extensionHost/.test(command),
      )
      expect(host).toBeDefined()
      const before = memoryOf(host!.id)
      await view.key('Home')
      await view.waitForFrame(0)
      const start = performance.now()
      for (let frame = 0; frame < FRAMES - 10; frame += 10) await view.key('Shift+ArrowRight')
      await view.waitForFrame(FRAMES - 10)
      const grown = memoryOf(host!.id) - before
      const seconds = (performance.now() - start) / 1000
      console.log(
        `scrubbing over ${FRAMES} frames: ${seconds.toFixed(1)} s, memory of the extension host ${grown.toFixed(0)} MB more`,
      )
      await until('the right frame', async () => (await view.shown()) === FRAMES - 10)
      expect(grown).toBeLessThan(100)
    },
  )
})
