/** What runs on this machine (Linux): to end the model process as a crash would, and to see that nothing is left. */
import { readdirSync, readFileSync } from 'node:fs'

export interface Process {
  readonly id: number
  readonly parent: number
  readonly group: number
  readonly session: number
  readonly command: string
}

/** Every process of this machine. */
function everyProcess(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => read(Number(name)) ?? [])
}

/** Every process of a session: a server and whatever it has started, unless that made a session of its own. */
export function processesOf(session: number): Process[] {
  return everyProcess().filter((process) => process.session === session)
}

/** The processes that a process has started. */
export function childrenOf(parent: number): Process[] {
  return everyProcess().filter((process) => process.parent === parent)
}

function read(id: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${id}/stat`, 'utf8')
    // The name in brackets may hold anything, brackets too.
    const [state, parent, group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (state === 'Z') return undefined
    const command = readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
    return { id, parent: Number(parent), group: Number(group), session: Number(session), command }
  } catch {
    return undefined
  }
}

/** The model processes of a session. */
export function modelProcesses(session: number): Process[] {
  return running(processesOf(session), /model-process\.js/)
}

/** The training processes among some. */
export function trainingProcesses(among: readonly Process[]): Process[] {
  return running(among, /training-process\.js/)
}

/** Those of a program. What one of them starts has its command line until it has begun, and is none of them. */
function running(among: readonly Process[], program: RegExp): Process[] {
  const found = among.filter(({ command }) => program.test(command))
  return found.filter(({ parent }) => !found.some(({ id }) => id === parent))
}

/** Resident memory in megabytes. */
export function memoryOf(id: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1]
  return Number(kilobytes) / 1024
}
