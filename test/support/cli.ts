import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../', import.meta.url))

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CliOptions {
  readonly env?: NodeJS.ProcessEnv
  /** Sends SIGINT once stderr contains this text. */
  readonly interruptAt?: RegExp
  /** What is sent then instead, such as SIGKILL. */
  readonly signal?: NodeJS.Signals
}

/** Runs the built command line as a process of its own, as a person would. */
export function siammae(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'dist', 'cli.js'), ...args], {
      cwd: root,
      env: { ...process.env, SIAMMAE_CACHE: cache, ...options.env },
    })
    let stdout = ''
    let stderr = ''
    let interrupted = false
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
      if (!interrupted && options.interruptAt?.test(stderr)) {
        interrupted = true
        child.kill(options.signal ?? 'SIGINT')
      }
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

const cache = mkdtempSync(join(tmpdir(), 'siammae-cache-'))
