/** Finding the network in a file: training checkpoints hold several, under prefixes of their own. */
import { UserError } from '../../errors.ts'
import type { Container, FileTensor } from '../containers/index.ts'
import { FAMILIES } from './families.ts'
import { familyName, NAMINGS, type Naming } from './namings.ts'

/** A network of the file. */
export interface Network {
  /** What stands before the names of its tensors, such as `teacher.backbone.`. */
  readonly prefix: string
  readonly naming: Naming
  /** Tensors by the families' names, without the prefix. */
  readonly tensors: ReadonlyMap<string, FileTensor>
  /** The names in the file, by the families' names. */
  readonly fileNames: ReadonlyMap<string, string>
}

export interface Found {
  readonly network: Network
  /** Prefixes of the networks that were not taken. */
  readonly others: readonly string[]
}

/** Names of wrappers that say how good a network is for features; lower is taken first. */
const RANKS: readonly (readonly [RegExp, number])[] = [
  [/(^|[._])teacher[._]/, 0],
  [/ema[._]/, 1],
  [/momentum[._]/, 4],
  [/(^|[._])student[._]/, 3],
]
const rankOf = (prefix: string): number => RANKS.find(([pattern]) => pattern.test(prefix))?.[1] ?? 2

/**
 * The network of a file: the teacher or the averaged one where there are several, or the one that `part` names.
 * @throws UserError when there is none, or none of that name
 */
export function findNetwork(file: string, { tensors }: Container, part?: string): Found {
  const found = NAMINGS.flatMap((naming) => prefixesOf(tensors, naming).map((prefix) => ({ prefix, naming })))
  found.sort((a, b) => rankOf(a.prefix) - rankOf(b.prefix) || a.prefix.length - b.prefix.length)
  const prefixes = found.map(({ prefix }) => prefix)
  if (prefixes.length === 0) throw unknown(file, [...tensors.keys()])
  const chosen =
    part === undefined ? prefixes[0]! : prefixes.find((prefix) => prefix.split('.').includes(part))
  if (chosen === undefined)
    throw new UserError(
      `${file} has no network called "${part}"; it has ${listed(prefixes)}. Name one of those, or none.`,
      { flags: '--part' },
    )
  const others = prefixes.filter((prefix) => prefix !== chosen)
  const { naming } = found.find(({ prefix }) => prefix === chosen)!
  return { network: networkAt(file, tensors, chosen, naming, others), others }
}

function prefixesOf(tensors: Container['tensors'], { landmark }: Naming): string[] {
  return [...tensors.keys()]
    .filter((name) => name === landmark || name.endsWith(`.${landmark}`) || name.endsWith(`/${landmark}`))
    .map((name) => name.slice(0, -landmark.length))
}

function networkAt(
  file: string,
  all: ReadonlyMap<string, FileTensor>,
  prefix: string,
  naming: Naming,
  others: readonly string[],
): Network {
  const within = others.filter((other) => other.startsWith(prefix))
  const tensors = new Map<string, FileTensor>()
  const fileNames = new Map<string, string>()
  for (const [fileName, tensor] of all) {
    if (!fileName.startsWith(prefix) || within.some((other) => fileName.startsWith(other))) continue
    const name = familyName(naming, fileName.slice(prefix.length))
    if (tensors.has(name)) throw new UserError(`${file} has two tensors for ${name}. Use another checkpoint.`)
    tensors.set(name, naming.stored?.(name, tensor) ?? tensor)
    fileNames.set(name, fileName)
  }
  return { prefix, naming, tensors, fileNames }
}

function unknown(file: string, names: readonly string[]): UserError {
  const keys =
    names.length === 0 ? 'It holds no tensors' : `Its first tensors are ${listed(names.slice(0, 6))}`
  return new UserError(
    `${file} is of no family that is known here. ${keys}. Known are ${FAMILIES.map(({ id }) => id).join(', ')}.`,
  )
}

const listed = (names: readonly string[]): string =>
  names.map((name) => (name === '' ? '(no prefix)' : name.slice(0, 100))).join(', ')
