/** Looks into the starter model on the sample clip, by the model process, as the extension asks for them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from '../../../extension/editor/inspection.ts'
import type { ModelClient } from '../../../extension/model-client/types.ts'
import type { InspectionAnswer, InspectionWish } from '../../../webview/protocol/index.ts'
import { startModelProcess } from '../../support/model-process.ts'
import { SAMPLE } from './truth.ts'

export interface Inspector {
  answer(wish: InspectionWish): Promise<InspectionAnswer>
  stop(): Promise<void>
}

/** @param size short side at which the network sees the clip */
export async function startInspector(size: number): Promise<Inspector> {
  const folder = mkdtempSync(join(tmpdir(), 'siammae-inspector-'))
  const model = startModelProcess()
  await model.calls.openClip(SAMPLE, { cacheFolder: folder, ffmpeg: undefined })
  const settings = {
    model: () => ({ file: undefined, device: 'cpu' }),
    run: () => ({ preset: 'siammae', size, changes: {} }) as const,
  }
  // The client of the extension adds restarts to these calls, nothing else.
  const client = model.calls as unknown as ModelClient
  return {
    answer: (wish) => inspect({ client, settings }, SAMPLE, 'view 1', true, wish),
    async stop() {
      await model.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
