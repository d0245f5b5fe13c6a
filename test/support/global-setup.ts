import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { TestProject } from 'vitest/node'
import { type ProbeResult, probeDevice } from '../../model/runtime/index.ts'
import { root } from './cli.ts'

declare module 'vitest' {
  interface ProvidedContext {
    probes: Record<'cpu' | 'webgpu', ProbeResult>
  }
}

/** Debian's chromium package brings a software Vulkan driver, so that the GPU path can be tested without a GPU. */
const SOFTWARE_VULKAN = '/usr/lib/chromium/vk_swiftshader_icd.json'

/** Builds what tests start as processes of their own, and probes the devices once for all suites. */
export default async function setup(project: TestProject): Promise<void> {
  execFileSync(process.execPath, ['esbuild.config.mjs'], { cwd: root, stdio: 'inherit' })
  if (!process.env.VK_ICD_FILENAMES && !process.env.VK_DRIVER_FILES && existsSync(SOFTWARE_VULKAN))
    process.env.VK_ICD_FILENAMES = SOFTWARE_VULKAN
  project.provide('probes', { cpu: await probeDevice('cpu'), webgpu: await probeDevice('webgpu') })
}
