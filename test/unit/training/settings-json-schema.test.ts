/** Protects: what an editor completes and checks is what the program takes. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { resolveRunConfig, settingsJsonSchema } from '../../../model/training/index.ts'
import { root } from '../../support/cli.ts'

type Shape = { properties?: Record<string, Shape>; description?: string; type?: unknown; enum?: unknown[] }
const schema = settingsJsonSchema() as Shape

/** Every setting of a schema, by its dotted key. */
function* keys(shape: Shape, prefix = ''): Generator<[string, Shape]> {
  for (const [name, inner] of Object.entries(shape.properties ?? {})) {
    const path = prefix === '' ? name : `${prefix}.${name}`
    yield [path, inner]
    yield* keys(inner, path)
  }
}

it('the file that the manifest names is the one that the settings give', () => {
  const file = JSON.parse(readFileSync(join(root, 'media', 'training-settings.schema.json'), 'utf8'))
  expect(file, 'run node scripts/make-settings-schema.mjs').toEqual(schema)
})

it('every setting of a run is there with a sentence, except what only the program says', () => {
  const known = new Map(keys(schema))
  const leaves = (value: unknown, path: string): string[] =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value).flatMap(([name, inner]) =>
          leaves(inner, path === '' ? name : `${path}.${name}`),
        )
      : [path]
  const all = leaves(resolveRunConfig('finetune', []), '')
  expect(all.length).toBeGreaterThan(30)
  expect(all.filter((path) => !known.has(path)).sort()).toEqual(['init', 'preset', 'version'])
  for (const [path, { description }] of known) expect(description, path).toMatch(/^[A-Z].*\.$/)
})

it('says the same limits as the program', () => {
  const known = new Map(keys(schema))
  expect(known.get('batch')).toMatchObject({ type: 'integer', minimum: 1, maximum: 65_536, default: 8 })
  expect(() => resolveRunConfig('finetune', [{ name: 'x', settings: { batch: 0 } }])).toThrow(
    /from 1 to 65536/,
  )
  expect(known.get('optimiser.clipNorm')).toMatchObject({ type: ['number', 'null'] })
  expect(known.get('model.decoderMode')!.enum).toEqual(['cross-self', 'cross', 'joint'])
  expect(known.get('data.gap')).toMatchObject({ minItems: 2, maxItems: 2 })
  expect(known.get('model.size')!.enum).toEqual(['Ti', 'S', 'B', 'L'])
})
