import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The built file that a thread or process of ours starts from. Bundled code finds its neighbour in `dist`; the
 * sources (in tests) find the `dist` folder of the package they belong to.
 * @throws Error when the project was not built
 */
export function entryPoint(name: 'engine' | 'probe'): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    for (const candidate of [join(folder, `${name}.js`), join(folder, 'dist', `${name}.js`)])
      if (existsSync(candidate)) return candidate
    if (folder === dirname(folder)) throw new Error(`dist/${name}.js is missing; run "npm run build".`)
  }
}
