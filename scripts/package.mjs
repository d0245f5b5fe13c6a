// Makes the VSIX for one platform: `npm run package [-- --target linux-x64] [--out file.vsix] [--no-build]`.
//
// The extension is put together in a folder of its own from a short list of what belongs in it, and packed there. An
// ignore list would be the other way round: whatever nobody thought of is shipped. The native packages come from npm
// for the target, so that any machine can make any target.
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const TARGETS = ['linux-x64', 'linux-arm64', 'win32-x64', 'win32-arm64', 'darwin-arm64']
const LIMIT_MB = 60

/** What goes in, besides the native packages. Everything else of the checkout stays out. */
const CONTENTS = [
  'LICENSE',
  'README.md',
  'CHANGELOG.md',
  'package.nls.json',
  'package.nls.zh-cn.json',
  'l10n',
  'dist/extension.cjs',
  'dist/model-process.js',
  'dist/document-worker.js',
  'dist/engine.js',
  'dist/probe.js',
  'dist/webview.js',
  'dist/webview.css',
  'dist/training-process.js',
  'dist/dashboard.js',
  'dist/dashboard.css',
  'dist/codicon.ttf',
  'media/training-settings.schema.json',
  'media/demo.jpg',
  'media/dance-twirl.webp',
  'media/editor.webp',
  'media/inspect.webp',
  'media/preview.png',
  'media/icons',
  'media/walkthrough',
  'media/models',
  'media/sample.mp4',
  'media/sample/first-mask.png',
  'media/sample/keypoints.json',
]
/** Without these there is no extension; the others may come and go. */
const REQUIRED = [
  'dist/extension.cjs',
  'dist/model-process.js',
  'dist/document-worker.js',
  'dist/engine.js',
  'dist/probe.js',
  'dist/webview.js',
  'dist/training-process.js',
  'dist/dashboard.js',
  'media/models',
  'LICENSE',
]
/** The packages that cannot be bundled, because they carry native code. */
const NATIVE = ['onnxruntime-node', 'sharp']
/** onnxruntime-node needs these only in its install script. */
const INSTALL_ONLY = ['adm-zip', 'global-agent']
/** Fields of package.json that mean something in the checkout only. */
const CHECKOUT_ONLY = [
  'private',
  'bin',
  'files',
  'scripts',
  'allowScripts',
  'devDependencies',
  'optionalDependencies',
  'peerDependencies',
  'peerDependenciesMeta',
]

const { values } = parseArgs({
  options: {
    target: { type: 'string', default: `${process.platform}-${process.arch}` },
    out: { type: 'string' },
    'no-build': { type: 'boolean', default: false },
  },
})
const target = values.target
if (!TARGETS.includes(target)) fail(`the target ${target} is not one of ${TARGETS.join(', ')}.`)

function fail(message) {
  console.error(`package: ${message}`)
  process.exit(1)
}

function run(command, args, cwd) {
  const windows = process.platform === 'win32'
  const result = spawnSync(command, args, { cwd, encoding: 'utf8', shell: windows })
  if (result.status !== 0)
    fail(`${command} ${args.join(' ')} failed in ${cwd}:\n${result.stdout}\n${result.stderr}`)
  return result.stdout
}

/** Exact versions of the native packages and of what they need, as the lock file has them. */
function lockedVersions() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const versions = {}
  const visit = (name) => {
    if (versions[name] || INSTALL_ONLY.includes(name)) return
    const locked = packages[`node_modules/${name}`]
    if (!locked) fail(`${name} is not in package-lock.json; run "npm install".`)
    versions[name] = locked.version
    for (const needed of Object.keys(locked.dependencies ?? {})) visit(needed)
    for (const optional of Object.keys(locked.optionalDependencies ?? {}))
      if (optional.endsWith(`-${target}`)) visit(optional)
  }
  for (const name of NATIVE) visit(name)
  return versions
}

