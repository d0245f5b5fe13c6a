/** What a rejected call says: one sentence for the person, whatever went wrong. */
import { AnnotationError } from '../annotation/index.ts'
import { CancelledError, messageOf, Sentence, type SentenceParts, UserError } from '../errors.ts'

/** Whether an error is meant for people; anything else is a mistake of the program. */
export function isForPeople(error: unknown): boolean {
  return error instanceof UserError || error instanceof CancelledError || error instanceof AnnotationError
}

/**
 * One line for the person.
 * @param doing what failed, such as `Opening clip.mp4`; says where a mistake of the program happened
 */
export function sentenceOf(error: unknown, doing: string): string {
  const [line = ''] = messageOf(error).trim().split('\n')
  if (isForPeople(error)) return line
  return `${doing} failed by a mistake of the program (${line.replace(/\.$/, '') || 'no reason given'}); see the log.`
}

/** What the log says about an error: where it happened, and its stack. */
export function problemText(doing: string, error: unknown): string {
  return `${doing}: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`
}

/**
 * Makes calls whose failure is one sentence for the person, with the details of a mistake of the program in the log.
 * @param log takes those details
 */
export function answering(log: (text: string) => void) {
  return <A extends unknown[], R>(
    doing: string,
    call: (...args: A) => Promise<R>,
  ): ((...args: A) => Promise<R>) => {
    return async (...args) => {
      try {
        return await call(...args)
      } catch (error) {
        if (!isForPeople(error)) log(problemText(doing, error))
        const cause: SentenceParts | undefined =
          error instanceof Sentence ? { template: error.template, values: error.values } : undefined
        throw new Error(sentenceOf(error, doing), { cause })
      }
    }
  }
}
