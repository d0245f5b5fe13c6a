/** The wire to the extension host: typed calls both ways over the channel that `fork` made. */
import { createBirpc } from 'birpc'
import type { HostFunctions, ModelProcessFunctions } from './surface.ts'

/** Messages that may wait in the channel before a sender of large ones is held back. */
const MOST_WAITING = 3

/** The extension host as the model process sees it. */
export interface Host {
  /** Tells something; never fails, because a host that is gone is noticed elsewhere. */
  readonly tell: HostFunctions
  /** Resolves once the channel has room: what is not sent yet can still be dropped. */
  room(): Promise<void>
}

/**
 * Serves the host's calls.
 * @param channel this process, started by `child_process.fork` with advanced serialization
 */
export function connectHost(functions: ModelProcessFunctions, channel: NodeJS.Process = process): Host {
  let waiting = 0
  let wake: (() => void)[] = []
  const sent = (): void => {
    waiting--
    if (waiting >= MOST_WAITING) return
    for (const resolve of wake) resolve()
    wake = []
  }
  const rpc = createBirpc<HostFunctions, ModelProcessFunctions>(functions, {
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
  const tell = new Proxy({} as HostFunctions, {
    get: (_, name: keyof HostFunctions) => (value: never) => {
      rpc.$callEvent(name, value).catch(() => {})
    },
  })
  return {
    tell,
    async room() {
      while (waiting >= MOST_WAITING) await new Promise<void>((resolve) => wake.push(resolve))
    },
  }
}
