/**
 * Makes clips to train on: `node dist/make-training-clips.js <folder> [--count 400] [--seed 1] [--frames 32]
 * [--size 256 | --size 480x854] [--masks] [--jobs 2]`. See README.md in this folder.
 */
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { messageOf, UsageError, UserError } from '../model/errors.ts'
import { makeFolder } from '../model/files.ts'
import { type ClipsOptions, writeClip, writeSetList } from './make-training-clips/write-clips.ts'

interface Job {
  readonly options: ClipsOptions
  /** Draws the clips `first`, `first + step`, ... */
  readonly first: number
  readonly step: number
}

async function main(): Promise<void> {
  const { options, jobs } = readArguments(process.argv.slice(2))
  await makeFolder(options.folder)
  const start = performance.now()
  let done = 0
  const workers = Array.from({ length: Math.min(jobs, options.count) }, async (_, first) => {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { options, first, step: jobs } satisfies Job,
    })
    worker.on('message', (name: string) => {
      done++
      const seconds = (performance.now() - start) / 1000
      const left = Math.round((seconds / done) * (options.count - done))
      console.log(`${name} (${done} of ${options.count}, about ${left} s left)`)
    })
    // Rejects with the error that the worker threw.
    const [code] = await once(worker, 'exit')
    if (code !== 0) throw new UserError('A worker thread ended early; see the messages above.')
  })
  await Promise.all(workers)
  if (options.masks) await writeSetList(options)
  const perFrame = (performance.now() - start) / (options.count * options.frames)
  console.log(`wrote ${options.count} clips to ${options.folder}, ${perFrame.toFixed(1)} ms per frame`)
}

function readArguments(args: string[]): { options: ClipsOptions; jobs: number } {
  const { values, positionals } = parseOptions(args)
  const [folder, ...rest] = positionals
  if (folder === undefined || rest.length > 0) throw new UsageError('Name one folder to write the clips to.')
  const size = /^(\d+)(?:x(\d+))?$/.exec(values.size)
  if (!size)
    throw new UsageError(
      `--size ${values.size} is neither a side such as 256 nor HEIGHTxWIDTH such as 480x854.`,
    )
  const height = whole('size', size[1]!, 32, 2048)
  const width = whole('size', size[2] ?? size[1]!, 32, 2048)
  return {
    options: {
      folder,
      count: whole('count', values.count, 1, 9999),
      seed: whole('seed', values.seed, 0, 4294967295),
      frames: whole('frames', values.frames, 1, 10_000),
      width,
      height,
      masks: values.masks,
    },
    jobs: whole('jobs', values.jobs, 1, 64),
  }
}

/** @throws UsageError for an option that there is not */
function parseOptions(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        count: { type: 'string', default: '400' },
        seed: { type: 'string', default: '1' },
        frames: { type: 'string', default: '32' },
        size: { type: 'string', default: '256' },
        masks: { type: 'boolean', default: false },
        jobs: { type: 'string', default: String(Math.min(2, availableParallelism())) },
      },
    })
  } catch (error) {
    throw new UsageError(messageOf(error))
  }
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least || value > most)
    throw new UsageError(`--${name} ${text} is not a whole number from ${least} to ${most}.`)
  return value
}

async function work({ options, first, step }: Job): Promise<void> {
  for (let index = first; index < options.count; index += step)
    parentPort!.postMessage(await writeClip(index, options))
}

const run = isMainThread ? main() : work(workerData as Job)
run.catch((error) => {
  console.error(error instanceof UserError || error instanceof UsageError ? messageOf(error) : error)
  process.exitCode = 1
})
