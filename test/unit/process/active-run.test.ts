/** Frames that a run only walks through give no result: it can rest there, and its rate is not theirs. */
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, expect, it, vi } from 'vitest'
import { ActiveRun } from '../../../model/process/active-run.ts'
import { RunEntries } from '../../../model/process/run-entries.ts'
import type { RunProgress } from '../../../model/process/surface.ts'
import type { FrameResult, Propagation } from '../../../model/propagation/index.ts'

afterEach(() => vi.restoreAllMocks())

/** A run of these steps, each of a second: a frame with a result, or one that is walked through. */
function follow(active: ActiveRun, steps: readonly (number | 'walked')[]) {
  let now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  const progress: RunProgress[] = []
  const walked = { count: 0 }
  async function* results(): AsyncGenerator<FrameResult> {
    for (const step of steps) {
      await wait(1)
      now += 1000
      if (step === 'walked') {
        walked.count++
        await active.walked()
      } else yield { kind: 'masks', frame: step, layers: [], seconds: 1, provisional: false }
    }
  }
  const total = steps.filter((step) => step !== 'walked').length
  const job: Propagation = { total, small: { spots: [], fading: [] }, results: results() }
  const ended = active.follow(job, new RunEntries(1, [], []), (_, each) => progress.push(each))
  return { ended, progress, walked }
}

it('a run that is paused on its way into the range rests there', async () => {
  const active = new ActiveRun()
  const run = follow(active, [...Array(20).fill('walked'), 60])
  await wait(5)
  await active.pause()
  const { count } = run.walked
  expect(count).toBeLessThan(20)
  await wait(50)
  expect(run.walked.count).toBe(count)
  active.resume()
  expect(await run.ended).toEqual({ reason: 'done' })
  expect(run.progress.map(({ frame }) => frame)).toEqual([60])
})

it('frames that are walked through are no slow result', async () => {
  const run = follow(new ActiveRun(), [1, 2, 3, ...Array(30).fill('walked'), 7, 8])
  await run.ended
  expect(run.progress.map(({ framesPerSecond }) => framesPerSecond)).toEqual([undefined, 1, 1, 1, 1])
})
