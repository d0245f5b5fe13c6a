/** Features read behind some of the blocks: those of the shorter network, every channel standardised over the picture. */

import * as v from 'valibot'
import { expect, it } from 'vitest'
import { Engine, onHost } from '../../../model/runtime/index.ts'
import {
  type EncoderConfig,
  encoderConfig,
  encoderConfigSchema,
  encoderGraph,
  initialiseEncoder,
  seededRandom,
} from '../../../model/siammae/index.ts'
import { describeOnDevices } from '../../support/devices.ts'
import { expectClose } from '../../support/tensors.ts'

const CONFIG = encoderConfig('Ti', 8, { dim: 24, depth: 3, heads: 2, positionGrid: 4 })
const SIZE = { height: 32, width: 48 }
const COUNT = 24

describeOnDevices('features behind a block', (device) => {
  it('are standardised tokens of the network that ends there', async () => {
    const engine = await Engine.start(device)
    const parameters = initialiseEncoder(CONFIG, 3)
    const random = seededRandom(5)
    const data = Uint8Array.from({ length: SIZE.height * SIZE.width * 3 }, () => 256 * random.uniform())
    const features = async (config: EncoderConfig) => {
      const program = await engine.load(encoderGraph(config, parameters, SIZE))
      const image = { dtype: 'uint8', shape: [SIZE.height, SIZE.width, 3], data } as const
      const { tokens, tokens_l2: unit } = await engine.run(program, { image })
      await engine.unload(program)
      return [onHost(tokens).data as Float32Array, onHost(unit).data as Float32Array] as const
    }
    for (const blocks of [1, 3]) {
      const [plain] = await features({ ...CONFIG, depth: blocks })
      const expected = standardised(plain, CONFIG.dim)
      const [tokens, unit] = await features({ ...CONFIG, featureBlocks: blocks })
      expectClose(tokens, expected, 2e-3)
      for (let cell = 0; cell < COUNT; cell++) {
        const row = tokens.subarray(cell * CONFIG.dim, (cell + 1) * CONFIG.dim)
        const length = Math.hypot(...row)
        expectClose(
          unit.subarray(cell * CONFIG.dim, (cell + 1) * CONFIG.dim),
          row.map((x) => x / length),
          1e-4,
        )
      }
    }
    await engine.close()
  })
})

it('cannot be more blocks than there are', () => {
  expect(v.safeParse(encoderConfigSchema, { ...CONFIG, featureBlocks: 3 }).success).toBe(true)
  for (const featureBlocks of [0, 4, 1.5])
    expect(v.safeParse(encoderConfigSchema, { ...CONFIG, featureBlocks }).success).toBe(false)
})

/** Each of the `dim` channels at mean 0 and deviation 1 over the rows. */
function standardised(tokens: Float32Array, dim: number): Float32Array {
  const rows = tokens.length / dim
  const result = new Float32Array(tokens.length)
  for (let channel = 0; channel < dim; channel++) {
    const column = Array.from({ length: rows }, (_, row) => tokens[row * dim + channel]!)
    const mean = column.reduce((sum, x) => sum + x, 0) / rows
    const deviation = Math.sqrt(column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / rows)
    for (const [row, x] of column.entries()) result[row * dim + channel] = (x - mean) / deviation
  }
  return result
}
