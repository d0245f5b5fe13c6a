/** The wire to the extension host: typed calls both ways over the channel that `fork` made. */
import { createBirpc } from 'birpc'
import type { HostFunctions, ModelProcessFunctions } from './surface.ts'

/** Messages that may wait in the channel before a sender of large ones is held back. */
const MOST_WAITING = 3

/** The extension host as a process sees it. @typeParam Told what it can be told */
export interface Host<Told = HostFunctions> {
  /** Tells something; never fails, because a host that is gone is noticed elsewhere. */
  readonly tell: Told
  /** Resolves once the channel has room: what is not sent yet can still be dropped. */
  room(): Promise<void>
}

/** Serves the host's calls to the model process; as {@link serve}. */
export function connectHost(functions: ModelProcessFunctions, channel: NodeJS.Process = process): Host {
  return serve<HostFunctions, ModelProcessFunctions>(functions, channel)
}

/**
 * Serves the host's calls.
 * @typeParam Told what the host can be told
 * @param channel this process, started by `child_process.fork` with advanced serialization
 */
export function serve<Told extends object, Functions extends object>(
  functions: Functions,
  channel: NodeJS.Process = process,
): Host<Told> {
  let waiting = 0
  let wake: (() => void)[] = []
  const sent = (): void => {
    waiting--
    if (waiting >= MOST_WAITING) return
    for (const resolve of wake) resolve()
    wake = []
  }
  const rpc = createBirpc<Told, Functions>(functions, {
    post(message) {
      if (!channel.connected) return
      waiting++
      // The callback is called with an error where the host went away meanwhile.
      channel.send?.(message, undefined, undefined, sent)
    },
    on: (listener) => channel.on('message', listener),
    // Opening a long clip takes minutes; a host that is gone is noticed by the channel's end.
    timeout: -1,
    onGeneralError: () => true,
  })
  const call = rpc.$callEvent as unknown as (name: string, value: unknown) => Promise<void>
  const tell = new Proxy({} as Told, {
    get: (_, name: string) => (value: unknown) => {
      call(name, value).catch(() => {})
    },
  })
  return {
    tell,
    async room() {
      while (waiting >= MOST_WAITING) await new Promise<void>((resolve) => wake.push(resolve))
    },
  }
}
