/** The sample clip with its first mask, as the extension asks for its propagation. */
import { join } from 'node:path'
import { encodeMask } from '../../../model/annotation/index.ts'
import { readIndexedPng } from '../../../model/formats/index.ts'
import type { EarlierResult, RunRequest } from '../../../model/process/index.ts'
import { root } from '../../support/cli.ts'
import type { ModelProcess } from '../../support/model-process.ts'

export const SAMPLE = join(root, 'media', 'sample.mp4')

/** Object 1 as it is on frame 0. */
export async function sampleMask() {
  const { width, height, indices } = await readIndexedPng(join(root, 'media', 'sample', 'first-mask.png'))
  return encodeMask(
    indices.map((id) => (id === 1 ? 1 : 0)),
    width,
    height,
  )
}

/** Object 1 from frame 0 on, with the starter model on the processor. */
export async function sampleRun(changes: Partial<RunRequest> = {}): Promise<RunRequest> {
  return {
    run: 1,
    clip: SAMPLE,
    labels: [{ id: 1, name: 'thing', colour: '#ff0000' }],
    objects: [{ id: 1, name: 'one', labelId: 1 }],
    marks: [
      { objectId: 1, frame: 0, entry: { state: 'keyframe', occluded: false, mask: await sampleMask() } },
    ],
    direction: 'forward',
    range: [0, 99],
    model: { file: undefined, device: 'cpu' },
    settings: { preset: 'siammae', size: 128, changes: {} },
    ...changes,
  }
}

/** All results of a run so far, in order. */
export function resultsOf(model: ModelProcess, run: number): EarlierResult[] {
  return model.told.results.filter((batch) => batch.run === run).flatMap(({ results }) => results)
}
