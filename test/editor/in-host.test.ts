/** Runs the suite of the extension host (host/) in desktop VS Code where there is one, else in code-server. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runTests } from '@vscode/test-electron'
import { describe, expect, inject, it } from 'vitest'
import { HOST_TESTS, root, STAND_IN } from './build.ts'

const desktop = inject('desktop')
const executable = desktop?.executable ?? (inject('server') ? STAND_IN : undefined)

describe.skipIf(executable === undefined)('in the extension host', () => {
  it(`passes every test in ${desktop ? 'desktop VS Code' : 'code-server'}`, {
    timeout: 600_000,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'siam-host-'))
    try {
      cpSync(join(root, 'media', 'sample.mp4'), join(folder, 'sample.mp4'))
      const code = await runTests({
        vscodeExecutablePath: executable!,
        extensionDevelopmentPath: root.replace(/[\\/]$/, ''),
        extensionTestsPath: HOST_TESTS,
        extensionTestsEnv: { NODE_OPTIONS: undefined, VITEST: undefined },
        launchArgs: [folder, '--disable-extensions'],
      })
      expect(code).toBe(0)
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    }
  })
})
