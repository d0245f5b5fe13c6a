import { UserError } from '../errors.ts'

/** What cannot be seen from a file and has to be told: attention heads, or how pixels were normalised. */
export type ImportSubject = 'heads' | 'normalise'

/**
 * An import that needs an answer first. The sentence says how the command line is told; a dialog asks by itself.
 */
export class ImportQuestion extends UserError {
  override readonly name = 'ImportQuestion'
  readonly about: ImportSubject
  /** Answers that make sense, likely ones first; none where anything might. */
  readonly suggestions: readonly (number | string)[]

  constructor(message: string, about: ImportSubject, suggestions: readonly (number | string)[]) {
    super(message)
    this.about = about
    this.suggestions = suggestions
  }
}
