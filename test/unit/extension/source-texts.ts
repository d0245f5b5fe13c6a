import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../support/cli.ts'

const STRING = `('(?:[^'\\\\\\n]|\\\\.)*'|"(?:[^"\\\\\\n]|\\\\.)*")`

/** Calls whose first argument is shown to people, in the extension and in the webview. */
const SHOWN: readonly (readonly [folder: string, call: string])[] = [
  ['extension', String.raw`l10n\.t\(`],
  // Sentences, and the classes that are made of them.
  ['extension', String.raw`new (?:Sentence|NotTrusted|RunGoingOn|VideoProblem|OpeningCancelled)\(`],
  ['model', String.raw`new Sentence\(`],
  ['webview/app', String.raw`(?<![\w.])t\(`],
  ['webview/dashboard', String.raw`(?<![\w.])t\(`],
  // Names of undo steps are sent in English and translated by the host.
  ['webview/app', String.raw`(?:\.edit|\.commit|\bsendEdit)\((?:[\w.]+(?: === '\w+')? \? )?`],
  ['webview/app', String.raw`(?:\.edit|\.commit|\bsendEdit)\([^()]*? : `],
]

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) yield* sources(path)
    else if (/\.tsx?$/.test(entry.name)) yield path
  }
}

/** Every text in the sources that a person may read, with the file where it stands first. */
export function sourceTexts(): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const [folder, call] of SHOWN)
    for (const file of sources(folder)) {
      const source = readFileSync(join(root, file), 'utf8')
      for (const [, literal] of source.matchAll(new RegExp(`${call}\\s*${STRING}`, 'g'))) {
        const text = unquoted(literal!)
        if (!found.has(text)) found.set(text, file)
      }
    }
  return found
}

/** Calls of a translation whose text is not a literal: each must be known to take its text from a list. */
export function computedTexts(): string[] {
  const found: string[] = []
  for (const file of sources('extension')) {
    const source = readFileSync(join(root, file), 'utf8')
    for (const [, argument] of source.matchAll(/l10n\.t\(\s*([^'"\s)][^,)]*)/g))
      found.push(`${file}: ${argument}`)
  }
  return found.sort()
}

function unquoted(literal: string): string {
  return literal.slice(1, -1).replaceAll(/\\(.)/g, '$1')
}
