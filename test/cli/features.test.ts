/** What `features` writes is what `propagate` computes with. */
import { mkdtempSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, expect, it } from 'vitest'
import { extractToHost } from '../../model/propagation/index.ts'
import { Engine } from '../../model/runtime/index.ts'
import { encoderConfig, initialiseEncoder } from '../../model/siammae/index.ts'
import { openVideo } from '../../model/video/index.ts'
import { readEncoder, readSafetensors, writeEncoder } from '../../model/weights/index.ts'
import { siammae } from '../support/cli.ts'
import { expectClose, values } from '../support/tensors.ts'

const folder = mkdtempSync(join(tmpdir(), 'siammae-features-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

it('a picture gives the tokens that it gives as a frame of a clip', async () => {
  const model = join(folder, 'tiny.safetensors')
  const config = { ...encoderConfig('Ti', 8), depth: 1, positionGrid: 4 }
  await writeEncoder(model, { config, parameters: initialiseEncoder(config, 5), trained: false })
  // Alpha, an orientation and shrinking: what two readers would each do in their own way.
  const clip = join(folder, 'clip')
  await mkdir(clip)
  const data = Uint8Array.from({ length: 200 * 120 * 4 }, (_, i) => (i * i * 7 + i * 13) & 255)
  const picture = join(clip, 'picture.png')
  await sharp(data, { raw: { width: 200, height: 120, channels: 4 } })
    .withMetadata({ orientation: 6 })
    .png()
    .toFile(picture)

  const out = join(folder, 'tokens.safetensors')
  const args = ['features', picture, '--model', model, '--size', '64', '--device', 'cpu', '--out', out]
  expect(await siammae(args)).toMatchObject({ code: 0 })
  const written = await readSafetensors(out)
  expect(written.metadata).toMatchObject({ size: '104x64' })

  const source = await openVideo(clip)
  const size = { width: 64, height: 104 }
  const frame = await source.frame(0, { size })
  const engine = await Engine.start('cpu')
  const { tokens } = await extractToHost(engine, await readEncoder(model), size, frame.data)
  await engine.close()
  expectClose(values(written, 'tokens'), tokens, 1e-5)
})
