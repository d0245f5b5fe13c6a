/** Endings of files that are offered as videos; the manifest's menus and editor name the same. */
export const VIDEO_EXTENSIONS = [
  'mp4',
  'mov',
  'mkv',
  'webm',
  'avi',
  'm4v',
  'mpg',
  'mpeg',
  'wmv',
  'mts',
  'm2ts',
  'ogv',
  '3gp',
] as const
