import { readdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { explainSystemError, UserError } from '../errors.ts'

/**
 * Finds the label maps of every sequence below a folder. Accepted, in this order: the DAVIS layout
 * `Annotations/480p/<seq>/*.png` (or the only other resolution below `Annotations`), the same seen from inside
 * `Annotations`, plain `<seq>/*.png`, and a folder that holds one sequence's PNGs itself.
 * @returns folder of each sequence by name, sorted by name
 * @throws UserError when the folder cannot be read or holds no label maps
 */
export async function findSequences(folder: string): Promise<Map<string, string>> {
  if (await holdsPngs(folder)) return new Map([[basename(resolve(folder)), folder]])
  const inside = await subfolders(folder)
  if (inside.includes('Annotations')) return fromResolutions(join(folder, 'Annotations'))
  const sequences = await sequencesIn(folder)
  if (sequences.size > 0) return sequences
  return fromResolutions(folder)
}

/** File names of the label maps in a folder, sorted. */
export async function labelMapNames(folder: string): Promise<string[]> {
  const entries = await list(folder)
  return entries
    .filter((entry) => !entry.isDirectory() && isPng(entry.name))
    .map((entry) => entry.name)
    .sort()
}

async function fromResolutions(folder: string): Promise<Map<string, string>> {
  const direct = await sequencesIn(folder)
  if (direct.size > 0) return direct
  const resolutions: string[] = []
  for (const name of await subfolders(folder))
    if ((await sequencesIn(join(folder, name))).size > 0) resolutions.push(name)
  const chosen = resolutions.includes('480p') ? '480p' : resolutions[0]
  if (chosen === undefined)
    throw new UserError(
      `No label maps were found in ${folder}: it should hold one folder of PNG files per sequence, or Annotations/480p/<sequence>.`,
    )
  if (resolutions.length > 1 && chosen !== '480p')
    throw new UserError(
      `${folder} holds several sets (${resolutions.join(', ')}); name the folder of one of them.`,
    )
  return sequencesIn(join(folder, chosen))
}

async function sequencesIn(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const name of await subfolders(folder))
    if (await holdsPngs(join(folder, name))) found.set(name, join(folder, name))
  return found
}

async function holdsPngs(folder: string): Promise<boolean> {
  return (await list(folder)).some((entry) => !entry.isDirectory() && isPng(entry.name))
}

async function subfolders(folder: string): Promise<string[]> {
  const entries = await list(folder)
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}

// Files that start with a dot are leftovers of macOS and of interrupted writes, never label maps.
function isPng(name: string): boolean {
  return /^[^.].*\.png$/i.test(name)
}

async function list(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    throw explainSystemError(error, 'read the folder', folder)
  }
}
