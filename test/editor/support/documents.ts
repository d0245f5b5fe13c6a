/** Annotations of the sample clip that are made from its exact masks. */
import {
  type AnnotationDocument,
  createDocument,
  encodeMask,
  type Run,
} from '../../../model/annotation/index.ts'
import { MAGENTA } from './suite.ts'
import { FRAMES, HEIGHT, truth, WIDTH } from './truth.ts'

export interface SampleOptions {
  /** Which koi; the black one when not given. */
  readonly object?: 1 | 2
  /** Whether the frames between the keyframes are filled as a run would have done it. */
  readonly propagated?: boolean
}

/** A document in which object 1 is marked on the given frames. */
export async function sampleDocument(
  video: string,
  keyframes: readonly number[],
  options: SampleOptions = {},
): Promise<AnnotationDocument> {
  const document = createDocument({ path: video, hash: '', frameCount: FRAMES, width: WIDTH, height: HEIGHT })
  document.apply({ kind: 'putLabel', label: { id: 1, name: 'koi', colour: MAGENTA } })
  document.apply({ kind: 'putObject', object: { id: 1, name: 'a koi', labelId: 1 } })
  if (options.propagated) document.apply({ kind: 'putRun', run: RUN })
  for (let frame = 0; frame < FRAMES; frame++) {
    const marked = keyframes.includes(frame)
    if (!marked && !options.propagated) continue
    const mask = encodeMask(await truth(frame, options.object ?? 2), WIDTH, HEIGHT)
    document.apply({
      kind: 'setEntry',
      objectId: 1,
      frame,
      entry: marked
        ? { state: 'keyframe', occluded: false, mask }
        : {
            state: 'propagated',
            run: RUN.id,
            confidence: 0.4 + 0.6 * Math.abs(Math.cos(frame / 9)),
            occluded: false,
            mask,
          },
    })
  }
  return document
}

export const RUN: Run = {
  id: 1,
  model: { name: 'starter', file: 'starter.safetensors', hash: '0'.repeat(64), trained: true },
  device: 'cpu',
  preset: 'siammae',
  settings: {},
  direction: 'forward',
  range: [0, FRAMES - 1],
  date: '2026-01-01T00:00:00.000Z',
  tool: 'siammae 0.1.0',
}
