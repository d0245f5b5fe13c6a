/** Starts and ends code-server: one server, one user folder of its own, nothing written elsewhere. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServerVSCode } from './install-vscode.ts'

export interface ServerOptions {
  /** Settings of the user, as in settings.json. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** Whether every folder is trusted without asking; true when not given. */
  readonly trustAll?: boolean
  /** Where the user data and extensions lie; a temporary folder when not given, removed at the end. */
  readonly home?: string
  readonly env?: NodeJS.ProcessEnv
  /** The folder of an extension to have in it, as if it had been installed. */
  readonly extension?: string
  /** Whether the page tells the outcome of tests in the extension host; VS Code then hides its messages. */
  readonly testDriver?: boolean
  /** 0, the default, takes a free one. */
  readonly port?: number
}

export interface RunningServer {
  /** Such as `http://127.0.0.1:34567`. */
  readonly url: string
  /** `host:port`, as remote addresses name it. */
  readonly authority: string
  readonly home: string
  /** The process group that it and all its children are in. */
  readonly group: number
  /** What it has printed. */
  output(): string
  stop(): Promise<void>
}

const STILL = {
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true,
  'window.commandCenter': false,
  'git.enabled': false,
  'files.hotExit': 'onExit',
  // In a browser it would be on.
  'files.autoSave': 'off',
}

/** Makes the folders of a server; also what `--install-extension` needs. */
export function makeHome(
  options: Pick<ServerOptions, 'home' | 'settings' | 'trustAll' | 'extension'> = {},
): string {
  const home = options.home ?? mkdtempSync(join(tmpdir(), 'siam-vs-'))
  mkdirSync(join(home, 'extensions'), { recursive: true })
  mkdirSync(join(home, 'data', 'User'), { recursive: true })
  const trust = options.trustAll === false ? { 'security.workspace.trust.startupPrompt': 'never' } : {}
  const settings = { ...STILL, ...trust, ...options.settings }
  writeFileSync(join(home, 'data', 'User', 'settings.json'), JSON.stringify(settings, null, 2))
  // VS Code takes an extension in development only together with the test driver, which hides its messages.
  const link = join(home, 'extensions', 'development')
  if (options.extension !== undefined && !existsSync(link)) symlinkSync(options.extension, link, 'dir')
  // Without a config file of its own it would write one into the person's home.
  writeFileSync(join(home, 'config.yaml'), 'auth: none\ncert: false\n')
  return home
}

/** The arguments that every call of code-server needs. */
export function serverArguments(server: ServerVSCode, home: string): string[] {
  return [
    server.entry,
    ...['--config', join(home, 'config.yaml'), '--auth', 'none'],
    ...['--user-data-dir', join(home, 'data'), '--extensions-dir', join(home, 'extensions')],
  ]
}

/** The environment: no gallery, and none of the settings of a VS Code that this may have been started from. */
export function serverEnvironment(env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(VSCODE_|ELECTRON_|NODE_OPTIONS$|VITEST)/.test(name),
  )
  return {
    ...Object.fromEntries(own),
    EXTENSIONS_GALLERY: '{"serviceUrl":""}',
    NODE_ENV: 'production',
    ...env,
  }
}

/**
 * Ends the whole group when its standard input closes or its first process ends, so that nothing outlives a test that
 * was killed.
 */
export const GUARD =
  'exec 3<&0; "$@" </dev/null 3<&- & first=$!; (read -r _ <&3; kill -s TERM -- -$$) & wait $first; kill -s TERM -- -$$'

/** Starts a server and waits until it answers. */
export async function startServer(server: ServerVSCode, options: ServerOptions = {}): Promise<RunningServer> {
  const home = makeHome(options)
  const trust = options.trustAll === false ? [] : ['--disable-workspace-trust']
  const args = [
    ...serverArguments(server, home),
    ...['--bind-addr', `127.0.0.1:${options.port ?? 0}`, '--disable-telemetry', '--disable-update-check'],
    ...['--disable-getting-started-override', ...trust],
    ...(options.testDriver ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
  ]
  const child = spawn('/bin/sh', ['-c', GUARD, 'sh', server.node, ...args], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: serverEnvironment(options.env),
  })
  let output = ''
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const url = await new Promise<string>((resolve, reject) => {
    const hear = (data: Buffer) => {
      output += data
      const address = /HTTP server listening on (http:\/\/[\d.]+:\d+)/.exec(output)?.[1]
      if (address) resolve(address)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('error', reject)
    closed.then(() => reject(new Error(`code-server ended before it was ready: ${output}`)))
  }).catch(async (error) => {
    await end(child, closed)
    throw error
  })
  return {
    url,
    authority: new URL(url).host,
    home,
    group: child.pid!,
    output: () => output,
    stop: async () => {
      await end(child, closed)
      if (options.home === undefined) rmSync(home, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Asks the group to end, and after five seconds no longer asks. */
async function end(child: ChildProcess, closed: Promise<void>): Promise<void> {
  const group = child.pid
  if (group === undefined) return
  signal(group, 'SIGTERM')
  const hard = setTimeout(() => signal(group, 'SIGKILL'), 5000)
  await closed
  clearTimeout(hard)
  signal(group, 'SIGKILL')
}

function signal(group: number, name: NodeJS.Signals): void {
  try {
    process.kill(-group, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
