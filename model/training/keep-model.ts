/** From the checkpoint of a run to a model that other work can use. */
import { type SiamMaeConfig, siamMaeLayout } from '../siammae/index.ts'
import { readSiamMae, writeSiamMae } from '../weights/index.ts'

/** What a kept model says about itself. */
export interface KeptModel {
  readonly file: string
  /** `SiamMAE ViT-S/16` */
  readonly name: string
  readonly config: SiamMaeConfig
  /** Steps of the run that it comes from. */
  readonly step: number
  readonly licence: string
}

/**
 * Writes encoder and decoder of a checkpoint, without the state of the optimiser, as one model file.
 * @throws UserError when the checkpoint is damaged, the place is not writable or the disk is full
 */
export async function keepModel(checkpoint: string, file: string): Promise<KeptModel> {
  const { name, config, parameters, trained, metadata } = await readSiamMae(checkpoint)
  const step = Number(metadata['siammae.step'] ?? 0)
  const own = Object.entries(metadata).filter(([key]) => !key.startsWith('siammae.'))
  await writeSiamMae(file, {
    config,
    parameters: new Map([...siamMaeLayout(config).keys()].map((key) => [key, parameters.get(key)!])),
    trained,
    metadata: { ...Object.fromEntries(own), origin: `training run, step ${step}` },
  })
  return { file, name, config, step, licence: metadata.licence ?? 'unknown' }
}
