/** Bundles what runs outside vitest: the suite of the extension host, and the stand-in for the desktop executable. */
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

export const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = join(root, 'dist', 'test')

export const HOST_TESTS = join(folder, 'host.cjs')
export const STAND_IN = join(folder, 'desktop-stand-in.mjs')

export async function buildEditorTests(): Promise<void> {
  const common = { bundle: true, platform: 'node', target: 'node20', logLevel: 'warning' } as const
  await Promise.all([
    build({
      ...common,
      entryPoints: [join(root, 'test/editor/host/index.ts')],
      format: 'cjs',
      // sharp brings a binary; it is found beside the bundle.
      external: ['vscode', 'sharp'],
      // mocha's parallel mode, which is not used.
      logOverride: { 'require-resolve-not-external': 'silent' },
      sourcemap: 'inline',
      outfile: HOST_TESTS,
    }),
    build({
      ...common,
      entryPoints: [join(root, 'test/editor/vscode/desktop-stand-in.ts')],
      format: 'esm',
      packages: 'external',
      banner: { js: '#!/usr/bin/env node' },
      outfile: STAND_IN,
    }),
  ])
  chmodSync(STAND_IN, 0o755)
}
