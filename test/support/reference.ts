import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

function folder(variable: string, fallback: string): string | undefined {
  const path = resolve(root, process.env[variable] ?? fallback)
  return existsSync(path) ? path : undefined
}

/** Golden tensors from independent implementations, or undefined where a reader does not have them. */
export function referenceFolder(): string | undefined {
  return folder('SIAMMAE_REFERENCE', '../shared/reference')
}

/** Real footage with ground truth, or undefined where a reader does not have it. */
export function dataFolder(): string | undefined {
  return folder('SIAMMAE_DATA', '../shared/data')
}

function describeWith(
  path: string | undefined,
  variable: string,
  name: string,
  run: (path: string) => void,
): void {
  if (path === undefined)
    describe(name, () => it.skip(`needs the folder named by ${variable}, which is not here`, () => {}))
  else describe(name, () => run(path))
}

/** A suite against golden values; skipped aloud where the folder is missing. */
export function describeWithReference(name: string, run: (path: string) => void): void {
  describeWith(referenceFolder(), 'SIAMMAE_REFERENCE', name, run)
}

/** A suite against real footage; skipped aloud where the folder is missing. */
export function describeWithData(name: string, run: (path: string) => void): void {
  describeWith(dataFolder(), 'SIAMMAE_DATA', name, run)
}
