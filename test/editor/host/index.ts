/** What VS Code calls: runs the suites below inside the extension host. */
import { join } from 'node:path'
import Mocha from 'mocha'
import { print } from './print.ts'

/** @throws when a test failed, which VS Code turns into its exit code */
export async function run(): Promise<void> {
  Mocha.reporters.Base.consoleLog = print
  const mocha = new Mocha({
    ui: 'bdd',
    timeout: 120_000,
    color: false,
    reporter: 'spec',
    grep: process.env.SIAMMAE_TEST_GREP ?? '',
  })
  mocha.suite.emit('pre-require', globalThis, join(__dirname, 'host'), mocha)
  // The order matters for the first only: activation can be measured once.
  await import('./activation.ts')
  await import('./document.ts')
  await import('./video-document.ts')
  await import('./renames.ts')
  await import('./commands.ts')
  await import('./import-marks.ts')
  await import('./propagation.ts')
  await import('./training.ts')
  await import('./models.ts')
  await new Promise<void>((resolve, reject) => {
    mocha.run((failures) => (failures > 0 ? reject(new Error(`${failures} tests failed.`)) : resolve()))
  })
}
