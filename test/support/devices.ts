import { describe, inject, it } from 'vitest'
import type { Device } from '../../model/runtime/index.ts'

const probes = inject('probes')

/** A suite once per device under test; a device that failed its probe is skipped aloud. */
export function describeOnDevices(name: string, run: (device: Device) => void): void {
  for (const device of ['cpu', 'webgpu'] as const) {
    const probe = probes[device]
    describe(`${name} on ${device}`, () => {
      if (probe.ok) run(device)
      else it.skip(`${device} does not work here: ${probe.reason}`, () => {})
    })
  }
}
