/** What the network has to fit, from what the host asks for. */
import { UsageError } from '../errors.ts'
import { changedSettings, PRESETS, type PropagationSettings } from '../propagation/index.ts'
import type { VideoSource } from '../video/index.ts'
import type { RunSettings } from './surface.ts'
import type { Fit } from './warm-model.ts'

/** Features kept between runs: 400 frames of a small network at 480p. */
const FEATURE_MEGABYTES = 512
const SHORTEST = 16
const LONGEST = 4096

/** @throws UsageError naming the setting that makes no sense */
export function fitOf(source: VideoSource, settings: RunSettings): Fit {
  const { preset, size: short, changes, featureMemoryMb = FEATURE_MEGABYTES } = settings
  if (!(preset in PRESETS)) throw new UsageError(`There is no preset "${preset}".`)
  if (!(short >= SHORTEST && short <= LONGEST))
    throw new UsageError(`The network's size ${short} must be from ${SHORTEST} to ${LONGEST} pixels.`)
  const chosen: PropagationSettings = changedSettings(preset, changes)
  return { source, settings: chosen, short, featureBytes: Math.max(0, featureMemoryMb) * 1024 ** 2 }
}
