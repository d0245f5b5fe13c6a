/**
 * The only names that a pickle of weights may contain. A pickle is a program: it names functions and calls them. Here
 * a name is looked up in these tables, whole, and what is not in them ends the reading; nothing is ever imported,
 * constructed or called.
 */
import type { SafetensorsDType } from '../safetensors.ts'

/** What a name of the pickle stands for. */
export type Meaning =
  /** Puts a tensor together from a storage. */
  | { readonly kind: 'rebuild'; readonly how: 'tensor' | 'parameter' | 'typed' }
  /** The type of a storage. */
  | { readonly kind: 'storage'; readonly dtype: SafetensorsDType }
  /** An empty dictionary. */
  | { readonly kind: 'dictionary' }
  /** Settings, dates, numbers of a training run: a thing that carries nothing on and is never made. */
  | { readonly kind: 'opaque' }

const REBUILD: Record<string, 'tensor' | 'parameter' | 'typed'> = {
  'torch._utils _rebuild_tensor': 'tensor',
  'torch._utils _rebuild_tensor_v2': 'tensor',
  'torch._utils _rebuild_parameter': 'parameter',
  'torch._utils _rebuild_parameter_with_state': 'parameter',
  'torch._tensor _rebuild_from_type_v2': 'typed',
}

const STORAGE: Record<string, SafetensorsDType> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
}

const DICTIONARY = ['collections OrderedDict', 'builtins dict', '__builtin__ dict']

/** What training scripts leave in their checkpoints beside the weights. */
const OPAQUE = [
  'argparse Namespace',
  'types SimpleNamespace',
  'easydict EasyDict',
  'yacs.config CfgNode',
  'fvcore.common.config CfgNode',
  'detectron2.config.config CfgNode',
  'addict.addict Dict',
  'omegaconf.dictconfig DictConfig',
  'omegaconf.listconfig ListConfig',
  'omegaconf.base Container',
  'omegaconf.base ContainerMetadata',
  'omegaconf.base Metadata',
  'omegaconf.nodes AnyNode',
  'omegaconf.nodes BooleanNode',
  'omegaconf.nodes FloatNode',
  'omegaconf.nodes IntegerNode',
  'omegaconf.nodes StringNode',
  'typing Any',
  'collections defaultdict',
  'collections Counter',
  'collections deque',
  'pathlib Path',
  'pathlib PosixPath',
  'pathlib PurePosixPath',
  'pathlib WindowsPath',
  'pathlib PureWindowsPath',
  'datetime date',
  'datetime datetime',
  'datetime timedelta',
  '_codecs encode',
  'copyreg _reconstructor',
  'copy_reg _reconstructor',
  ...['builtins', '__builtin__'].flatMap((module) =>
    ['set', 'frozenset', 'list', 'tuple', 'int', 'float', 'bool', 'str', 'bytes', 'bytearray', 'complex'].map(
      (name) => `${module} ${name}`,
    ),
  ),
  '__builtin__ unicode',
  '__builtin__ long',
  'builtins object',
  '__builtin__ object',
  ...['numpy.core.multiarray', 'numpy._core.multiarray'].flatMap((module) => [
    `${module} scalar`,
    `${module} _reconstruct`,
  ]),
  'numpy dtype',
  'numpy ndarray',
  'torch Size',
  'torch device',
  'torch Tensor',
  'torch.nn.parameter Parameter',
  'torch.torch_version TorchVersion',
  ...['float64', 'float32', 'float16', 'bfloat16', 'int64', 'int32', 'int16', 'int8', 'uint8', 'bool'].map(
    (name) => `torch ${name}`,
  ),
]

const MEANINGS: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ...Object.entries(REBUILD).map(([name, how]) => [name, { kind: 'rebuild', how }] as const),
  ...['torch', 'torch.cuda'].flatMap((module) =>
    Object.entries(STORAGE).map(
      ([name, dtype]) => [`${module} ${name}`, { kind: 'storage', dtype }] as const,
    ),
  ),
  ...DICTIONARY.map((name) => [name, { kind: 'dictionary' }] as const),
  ...OPAQUE.map((name) => [name, { kind: 'opaque' }] as const),
])

/** @returns undefined for a name that has no business in a file of weights */
export function meaningOf(module: string, name: string): Meaning | undefined {
  // A space cannot be smuggled in: no module of the tables has one, and the whole text must match.
  return MEANINGS.get(`${module} ${name}`)
}
