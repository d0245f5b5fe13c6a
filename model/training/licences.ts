/** Which licence footage came with, as far as a file beside it says; and which a model has that learned from it. */
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const LICENCE_FILE = /^(licen[cs]e|copying|copyright)([._-].*)?$/i
const README_FILE = /^readme([._-].*)?$/i

/** Names by what their texts say, the more special ones first. */
const KNOWN: readonly [RegExp, string][] = [
  [/\bcc0\b|creativecommons\.org\/publicdomain\/zero/i, 'CC0'],
  [/\bCC[ -]BY[ -]NC[ -]SA\b|Attribution-NonCommercial-ShareAlike/i, 'CC BY-NC-SA'],
  [/\bCC[ -]BY[ -]NC\b|Attribution-NonCommercial/i, 'CC BY-NC'],
  [/\bCC[ -]BY[ -]SA\b|Attribution-ShareAlike/i, 'CC BY-SA'],
  [/\bCC[ -]BY\b|Creative Commons Attribution|Attribution \d\.\d International/i, 'CC BY'],
  [/Apache License|Apache-2\.0/i, 'Apache-2.0'],
  [/\bMIT License\b|Permission is hereby granted, free of charge/i, 'MIT'],
  [/\bBSD\b|Redistribution and use in source and binary forms/i, 'BSD'],
  [/GNU GENERAL PUBLIC LICENSE|\bGPL\b/i, 'GPL'],
]

export const NOT_STATED = 'not stated'

/** What stands in the licence of a model for the licences of all that it learned from. */
const ITS_FOOTAGE = 'its footage'

/**
 * The licence of a model that a run makes, as it stands in the model's file: that of the weights it started from, and
 * that of its footage, `MIT + its footage`.
 * @param init what the run started from; null for random weights
 */
export function trainedLicence(init: { readonly licence?: string | undefined } | null): string {
  if (init === null) return ITS_FOOTAGE
  const licence = init.licence ?? 'unknown'
  // What was trained before had footage of its own, which is in these words already.
  return licence.endsWith(ITS_FOOTAGE) ? licence : `${licence} + ${ITS_FOOTAGE}`
}

/**
 * Looks beside a clip, and up to three folders above it, for a licence file or a README that names one licence.
 * @returns such as `CC BY (LICENSE.txt)`, or {@link NOT_STATED}
 */
export async function licenceOf(clip: string): Promise<string> {
  let folder = clip
  for (let level = 0; level < 4; level++) {
    const found = await licenceIn(folder)
    if (found) return found
    const above = dirname(folder)
    if (above === folder) break
    folder = above
  }
  return NOT_STATED
}

async function licenceIn(folder: string): Promise<string | undefined> {
  // A clip that is a file has no entries of its own.
  const names = (await readdir(folder).catch(() => [])).sort()
  for (const name of names.filter((entry) => LICENCE_FILE.test(entry))) {
    const text = await textOf(join(folder, name))
    const known = KNOWN.find(([pattern]) => pattern.test(text))?.[1]
    const first = text
      .split('\n')
      .map((line) => line.trim())
      .find((line) => line !== '')
    if (known ?? first) return `${known ?? first!.slice(0, 80)} (${name})`
  }
  for (const name of names.filter((entry) => README_FILE.test(entry))) {
    const lines = (await textOf(join(folder, name))).split('\n').filter((line) => /licen[cs]e/i.test(line))
    const licences = new Set(
      lines.flatMap((line) => KNOWN.filter(([pattern]) => pattern.test(line)).map(([, label]) => label)),
    )
    if (licences.size === 1) return `${[...licences][0]} (${name})`
    // Several: which of them is this clip's is for a person to say.
    if (lines.length > 0) return `see ${name}`
  }
  return undefined
}

/** The start of a text file; empty where it cannot be read. */
async function textOf(path: string): Promise<string> {
  return (await readFile(path, 'utf8').catch(() => '')).slice(0, 20_000)
}
