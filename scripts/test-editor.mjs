// The tests in a real VS Code. Files in which something failed run a second time in a fresh VS Code, and that is said
// aloud: a workbench, a browser and a model share the machine, and one lost key is not a broken editor. What fails twice is.
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const results = join(root, 'dist', 'test', 'editor-results.json')

/** Runs the files, all when none is named; gives those that failed, or undefined when there was no result at all. */
function run(files) {
  rmSync(results, { force: true })
  const { status } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules', 'vitest', 'vitest.mjs'),
      ...['run', '--config', 'test/editor/vitest.config.ts'],
      ...['--reporter=default', '--reporter=json', `--outputFile.json=${results}`],
      ...files,
    ],
    { cwd: root, stdio: 'inherit' },
  )
  if (status === 0) return []
  try {
    const { testResults } = JSON.parse(readFileSync(results, 'utf8'))
    const failed = testResults.filter((file) => file.status === 'failed').map((file) => file.name)
    return failed.length > 0 ? failed : undefined
  } catch {
    return undefined
  }
}

// Measurements, pictures and the packed VSIX instead of the rest; see test/editor/vitest.config.ts.
const args = process.argv.slice(2)
if (args[0] === '--more') {
  args.shift()
  process.env.SIAMMAE_TEST_MORE = '1'
}
const failed = run(args)
if (failed === undefined) process.exit(1)
if (failed.length > 0) {
  console.log(`\nFAILED ONCE, once more in a fresh VS Code:\n${failed.join('\n')}\n`)
  const again = run(failed)
  if (again === undefined || again.length > 0) process.exit(1)
  console.log('\nPassed the second time; see above for what failed the first time.')
}
