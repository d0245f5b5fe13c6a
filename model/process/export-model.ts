/** An encoder as an ONNX graph, for other programs. */
import { UsageError } from '../errors.ts'
import { writeFileAtomic } from '../files.ts'
import { toOnnx } from '../graph/index.ts'
import { encoderGraph } from '../siammae/index.ts'
import { readEncoder } from '../weights/index.ts'
import type { ModelExportRequest } from './surface.ts'

/** @throws UsageError when the patch does not divide the size; UserError when the model cannot be read or written */
export async function exportModel({ file, out, width, height }: ModelExportRequest): Promise<void> {
  const { config, parameters } = await readEncoder(file)
  if (width % config.patch !== 0 || height % config.patch !== 0 || width < 1 || height < 1)
    throw new UsageError(
      `The size ${width}x${height} must be a multiple of the patch, ${config.patch} pixels, in both directions.`,
    )
  await writeFileAtomic(out, toOnnx(encoderGraph(config, parameters, { width, height }), 'portable'))
}
