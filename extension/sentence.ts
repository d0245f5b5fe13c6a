import { UserError } from '../model/errors.ts'

/**
 * An error of the extension that can be shown in the person's language: an English sentence with places `{0}`, `{1}`
 * for values. Pure, so that code which says why it refuses can be tested outside VS Code; `words.ts` translates it.
 */
export class Sentence extends UserError {
  override readonly name = 'Sentence'
  /** The sentence with its places; also its key in the translations. */
  readonly template: string
  readonly values: readonly (string | number)[]

  constructor(template: string, ...values: readonly (string | number)[]) {
    super(template.replace(/\{(\d+)\}/g, (place, index) => String(values[Number(index)] ?? place)))
    this.template = template
    this.values = values
  }
}
