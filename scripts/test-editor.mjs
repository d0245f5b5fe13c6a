// The tests in a real VS Code; with --more the measurements, pictures and the packed VSIX instead (see
// test/editor/vitest.config.ts). Nothing is run twice: a test that fails now and then is a fault to be found.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const args = process.argv.slice(2)
const more = args[0] === '--more'
const vitest = [
  join(root, 'node_modules', 'vitest', 'vitest.mjs'),
  ...['run', '--config', 'test/editor/vitest.config.ts'],
]
const { status } = spawnSync(process.execPath, [...vitest, ...args.slice(more ? 1 : 0)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, ...(more && { SIAMMAE_TEST_MORE: '1' }) },
})
process.exit(status ?? 1)
