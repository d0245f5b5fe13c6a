// The main job on the sample clip: its first mask is carried through all frames. Results land in demo-output/,
// or where `--out` says; every option of `propagate` is taken.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
if (!existsSync(`${root}/dist/cli.js`)) {
  console.error('demo: the project is not built; run "npm run setup" first.')
  process.exit(1)
}
const given = process.argv.slice(2)
const { out } = parseArgs({
  args: given,
  options: { out: { type: 'string', default: 'demo-output' } },
  strict: false,
}).values
const args = [
  'propagate',
  'media/sample.mp4',
  '--init',
  'media/sample/first-mask.png',
  '--overlay',
  `${out}/overlay.mp4`,
]
// A small network size keeps the demo to a minute or so on a laptop without a GPU.
const options = ['--size', '240', '--verbose', '--out', 'demo-output', ...given]
const result = spawnSync(process.execPath, ['dist/cli.js', ...args, ...options], {
  cwd: root,
  stdio: 'inherit',
})
if (result.status !== 0) process.exit(result.status ?? 1)

// How well that went: the clip is drawn, so the true masks are known.
const score = spawnSync(
  process.execPath,
  ['dist/cli.js', 'score', 'davis', '--pred', `${out}/Annotations/480p/sample`, '--gt', 'media/sample/masks'],
  { cwd: root, stdio: 'inherit' },
)
if (score.status !== 0) process.exit(score.status ?? 1)
console.log(`\nOpen ${out}/overlay.mp4 to see the result.`)
