/** Object ids are the values of an indexed picture: 0 is background, so 1 to 255 remain. */
export const MAX_OBJECTS = 255
/** Longest side of a video or mask, in pixels. */
export const MAX_SIDE = 16_384
/** Pixels of one picture: 8K video has half as many. Every count of a mask fits 27 bits. */
export const MAX_PIXELS = 2 ** 26
/** Most frames of a video: 92 hours at 30 frames per second. */
export const MAX_FRAMES = 10_000_000
/** Most keypoints of a skeleton. */
export const MAX_KEYPOINTS = 1_000
