/** What a rejected call says: one sentence for the person, whatever went wrong. */
import { AnnotationError } from '../annotation/index.ts'
import { CancelledError, messageOf, UserError } from '../errors.ts'

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
