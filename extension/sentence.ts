/** What the extension and the model process refuse with, in words that can be translated; `words.ts` does. */
import { Sentence, type SentenceParts } from '../model/errors.ts'

export { Sentence }

/**
 * The sentence of a thrown value with its values apart; undefined where it has none that can be translated. Of one that
 * came from another process only the cause of an error is left.
 */
export function partsOf(error: unknown): SentenceParts | undefined {
  if (error instanceof Sentence) return error
  const cause =
    error instanceof Error ? (error.cause as Partial<SentenceParts> | null | undefined) : undefined
  return typeof cause?.template === 'string' && Array.isArray(cause.values)
    ? { template: cause.template, values: cause.values }
    : undefined
}
