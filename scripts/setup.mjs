// Makes a fresh checkout ready: packages, ffmpeg, build. Needs nothing but Node, npm and (on Debian) apt.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { platform } from 'node:os'

const windows = platform() === 'win32'

/** Runs a command with its output shown; true when it succeeded. */
function run(command, args, env = {}) {
  const result = spawnSync(command, args, {
    stdio: 'inherit',
    shell: windows,
    env: { ...process.env, ...env },
  })
  return result.status === 0
}

/** Whether a command can be run at all. */
function works(command, args) {
  return spawnSync(command, args, { stdio: 'ignore', shell: windows }).status === 0
}

function fail(message) {
  console.error(`setup: ${message}`)
  process.exit(1)
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 9))
  fail(`Node ${process.versions.node} is too old; install Node 20.9 or later.`)

// onnxruntime-node's install script fetches CUDA libraries from outside npm; CPU and WebGPU are in the package.
// ffmpeg-static is optional: where its own download is blocked npm leaves it out and the ffmpeg on the PATH is used.
if (!run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], { ONNXRUNTIME_NODE_INSTALL: 'skip' }))
  fail('npm ci failed; its output above says why.')

/** The ffmpeg that the program would find; the same order as model/video/locate-ffmpeg.ts. */
async function hasFfmpeg() {
  if (process.env.SIAMMAE_FFMPEG) return works(process.env.SIAMMAE_FFMPEG, ['-version'])
  const bundled = await import('ffmpeg-static').then((module) => module.default).catch(() => undefined)
  if (bundled && existsSync(bundled) && works(bundled, ['-version'])) return true
  return works('ffmpeg', ['-version'])
}

const INSTALL = {
  darwin: 'brew install ffmpeg',
  win32: 'winget install --id Gyan.FFmpeg',
}

if (!(await hasFfmpeg())) {
  const root = process.getuid?.() === 0
  if (platform() === 'linux' && root && works('apt-get', ['--version'])) {
    console.log('setup: installing ffmpeg with apt')
    run('apt-get', ['update', '-qq'])
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'ffmpeg'], {
      DEBIAN_FRONTEND: 'noninteractive',
    })
  }
  if (!(await hasFfmpeg())) {
    const apt = platform() === 'linux' && works('apt-get', ['--version'])
    const command = INSTALL[platform()] ?? (apt ? 'sudo apt-get install -y ffmpeg' : undefined)
    const how = command === undefined ? 'with the package manager of this system' : 'with one command'
    console.warn(
      `setup: ffmpeg is missing. Install it ${how}, then run setup again.${command ? `\n\n  ${command}\n` : ''}`,
    )
    process.exitCode = 1
  }
}

if (!run('npm', ['run', '--silent', 'build'])) fail('the build failed; its output above says why.')
console.log(process.exitCode ? 'setup: built; ffmpeg is still missing.' : 'setup: ready. Try "npm run demo".')
