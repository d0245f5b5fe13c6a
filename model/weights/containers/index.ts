export { type ByteSource, memorySource, openByteSource } from './byte-source.ts'
export type { Container, FileTensor } from './container.ts'
export { openContainer } from './open-container.ts'
