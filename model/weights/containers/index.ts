export { type ByteSource, memorySource, openByteSource } from './byte-source.ts'
export { type Container, type FileTensor, gather } from './container.ts'
export { openContainer } from './open-container.ts'
