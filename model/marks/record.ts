/** What is written about a run, so that it can be understood and repeated later. */
import type { Run } from '../annotation/index.ts'
import type { PresetName, PropagationSettings } from '../propagation/index.ts'

/** What a run is made of. */
export interface RunMakings {
  readonly id: number
  readonly model: Run['model']
  readonly device: string
  readonly preset: PresetName
  readonly settings: PropagationSettings
  /** At which the network sees the clip. */
  readonly size: { readonly width: number; readonly height: number }
  readonly direction: Run['direction']
  readonly range: Run['range']
  readonly tool: string
}

/** The record of a run that starts now. */
export function runRecord({ model, settings, size, ...rest }: RunMakings): Run {
  const { name, file, hash, trained } = model
  return {
    ...rest,
    model: { name, file, hash, trained },
    settings: { ...settings, size: `${size.height}x${size.width}` },
    date: new Date().toISOString(),
  }
}
