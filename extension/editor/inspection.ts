/** A view's looks into the model: asks the model process and turns its answers into messages. */
import { basename } from 'node:path'
import type { InspectedNetwork } from '../../model/process/index.ts'
import type { InspectionAnswer, InspectionWish, NetworkView } from '../../webview/protocol/index.ts'
import { Sentence } from '../sentence.ts'
import type { EditorServices } from './types.ts'

/** What an inspection needs of the rest of the extension. */
export type InspectionServices = Pick<EditorServices, 'client'> & {
  readonly settings: Pick<EditorServices['settings'], 'model' | 'run'>
}

/**
 * Looks into the model that the settings name.
 * @param view unique in the window
 * @param trusted without trust models do not run
 * @throws Sentence in a workspace that is not trusted; Error with a sentence from the model process
 */
export async function inspect(
  { client, settings }: InspectionServices,
  clip: string,
  view: string,
  trusted: boolean,
  wish: InspectionWish,
): Promise<InspectionAnswer> {
  if (!trusted)
    throw new Sentence(
      'Models do not run in a workspace that is not trusted; trust it to look into the model.',
    )
  const request = { view, clip, model: settings.model(), settings: settings.run(), frame: wish.frame }
  if (wish.kind === 'correspondence') {
    const { reference, x, y, topK } = wish
    const seen = await client.inspectCorrespondence({ ...request, reference, x, y, topK })
    if (seen === undefined) return { kind: 'overtaken' }
    const { network, patch, similarity, matches } = seen
    return {
      kind: 'correspondence',
      network: networkView(network),
      patch,
      similarity: own(similarity),
      matches,
    }
  }
  const seen = await client.inspectAttention(request)
  if (seen === undefined) return { kind: 'overtaken' }
  const { network, heads, maps, mean, onPatches } = seen
  return {
    kind: 'attention',
    network: networkView(network),
    heads,
    maps: own(maps),
    mean: own(mean),
    onPatches: own(onPatches),
  }
}

function networkView({ model, device, size, grid }: InspectedNetwork): NetworkView {
  return { model: basename(model.file), architecture: model.name, device, ...size, ...grid }
}

/** A buffer of its own: VS Code sends the whole buffer beneath a view of one. */
function own(values: Float32Array): Float32Array {
  return values.byteLength === values.buffer.byteLength ? values : Float32Array.from(values)
}
