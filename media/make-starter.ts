/**
 * Writes `media/models/starter.safetensors`: a ViT-Ti/8 with seeded random weights. It stands in until a trained
 * starter model ships, is marked as untrained in its metadata, and every output says so.
 */
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encoderConfig, initialiseEncoder } from '../model/siammae/index.ts'
import { writeEncoder } from '../model/weights/index.ts'

const SEED = 20231

const target =
  process.argv[2] ??
  join(dirname(fileURLToPath(import.meta.url)), '..', 'media', 'models', 'starter.safetensors')
mkdirSync(dirname(target), { recursive: true })
const config = encoderConfig('Ti', 8)
await writeEncoder(target, {
  config,
  parameters: initialiseEncoder(config, SEED),
  trained: false,
  metadata: { origin: `random weights, seed ${SEED}`, licence: 'MIT' },
})
console.log(`Wrote an untrained starter model to ${target}`)