/** Fills the folder that is packed. */
function stage(folder) {
  for (const path of CONTENTS) {
    const from = join(root, path)
    if (existsSync(from)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      cpSync(from, join(folder, path), { recursive: true })
    } else if (REQUIRED.includes(path)) fail(`${path} is missing; run "npm run setup".`)
  }
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  for (const field of CHECKOUT_ONLY) delete manifest[field]
  const versions = lockedVersions()
  // sharp asks for the binaries of the platform itself; npm refuses them from anybody else when the platform differs.
  manifest.dependencies = Object.fromEntries(
    Object.entries(versions).filter(([name]) => !name.endsWith(`-${target}`)),
  )
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2))
  writeFileSync(join(folder, '.vscodeignore'), '.vscodeignore\nnode_modules/.package-lock.json\n')

  const [os, cpu] = target.split('-')
  const platform = [`--os=${os}`, `--cpu=${cpu}`, ...(os === 'linux' ? ['--libc=glibc'] : [])]
  const quiet = [
    '--ignore-scripts',
    '--prefer-offline',
    '--no-package-lock',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]
  run('npm', ['install', '--omit=dev', ...platform, ...quiet], folder)
  for (const [name, version] of Object.entries(versions)) {
    const installed = join(folder, 'node_modules', name, 'package.json')
    if (!existsSync(installed) || JSON.parse(readFileSync(installed, 'utf8')).version !== version)
      fail(`npm did not install ${name} ${version} for ${target}.`)
  }
  prune(join(folder, 'node_modules'), os, cpu, new Set(Object.keys(versions)))
}

/** Drops the binaries of other platforms, what only installing needs, and what nobody runs. */
function prune(modules, os, cpu, needed) {
  const onnx = join(modules, 'onnxruntime-node')
  const manifest = JSON.parse(readFileSync(join(onnx, 'package.json'), 'utf8'))
  for (const name of INSTALL_ONLY) delete manifest.dependencies[name]
  delete manifest.scripts
  writeFileSync(join(onnx, 'package.json'), JSON.stringify(manifest, null, 2))
  rmSync(join(onnx, 'script'), { recursive: true, force: true })
  rmSync(join(modules, '.bin'), { recursive: true, force: true })

  for (const name of packagesIn(modules))
    if (!needed.has(name)) rmSync(join(modules, name), { recursive: true, force: true })

  for (const api of readdirSync(join(onnx, 'bin')))
    for (const otherOs of readdirSync(join(onnx, 'bin', api)))
      for (const otherCpu of readdirSync(join(onnx, 'bin', api, otherOs)))
        if (otherOs !== os || otherCpu !== cpu)
          rmSync(join(onnx, 'bin', api, otherOs, otherCpu), { recursive: true })
  for (const file of filesIn(modules)) {
    // macOS gets the same library under two names; the binding loads the short one.
    const twin = /libonnxruntime\.\d+\.\d+\.\d+\.dylib$/.test(file)
    const unused =
      /\.(map|d\.ts|d\.mts|d\.cts|ts)$/.test(file) || /[\\/]sharp[\\/](src|install)[\\/]/.test(file)
    if (twin || unused) rmSync(file)
  }
}

function packagesIn(modules) {
  return readdirSync(modules)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@') ? readdirSync(join(modules, name)).map((inner) => `${name}/${inner}`) : [name],
    )
}

function filesIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesIn(join(folder, entry.name)) : [join(folder, entry.name)],
  )
}

/** Where the bytes are, and a check that nothing came in that must not. */
function summarise(folder, vsix) {
  const sums = new Map()
  let count = 0
  for (const file of filesIn(folder)) {
    const path = relative(folder, file).replaceAll('\\', '/')
    if (/ffmpeg/i.test(path))
      fail(`${path} must not be in the package: ffmpeg has a licence of its own (GPL).`)
    const parts = path.split('/')
    const depth = parts[0] === 'node_modules' ? (parts[1].startsWith('@') ? 3 : 2) : 1
    const key = parts.length > depth ? parts.slice(0, depth).join('/') : '(files at the top)'
    sums.set(key, (sums.get(key) ?? 0) + statSync(file).size)
    count++
  }
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1).padStart(6)} MB`
  for (const [key, bytes] of [...sums].sort((a, b) => b[1] - a[1])) console.log(`${megabytes(bytes)}  ${key}`)
  const size = statSync(vsix).size
  console.log(`${megabytes(size)}  packed, ${count} files: ${relative(process.cwd(), vsix)}`)
  if (size > LIMIT_MB * 1e6) fail(`the package is larger than ${LIMIT_MB} MB.`)
}

if (!values['no-build']) run('npm', ['run', '--silent', 'build'], root)
const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const vsix = resolve(values.out ?? join(root, `${name}-${version}-${target}.vsix`))
const folder = mkdtempSync(join(tmpdir(), 'siammae-package-'))
// On exit and not in a `finally`, because a failure exits.
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
stage(folder)
const { createVSIX } = await import('@vscode/vsce')
await createVSIX({
  cwd: folder,
  packagePath: vsix,
  target,
  // There is no public repository that pictures and links could be fetched from.
  rewriteRelativeLinks: false,
  allowMissingRepository: true,
})
summarise(folder, vsix)
