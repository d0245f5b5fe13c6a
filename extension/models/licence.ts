import { Sentence } from '../sentence.ts'
import type { ModelEntry } from './types.ts'

/** How the file of a trained model ends its licence: what it learned from has one too. */
const TRAINED = /^(?:(.+) \+ )?its footage$/

/**
 * The licence of a model in words: a name, or what is known. A model that was trained here learned from the footage of
 * the person who reads this; another one from that of somebody else.
 */
export function licenceWords({
  licence,
  origin,
}: Pick<ModelEntry, 'licence'> & Partial<ModelEntry>): Sentence | string {
  const [trained, start] = TRAINED.exec(licence) ?? []
  const isOwn = origin === 'trained'
  if (trained === undefined) return licence === 'unknown' ? new Sentence('unknown') : licence
  if (start === undefined)
    return isOwn ? new Sentence('your own') : new Sentence('that of the footage that it learned from')
  if (start === 'unknown')
    return isOwn
      ? new Sentence('unknown, and your footage')
      : new Sentence('unknown, and the footage that it learned from')
  return isOwn
    ? new Sentence('{0}, and your footage', start)
    : new Sentence('{0}, and the footage that it learned from', start)
}
