/** Entry point of the command line. Exit codes: 0 done, 1 the work failed, 2 wrong use, 130 stopped by Ctrl-C. */
import { Command, CommanderError } from 'commander'
import { CancelledError, messageOf, UserError } from '../errors.ts'
import { toolVersion } from '../installation/index.ts'
import { datasetCommand } from './commands/dataset.ts'
import { doctorCommand } from './commands/doctor.ts'
import { evalCommand } from './commands/eval.ts'
import { exportCommand } from './commands/export.ts'
import { featuresCommand } from './commands/features.ts'
import { framesCommand } from './commands/frames.ts'
import { importModelCommand } from './commands/import-model.ts'
import { infoCommand } from './commands/info.ts'
import { inspectCommand } from './commands/inspect.ts'
import { previewCommand } from './commands/preview.ts'
import { propagateCommand } from './commands/propagate.ts'
import { scoreCommand } from './commands/score.ts'
import { trainCommand } from './commands/train.ts'
import { say } from './progress.ts'

/** Given to every command: fires on the first Ctrl-C. */
const stop = new AbortController()

/** A terminal and npm both pass one Ctrl-C on, so that it arrives twice; the second must not cut the clean-up off. */
const ONE_PRESS_MS = 1000
let firstPress = 0

function onInterrupt(): void {
  if (stop.signal.aborted) {
    // An orderly exit inside a native call aborts with a trace; decoders end by themselves when their pipes close.
    if (performance.now() - firstPress > ONE_PRESS_MS) process.kill(process.pid, 'SIGKILL')
    return
  }
  firstPress = performance.now()
  say('\nStopping; what is done is kept. Press Ctrl-C again to quit at once.')
  stop.abort()
}

async function main(): Promise<number> {
  process.on('SIGINT', onInterrupt)
  process.on('SIGTERM', onInterrupt)
  const program = new Command('siammae')
    .description('Carry masks and keypoints through video with SiamMAE.')
    .version(toolVersion())
    .showHelpAfterError('(add --help for the options)')
    .exitOverride()
  for (const command of [
    infoCommand,
    framesCommand,
    featuresCommand,
    propagateCommand,
    datasetCommand,
    scoreCommand,
    evalCommand,
    trainCommand,
    previewCommand,
    inspectCommand,
    exportCommand,
    importModelCommand,
    doctorCommand,
  ])
    program.addCommand(command(stop.signal).copyInheritedSettings(program))
  await program.parseAsync()
  return stop.signal.aborted ? 130 : Number(process.exitCode ?? 0)
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof CancelledError) return 130
  if (error instanceof UserError) {
    say(`Error: ${withFlags(error)}`)
    return error.exitCode
  }
  say(
    `Unexpected error: ${messageOf(error)}. This is a mistake of the program; please report it with the lines below.`,
  )
  say(error instanceof Error ? (error.stack ?? '') : String(error))
  return 1
}

/** The sentence, and in brackets what to type to do what it says. */
function withFlags({ message, flags }: UserError): string {
  return flags === undefined ? message : `${message.replace(/\.$/, '')} (${flags}).`
}

// A reader that closed the pipe early (`siammae info x | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
})

// Nobody reads the progress any more: the work goes on without it.
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

process.exitCode = await main().catch(exitCodeOf)
