// Writes media/training-settings.schema.json from the settings of a run: `node scripts/make-settings-schema.mjs`
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const file = `${root}/media/training-settings.schema.json`
const outfile = `${root}/dist/test/settings-schema.mjs`
await build({
  stdin: {
    contents:
      "import { settingsJsonSchema } from './model/training/settings-json-schema.ts'; process.stdout.write(JSON.stringify(settingsJsonSchema(), null, 2))",
    resolveDir: root,
    loader: 'ts',
  },
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  outfile,
})
const text = `${execFileSync(process.execPath, [outfile], { encoding: 'utf8' })}\n`
writeFileSync(file, text)
console.log(`${file}: ${readFileSync(file).length} bytes`)
