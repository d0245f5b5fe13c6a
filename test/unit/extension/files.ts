import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { DocumentThreads } from '../../../extension/document/document-thread.ts'

/** The built thread, as in the extension. */
export const threads = new DocumentThreads(
  fileURLToPath(new URL('../../../dist/document-worker.js', import.meta.url)),
)

/** A folder that is removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'siammae-document-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Timers and messages that are due get their turn. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setTimeout(resolve, 1))
}
