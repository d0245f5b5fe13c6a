/** Before all suites: the VS Code that this machine can have, and the bundles that run in it. */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { buildEditorTests, root } from './build.ts'
import { findChromium } from './vscode/chromium.ts'
import {
  type DesktopVSCode,
  installDesktop,
  installServer,
  type ServerVSCode,
} from './vscode/install-vscode.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    desktop: DesktopVSCode | undefined
    server: ServerVSCode | undefined
    chromium: string | undefined
  }
}

export default async function setup(project: TestProject): Promise<void> {
  if (!existsSync(join(root, 'dist', 'extension.cjs'))) throw new Error('Build first: npm run build.')
  const tell = (line: string) => console.log(`[editor tests] ${line}`)
  const chromium = findChromium()
  if (!chromium) tell('No chromium: install it (Debian: apt-get install chromium) or set SIAMMAE_CHROMIUM.')
  const desktop = await installDesktop(tell)
  const server = chromium ? await installServer(tell) : undefined
  if (!server) tell('SKIPPED: the end-to-end tests, which need code-server and chromium.')
  if (!server && !desktop) tell('SKIPPED: the tests in the extension host, which need some VS Code.')
  mkdirSync(join(root, 'test-output'), { recursive: true })
  await buildEditorTests()
  project.provide('desktop', desktop)
  project.provide('server', server)
  project.provide('chromium', chromium)
}
