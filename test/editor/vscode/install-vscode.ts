/**
 * A real VS Code to test in. Desktop VS Code where it can be downloaded and has a screen, else code-server from npm:
 * the same workbench and extension host, drawn by a browser.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { downloadAndUnzipVSCode } from '@vscode/test-electron'
import { cacheFolder, makeOnce } from './cache.ts'

/** code-server 4.139.1 is VS Code 1.139.1 on Node 24. */
export const CODE_SERVER = '4.139.1'
export const VSCODE = '1.139.1'
const NODE = '24.21.0'

/** What was installed, ready to run. */
export interface DesktopVSCode {
  readonly kind: 'desktop'
  readonly executable: string
}

export interface ServerVSCode {
  readonly kind: 'server'
  /** The Node that it needs. */
  readonly node: string
  /** Its entry script. */
  readonly entry: string
}

/** Tells a person what is going on during the long steps. */
export type Tell = (line: string) => void

/** Desktop VS Code, or undefined (told why) where there is no screen or no download. */
export async function installDesktop(tell: Tell): Promise<DesktopVSCode | undefined> {
  if (process.env.SIAMMAE_TEST_DESKTOP)
    return { kind: 'desktop', executable: process.env.SIAMMAE_TEST_DESKTOP }
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) {
    tell('No desktop VS Code: there is no screen (start under xvfb-run to use one).')
    return undefined
  }
  const cachePath = join(cacheFolder(), 'desktop')
  if (!existsSync(join(cachePath, `vscode-${platformName()}-${VSCODE}`)) && !(await canDownload())) {
    tell('No desktop VS Code: update.code.visualstudio.com cannot be reached.')
    return undefined
  }
  return { kind: 'desktop', executable: await downloadAndUnzipVSCode({ version: VSCODE, cachePath }) }
}

/** The name that test-electron gives its folder for this platform. */
function platformName(): string {
  const { platform, arch } = process
  if (platform === 'darwin') return arch === 'arm64' ? 'darwin-arm64' : 'darwin'
  if (platform === 'win32') return arch === 'arm64' ? 'win32-arm64-archive' : 'win32-x64-archive'
  return arch === 'arm64' ? 'linux-arm64' : 'linux-x64'
}

async function canDownload(): Promise<boolean> {
  try {
    const url = `https://update.code.visualstudio.com/api/versions/${VSCODE}/${platformName()}/stable`
    return (await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(5000) })).ok
  } catch {
    return false
  }
}

/** code-server, or undefined (told why) where it cannot be had. Less than a minute the first time, at once later. */
export async function installServer(tell: Tell): Promise<ServerVSCode | undefined> {
  const platform = serverPlatform()
  if (platform === undefined) {
    tell(`No code-server: it is not made for ${process.platform} on ${process.arch}.`)
    return undefined
  }
  const folder = join(cacheFolder(), `code-server-${CODE_SERVER}-node-${NODE}-${platform}`)
  try {
    await makeOnce(folder, async (temporary) => {
      tell(`Installing code-server ${CODE_SERVER} from npm into ${folder}; this takes about a minute, once.`)
      await fill(temporary, platform)
    })
  } catch (error) {
    tell(`No code-server: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
  return {
    kind: 'server',
    node: join(folder, 'node_modules', `node-${platform}`, 'bin', 'node'),
    entry: join(folder, 'node_modules', 'code-server', 'out', 'node', 'entry.js'),
  }
}

/** The suffix of the npm packages that carry Node itself. */
function serverPlatform(): string | undefined {
  const name = `${process.platform}-${process.arch}`
  return ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'].includes(name) ? name : undefined
}

async function fill(folder: string, platform: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  await npm(folder, ['install', '--no-save', '--ignore-scripts', `node-${platform}@${NODE}`], process.env)
  const nodeHome = join(folder, 'node_modules', `node-${platform}`)
  const env = {
    ...process.env,
    // Native modules are built for this Node with the headers that it brings; nothing else is downloaded.
    npm_config_nodedir: nodeHome,
    PATH: `${join(nodeHome, 'bin')}${delimiter}${process.env.PATH ?? ''}`,
  }
  const packages = [`code-server@${CODE_SERVER}`, `node-${platform}@${NODE}`]
  await npm(folder, ['install', '--no-save', '--ignore-scripts', ...packages], env)
  const workbench = join(folder, 'node_modules', 'code-server', 'lib', 'vscode')
  await npm(workbench, ['install', '--omit=dev', '--ignore-scripts'], env)
  await npm(workbench, ['rebuild', '@vscode/spdlog', '@vscode/native-watchdog'], env)
  await npm(join(workbench, 'extensions'), ['install', '--omit=dev', '--ignore-scripts'], env)
}

/** Runs npm quietly; what it said is part of the error when it fails. */
function npm(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    // Settings of the npm that may have started this one must not reach it.
    const own = Object.entries(env).filter(
      ([name]) => !/^npm_(?!config_(nodedir|registry|cache))/i.test(name),
    )
    const child = spawn('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd,
      env: Object.fromEntries(own),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    const hear = (data: Buffer) => {
      said = (said + data).slice(-4000)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.on('error', reject)
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`npm ${args.join(' ')} failed in ${cwd}: ${said.trim()}`)),
    )
  })
}
