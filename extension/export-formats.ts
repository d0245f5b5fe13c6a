/** What can be exported, as `model/formats` names it: this process does not load that room. A test compares them. */
export const EXPORT_FORMATS: readonly {
  readonly id: string
  readonly title: string
  /** In English; a key of the translations. */
  readonly detail: string
}[] = [
  { id: 'davis', title: 'DAVIS 2017', detail: 'Indexed PNG masks, one file per frame' },
  {
    id: 'youtube-vis',
    title: 'YouTube-VIS',
    detail: 'One JSON file with a run-length mask per object and frame',
  },
  {
    id: 'coco',
    title: 'COCO',
    detail: 'One JSON file with masks, boxes and keypoints per frame, and a track for every object',
  },
]
