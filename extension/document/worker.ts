/** Thread that reads, checks and writes side-cars, so that the extension host never waits for one. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { doJob } from './worker-jobs.ts'
import type { Job, ToWorker } from './worker-messages.ts'

const port = parentPort as MessagePort
const arrived: ToWorker[] = []
let wake: (() => void) | undefined

port.on('message', (message: ToWorker) => {
  arrived.push(message)
  wake?.()
})

await doJob(workerData as Job, {
  send: (message, transfer) => port.postMessage(message, [...(transfer ?? [])]),
  receive: async () => {
    for (;;) {
      const message = arrived.shift()
      if (message !== undefined) return message
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  },
})
port.close()
