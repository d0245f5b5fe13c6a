import { join } from 'node:path'
import { UserError } from '../errors.ts'
import { exists } from './staging.ts'

/**
 * The sequence to read.
 * @throws UserError when there are several and none is named, or the named one is not there
 */
export function chooseSequence(folder: string, names: readonly string[], wanted: string | undefined): string {
  const shown = names.slice(0, 20).join(', ') + (names.length > 20 ? ', ...' : '')
  if (wanted !== undefined) {
    if (names.includes(wanted)) return wanted
    throw new UserError(`${folder} holds no sequence ${wanted}; it holds ${shown || 'none'}.`)
  }
  const [only] = names
  if (only === undefined) throw new UserError(`${folder} holds no sequence.`)
  if (names.length > 1) throw new UserError(`${folder} holds several sequences; name one of ${shown}.`)
  return only
}

/**
 * Keeps an export from replacing data that no export made, such as the ground truth of a data set.
 * @param ours whether an earlier export wrote what may be there
 */
export async function refuseForeign(folder: string, relative: string, ours: boolean): Promise<void> {
  const path = join(folder, relative)
  if (ours || !(await exists(path).catch(() => false))) return
  throw new UserError(
    `${path} is there already and was not exported by this tool, so it is not replaced; choose another folder or name.`,
  )
}
