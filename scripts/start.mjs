// Opens the extension on a copy of the sample clip: in desktop VS Code where `code` is on the PATH, else in a browser.
// `npm start [-- --browser] [--folder path] [--port 8123]`
import { spawn, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '')
const windows = process.platform === 'win32'

const { values } = parseArgs({
  options: {
    browser: { type: 'boolean', default: false },
    folder: { type: 'string' },
    port: { type: 'string', default: '0' },
  },
})

const WHAT_NEXT = 'Open a clip with "Annotate Video" in its menu in the Explorer.'

function fail(message) {
  console.error(`start: ${message}`)
  process.exit(1)
}

if (!existsSync(join(root, 'node_modules'))) fail('the packages are missing; run "npm run setup" first.')
const built = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit', shell: windows })
if (built.status !== 0) fail('the build failed; its output above says why.')

// The sample is copied, so that what a person draws on it never lands in the checkout.
const copied = values.folder === undefined
const folder = resolve(values.folder ?? mkdtempSync(join(tmpdir(), 'siammae-sample-')))
if (!existsSync(folder)) fail(`the folder ${folder} does not exist.`)
if (copied) copyFileSync(join(root, 'media', 'sample.mp4'), join(folder, 'sample.mp4'))

const desktop = !values.browser && spawnSync('code', ['--version'], { stdio: 'ignore', shell: windows })
if (desktop && desktop.status === 0) {
  console.log(`Opening desktop VS Code on ${folder}\n${WHAT_NEXT}`)
  const args = ['--new-window', '--extensionDevelopmentPath', root, folder]
  process.exit(spawnSync('code', args, { stdio: 'inherit', shell: windows }).status ?? 1)
}

/** The tests' own TypeScript, which knows how to get and start a VS Code that is drawn by a browser. */
async function load(name) {
  const outfile = join(root, 'dist', 'test', `${name}.mjs`)
  const entryPoints = [join(root, 'test', 'editor', 'vscode', `${name}.ts`)]
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external' })
  return import(pathToFileURL(outfile).href)
}

if (!values.browser) console.log('There is no "code" on the PATH; the editor opens in a browser instead.')
const { installServer } = await load('install-vscode')
const { startServer } = await load('code-server')
const server = await installServer((line) => console.log(line))
if (!server) fail('install VS Code (https://code.visualstudio.com), put "code" on the PATH and start again.')
const running = await startServer(server, { port: Number(values.port), extension: root })

let stopping = false
async function stop() {
  if (stopping) return
  stopping = true
  await running.stop()
  if (copied) rmSync(folder, { recursive: true, force: true })
  process.exit(0)
}
process.on('SIGINT', stop)
process.on('SIGTERM', stop)

const url = `${running.url}/?${new URLSearchParams({ folder })}`
console.log(`\n  ${url}\n\n${WHAT_NEXT} Ctrl-C ends everything.`)
const opener = process.platform === 'darwin' ? 'open' : 'xdg-open'
// Where there is no browser to open (over SSH, in a container) the address above is enough.
spawn(opener, [url], { stdio: 'ignore', detached: true })
  .on('error', () => {})
  .unref()
