/** Where this installation has its files, and which version it is. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UserError } from '../errors.ts'
import { type FeatureModel, isOnnxPath, readEncoder, readOnnxEncoder } from '../weights/index.ts'

/** The folder with package.json: above `dist` when built, above `model` in the sources. */
export function packageFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (folder === dirname(folder)) throw new Error('The package folder was not found.')
  }
}

let version: string | undefined
/** `siammae 0.1.0`, as it is written into side-cars and reports. */
export function toolVersion(): string {
  version ??= (JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as { version: string })
    .version
  return `siammae ${version}`
}

/** The model that is used when none is named. */
export function starterModelPath(): string {
  return join(packageFolder(), 'media', 'models', 'starter.safetensors')
}

/** The licence of weights: the starter's is that of this program, any other's what its file says. */
export function weightsLicence(weights: {
  readonly path: string
  readonly licence: string | undefined
}): string | undefined {
  return weights.path === starterModelPath() ? 'MIT' : weights.licence
}

/**
 * Reads a model; the starter model where none is named.
 * @throws UserError naming the file that is missing or damaged
 */
export async function readModel(path: string | undefined): Promise<FeatureModel> {
  const chosen = path ?? starterModelPath()
  if (path === undefined && !existsSync(chosen))
    throw new UserError(
      `The starter model ${chosen} is missing; check the project out or install it again, or choose another model.`,
    )
  return isOnnxPath(chosen) ? readOnnxEncoder(chosen) : readEncoder(chosen)
}

/** How a model is called in outputs; an untrained one is named as such everywhere. */
export function modelLabel(model: FeatureModel): string {
  return `${model.name} ${model.file}${model.trained ? '' : ' (untrained)'}`
}

/** What has to be said about a model that was never trained; undefined for one that was. */
export function untrainedNote(model: FeatureModel): string | undefined {
  if (model.trained) return undefined
  return `The model ${model.file} is untrained: its features come from random weights, so labels will drift; choose a trained one.`
}
