/** PyTorch's two formats: a zip archive with a pickle and its storages, and the older stream of pickles. */
import { UserError } from '../../errors.ts'
import { DTYPE_BYTES } from '../safetensors.ts'
import { type ByteSource, damaged } from './byte-source.ts'
import type { Container, FileTensor } from './container.ts'
import { unpickle } from './pickle.ts'
import { type Items, type Storage, type TensorView, thing, type Value } from './pickle-values.ts'
import { fileTensor, type StorageReader, storageOfId } from './tensor-view.ts'
import type { ZipArchive, ZipEntry } from './zip.ts'

/** The pickle of a checkpoint with its optimiser takes a few hundred kilobytes. */
const MAX_PICKLE = 32 * 1024 * 1024
/** `torch.save` before 1.6 begins with this number. */
const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn
const LEGACY_PROTOCOL = 1001

/** Depth and number of nested values that are looked through. */
const MAX_DEPTH = 24
const MAX_VALUES = 1_000_000

/** A checkpoint as PyTorch writes it since 1.6: `<folder>/data.pkl` and `<folder>/data/<key>`. */
export async function openTorchZip(source: ByteSource, archive: ZipArchive): Promise<Container> {
  const { name: file } = source
  const pickle = pickleEntry(file, archive)
  const folder = pickle.name.slice(0, -'data.pkl'.length)
  if (archive.entries.has(`${folder}constants.pkl`))
    throw new UserError(
      `${file} is a TorchScript program, not a checkpoint. Save the state_dict() of the model and import that.`,
    )
  const order = archive.entries.get(`${folder}byteorder`)
  const bigEndian = order !== undefined && new TextDecoder().decode(await archive.head(order, 16)) === 'big'
  if (pickle.size > MAX_PICKLE) throw damaged(file, 'its pickle is larger than that of any checkpoint')
  const entryOf = (key: string): ZipEntry | undefined => archive.entries.get(`${folder}data/${key}`)
  const storageOf = (id: Items): Storage => {
    const storage = storageOfId(file, id)
    const entry = entryOf(storage.key)
    if (!entry) throw damaged(file, `storage ${storage.key} is missing in it`)
    if (entry.size !== storage.count * DTYPE_BYTES[storage.dtype])
      throw damaged(
        file,
        `storage ${storage.key} has ${entry.size} bytes where ${storage.count} values of ${storage.dtype} are stated`,
      )
    return storage
  }
  const { value } = unpickle(file, await archive.read(pickle), 0, storageOf)
  const readStorage: StorageReader = ({ key }, start, length) => archive.read(entryOf(key)!, start, length)
  return container(file, 'PyTorch zip', value, readStorage, bigEndian)
}

function pickleEntry(file: string, archive: ZipArchive): ZipEntry {
  const found = [...archive.entries.values()].filter(({ name }) => /^(?:[^/]+\/)?data\.pkl$/.test(name))
  if (found.length !== 1)
    throw new UserError(
      `${file} is a zip archive without a PyTorch checkpoint in it. Use the file that torch.save wrote, or unpack the archive.`,
    )
  return found[0]!
}

/**
 * A checkpoint of PyTorch before 1.6: pickles of a magic number, a protocol, facts on the system, the values, the
 * order of the storages, then each storage as a count and its bytes.
 */
export async function openTorchLegacy(source: ByteSource): Promise<Container> {
  const { name: file } = source
  const bytes = await source.read(0, Math.min(source.size, MAX_PICKLE))
  const noStorage = (): never => {
    throw damaged(file, 'it refers to data before there can be any')
  }
  const magic = unpickle(file, bytes, 0, noStorage)
  if (magic.value !== LEGACY_MAGIC)
    throw new UserError(
      `${file} is a plain pickle, not a checkpoint that torch.save wrote. Save the state_dict() of the model with torch.save, or as safetensors.`,
    )
  const protocol = unpickle(file, bytes, magic.end, noStorage)
  if (protocol.value !== LEGACY_PROTOCOL) throw damaged(file, 'its protocol is not known')
  const system = unpickle(file, bytes, protocol.end, noStorage)
  const bigEndian = thing(system.value, 'dictionary')?.entries.get('little_endian') === false
  const storages = new Map<string, { count: number; width: number }>()
  const root = unpickle(file, bytes, system.end, (id) => {
    const storage = storageOfId(file, id)
    const whole = { count: id.items[4] as number, width: DTYPE_BYTES[storage.dtype] }
    const known = storages.get(storage.key)
    if (known && (known.count !== whole.count || known.width !== whole.width))
      throw damaged(file, `storage ${storage.key} is described in two ways`)
    storages.set(storage.key, whole)
    return storage
  })
  const keys = unpickle(file, bytes, root.end, noStorage)
  const places = await storagePlaces(source, keys.end, thing(keys.value, 'items')?.items ?? [], storages)
  const readStorage: StorageReader = ({ key }, start, length) => source.read(places.get(key)! + start, length)
  return container(file, 'PyTorch legacy pickle stream', root.value, readStorage, bigEndian)
}

/** Where each storage's values begin. @throws UserError where one is missing, cut short or of another size */
async function storagePlaces(
  source: ByteSource,
  start: number,
  keys: readonly Value[],
  storages: ReadonlyMap<string, { count: number; width: number }>,
): Promise<Map<string, number>> {
  const places = new Map<string, number>()
  let at = start
  for (const key of keys) {
    const storage = storages.get(String(key))
    if (typeof key !== 'string' || !storage || places.has(key))
      throw damaged(source.name, 'its list of storages does not fit its tensors')
    const head = await source.read(at, 8)
    const count = new DataView(head.buffer).getBigInt64(0, true)
    if (count !== BigInt(storage.count))
      throw damaged(source.name, `storage ${key} has ${count} values where ${storage.count} are stated`)
    places.set(key, at + 8)
    at += 8 + storage.count * storage.width
    if (at > source.size) throw damaged(source.name, `it is cut short within storage ${key}`)
  }
  for (const key of storages.keys())
    if (!places.has(key)) throw damaged(source.name, `storage ${key} is missing in it`)
  return places
}

function container(
  file: string,
  format: string,
  root: Value,
  readStorage: StorageReader,
  bigEndian: boolean,
): Container {
  const tensors = new Map<string, FileTensor>()
  for (const [name, view] of namedTensors(file, root))
    tensors.set(name, fileTensor(file, name, view, readStorage, bigEndian))
  return { format, tensors, metadata: {}, skipped: [] }
}

/** All tensors of nested dictionaries and lists, their names joined with dots. */
function namedTensors(file: string, root: Value): Map<string, TensorView> {
  const found = new Map<string, TensorView>()
  let looked = 0
  const look = (value: Value, path: string, depth: number): void => {
    if (++looked > MAX_VALUES || depth > MAX_DEPTH) throw damaged(file, 'its values are nested without end')
    const tensor = thing(value, 'tensor')
    if (tensor) {
      if (found.has(path)) throw damaged(file, `tensor ${path} is in it twice`)
      found.set(path, tensor)
    }
    const join = (key: string | number): string => (path === '' ? String(key) : `${path}.${key}`)
    const list = thing(value, 'items')
    for (const [i, item] of list?.items.entries() ?? []) look(item, join(i), depth + 1)
    const dictionary = thing(value, 'dictionary')
    if (dictionary)
      for (const [key, item] of dictionary.entries)
        if (typeof key === 'string' || typeof key === 'number') look(item, join(key), depth + 1)
  }
  look(root, '', 0)
  return found
}
