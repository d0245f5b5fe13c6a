import { UserError } from '../errors.ts'

/** What cannot be seen from a file and has to be told: attention heads, or how pixels were normalised. Also the options' names. */
export type ImportSubject = 'heads' | 'normalise'

/**
 * An import that needs an answer first: the command line is told by the option of the subject's name, a dialog asks.
 */
export class ImportQuestion extends UserError {
  override readonly name = 'ImportQuestion'
  readonly about: ImportSubject
  /** Answers that make sense, likely ones first; none where anything might. */
  readonly suggestions: readonly (number | string)[]

  constructor(message: string, about: ImportSubject, suggestions: readonly (number | string)[]) {
    super(message, { flags: `--${about}` })
    this.about = about
    this.suggestions = suggestions
  }
}
