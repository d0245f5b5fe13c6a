import { existsSync } from 'node:fs'
import { describe, it } from 'vitest'
import { type Device, probeDevice } from '../../model/runtime/index.ts'

/** Debian's chromium package brings a software Vulkan driver, so that the GPU path can be tested without a GPU. */
const SOFTWARE_VULKAN = '/usr/lib/chromium/vk_swiftshader_icd.json'
if (!process.env.VK_ICD_FILENAMES && !process.env.VK_DRIVER_FILES && existsSync(SOFTWARE_VULKAN))
  process.env.VK_ICD_FILENAMES = SOFTWARE_VULKAN

const probes = { cpu: await probeDevice('cpu'), webgpu: await probeDevice('webgpu') }

/** A suite once per device under test; a device that fails its probe is skipped aloud. */
export function describeOnDevices(name: string, run: (device: Device) => void): void {
  for (const device of ['cpu', 'webgpu'] as const) {
    const probe = probes[device]
    describe(`${name} on ${device}`, () => {
      if (probe.ok) run(device)
      else it.skip(`${device} does not work here: ${probe.reason}`, () => {})
    })
  }
}
