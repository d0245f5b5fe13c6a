import { UserError } from '../errors.ts'

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
