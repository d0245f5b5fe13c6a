/** Where the real VS Code is kept between runs: outside the checkout, because it is 800 MB and the same for every clone. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'

/** `$SIAMMAE_TEST_CACHE`, else `~/.cache/siammae/vscode-test`. */
export function cacheFolder(): string {
  return process.env.SIAMMAE_TEST_CACHE || join(homedir(), '.cache', 'siammae', 'vscode-test')
}

/**
 * Makes a folder once. It appears complete or not at all: `make` fills a temporary folder beside it, which is then
 * renamed. Two that run at the same time both make it, and the second keeps the first one's.
 * @returns the folder
 */
export async function makeOnce(folder: string, make: (temporary: string) => Promise<void>): Promise<string> {
  if (existsSync(folder)) return folder
  mkdirSync(dirname(folder), { recursive: true })
  const temporary = mkdtempSync(join(dirname(folder), `.${basename(folder)}-`))
  try {
    await make(temporary)
    try {
      renameSync(temporary, folder)
    } catch (error) {
      if (!existsSync(folder)) throw error
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
  return folder
}
