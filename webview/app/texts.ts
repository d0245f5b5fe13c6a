import { signal } from '@preact/signals'

/** English text to shown text; empty for English. */
const texts = signal<Readonly<Record<string, string>>>({})

/** Takes translations over from the host. */
export function putTexts(translations: Readonly<Record<string, string>>): void {
  texts.value = translations
}

/** A text as the person reads it; `{0}`, `{1}` stand for the arguments. */
export function t(english: string, ...args: readonly (string | number)[]): string {
  return (texts.value[english] ?? english).replace(/\{(\d+)\}/g, (hole, index) => String(args[index] ?? hole))
}
