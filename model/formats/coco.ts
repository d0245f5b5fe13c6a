import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chooseCategories } from './coco-categories.ts'
import { COCO_FILE, COCO_TITLE, readOrEmpty, sequencesOf } from './coco-file.ts'
import { readCoco } from './coco-read.ts'
import { cocoShape } from './coco-shapes.ts'
import { ownPictures, withVideo } from './coco-write.ts'
import { datasetText } from './dataset-file.ts'
import { type BuiltData, datasetFormat, type ExportJob } from './export-dataset.ts'

/**
 * One JSON file with instances and keypoints per picture (Lin et al. 2014), and of which video and object they are;
 * objects may overlap.
 */
export const coco = datasetFormat({
  id: 'coco',
  title: COCO_TITLE,
  holds: { masks: true, keypoints: true },
  sharedFile: COCO_FILE,
  picturesOf: (sequence) => join('images', sequence),
  dataOf: async (folder, sequence) => {
    const path = join(folder, COCO_FILE)
    return sequencesOf(await readOrEmpty(path)).has(sequence)
      ? `${path} holds a video ${sequence} that`
      : undefined
  },
  checkLabels: async (folder, sequence, labels) => {
    const path = join(folder, COCO_FILE)
    const content = await readOrEmpty(path)
    chooseCategories(path, content, ownPictures(sequencesOf(content).get(sequence)), labels)
  },
  steps: () => 1,
  build,
  shapesOf: (document) => (frame) => (objectId) => {
    const entry = document.entry(objectId, frame)
    return entry === undefined || entry.state === 'absent' ? {} : cocoShape(entry)
  },
  read: readCoco,
})

async function build(job: ExportJob): Promise<BuiltData> {
  const { context, stage, step } = job
  const path = join(context.folder, COCO_FILE)
  const { content, files, tracks } = await withVideo(path, await readOrEmpty(path), job)
  await writeFile(join(stage.folder, COCO_FILE), datasetText(content))
  stage.replace(COCO_FILE)
  step()
  return { count: 1, files, warnings: [], annotations: tracks }
}
