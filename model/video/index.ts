/** Clips as exact frames: see README.md in this folder. */
export { hashFile } from './content-hash.ts'
export { type FileStamp, stampOf } from './file-stamp.ts'
export { IMAGE_FOLDER_FPS, imageNames } from './image-folder.ts'
export { MAX_PIXELS, MAX_SIDE } from './limits.ts'
export { type Ffmpeg, installCommand, locateFfmpeg } from './locate-ffmpeg.ts'
export { type OpenOptions, openVideo } from './open-video.ts'
export { openPicture, type Picture } from './picture-file.ts'
export type {
  FrameEntry,
  FrameOptions,
  FrameRangeOptions,
  FrameSize,
  FrameTable,
  Rational,
  VideoFrame,
  VideoSource,
} from './types.ts'
export { createVideoWriter, type VideoWriter, type VideoWriterOptions } from './video-writer.ts'
