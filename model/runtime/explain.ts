import { messageOf, UserError } from '../errors.ts'
import type { Device } from './types.ts'

/** How the runtime, the graphics drivers and Node say that memory ran out. */
const OUT_OF_MEMORY =
  /bad[_ ]?alloc|out[ -]of[ -]memory|failed to allocate|cannot allocate|could not allocate|allocation failed|not enough memory|OUT_OF_(HOST_|DEVICE_)?MEMORY|E_OUTOFMEMORY|invalid (typed )?array (buffer )?length/i
/** How they say that the device itself is gone. */
const DEVICE_LOST =
  /device (was |is |has been )?(lost|removed|hung|reset)|DEVICE_(LOST|REMOVED|HUNG)|illegal memory access|CUDA failure|CUDA error/i

/**
 * Turns what an engine says when memory runs out, or when a GPU gives up, into a sentence that a person can act on.
 * Anything else is a mistake of ours and passes unchanged.
 */
export function explainEngineError(error: unknown, device: Device): unknown {
  if (error instanceof UserError) return error
  const message = messageOf(error)
  // The runtime puts a path of its sources before the words that matter.
  const words = message.trim().split('\n').at(-1)!.slice(-200)
  if (OUT_OF_MEMORY.test(message))
    return new UserError(
      `The device "${device}" has too little memory for this network (${words}); choose a smaller size or model, close other programs, or take a device with more memory.`,
      { cause: error },
    )
  if (DEVICE_LOST.test(message))
    return new UserError(
      `The device "${device}" stopped working (${words}); run again, update its driver, or take the device "cpu".`,
      { cause: error },
    )
  return error
}
