/** Protects: what a person cancels is not done, also when the cancel comes before its work. */
import { expect, it, vi } from 'vitest'
import { CancelledError } from '../../../model/errors.ts'
import { NamedJobs } from '../../../model/process/named-jobs.ts'

/** Goes on until it is told to stop. */
function untilStopped(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new CancelledError()))
  })
}

it('work under way is stopped by its name alone, and has ended when the cancel is answered', async () => {
  const jobs = new NamedJobs('export')
  let ended = false
  const stopped = jobs.run('a', untilStopped).catch((error: unknown) => {
    ended = true
    return error
  })
  await jobs.cancel('b')
  expect(ended).toBe(false)
  await jobs.cancel('a')
  expect(ended).toBe(true)
  expect(await stopped).toBeInstanceOf(CancelledError)
})

it('a cancel that comes before its work keeps that from beginning, and nothing else', async () => {
  const jobs = new NamedJobs('export')
  const work = vi.fn(async () => 'done')
  await jobs.cancel('a')
  await expect(jobs.run('a', work)).rejects.toBeInstanceOf(CancelledError)
  expect(work).not.toHaveBeenCalled()
  expect(await jobs.run('a', work)).toBe('done')
  expect(await jobs.run('b', work)).toBe('done')
})

it('cancels whose work never comes are forgotten after some more of them', async () => {
  const jobs = new NamedJobs('export')
  for (let n = 0; n < 100; n++) await jobs.cancel(`job ${n}`)
  expect(await jobs.run('job 0', async () => 'done')).toBe('done')
  await expect(jobs.run('job 99', async () => 'done')).rejects.toBeInstanceOf(CancelledError)
})
