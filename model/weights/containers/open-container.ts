import { UserError } from '../../errors.ts'
import { type ByteSource, damaged } from './byte-source.ts'
import type { Container } from './container.ts'
import { isNpy, openNpy, openNpz } from './npy.ts'
import { openTorchLegacy, openTorchZip } from './pytorch.ts'
import { openSafetensors } from './safetensors-container.ts'
import { ZipArchive } from './zip.ts'

const LFS_POINTER = 'version https://git-lfs'

/**
 * Recognises a file by its content, whatever it is called, and lists its tensors without reading them.
 * @throws UserError naming the file when it is no model, damaged, or names code
 */
export async function openContainer(source: ByteSource): Promise<Container> {
  const { name, size } = source
  if (size === 0) throw damaged(name, 'it is empty')
  const head = await source.read(0, Math.min(size, 512))
  const text = new TextDecoder('latin1').decode(head)
  if (text.startsWith(LFS_POINTER))
    throw new UserError(`${name} is only a pointer of Git LFS. Fetch the file itself with: git lfs pull.`)
  if (/^\s*<(?:!doctype|html|\?xml|head|body)/i.test(text))
    throw new UserError(
      `${name} is a web page: the download was answered by a page instead of the file. Download it again in a browser.`,
    )
  if (text.startsWith('PK')) {
    const archive = await ZipArchive.open(source)
    const arrays = [...archive.entries.keys()].some((entry) => entry.endsWith('.npy'))
    return arrays ? openNpz(source, archive) : openTorchZip(source, archive)
  }
  if (isNpy(head)) return openNpy(source)
  if (head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5) return openTorchLegacy(source)
  if (/\.safetensors$/i.test(name) || head[8] === 0x7b) return openSafetensors(source)
  if (/\.onnx$/i.test(name))
    throw new UserError(
      `${name} is an ONNX graph, which cannot be imported. Import the checkpoint that it was made from.`,
    )
  throw new UserError(
    `${name} is no model file that is known here: safetensors, PyTorch (.pth, .pt) or NumPy (.npz). Use one of those.`,
  )
}
