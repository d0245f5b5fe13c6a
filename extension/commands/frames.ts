import * as vscode from 'vscode'
import { copyToFrame, type Entry } from '../../model/annotation/index.ts'
import { Sentence } from '../sentence.ts'
import { activeView, type Handlers } from './command.ts'
import { pickObject } from './pick-object.ts'

/** What is said about one object on one frame. */
export const frameCommands: Handlers = {
  async copyToNextFrame(services, given) {
    const view = activeView(services)
    const object = await pickObject(view, given)
    if (object === undefined) return
    const { frame } = view.view
    const { annotations } = view.document
    if (frame + 1 >= annotations.video.frameCount)
      throw new Sentence('This is the last frame; there is no next one to copy to.')
    if (annotations.entry(object.id, frame) === undefined)
      throw new Sentence('{0} has nothing on frame {1} to copy; mark it first.', object.name, frame)
    view.document.perform(
      copyToFrame(annotations, object.id, frame, frame + 1),
      vscode.l10n.t('Copy marks to next frame'),
    )
    view.command({ name: 'step', by: 1 })
  },

  async acceptFrame(services, given) {
    const view = activeView(services)
    const object = await pickObject(view, given)
    if (object === undefined) return
    const frame = givenFrame(given) ?? view.view.frame
    const { annotations } = view.document
    const entry = annotations.entry(object.id, frame)
    if (entry === undefined)
      throw new Sentence('{0} has nothing on frame {1} to accept; mark it first.', object.name, frame)
    if (!('run' in entry)) return
    view.document.perform(
      copyToFrame(annotations, object.id, frame, frame),
      vscode.l10n.t('Accept as keyframe'),
    )
  },

  async markAbsent(services, given) {
    const view = activeView(services)
    const object = await pickObject(view, given)
    if (object === undefined) return
    const { frame } = view.view
    view.document.perform(
      { kind: 'setEntry', objectId: object.id, frame, entry: { state: 'absent', by: 'person' } },
      vscode.l10n.t('Mark as absent'),
    )
  },

  async toggleOccluded(services, given) {
    const view = activeView(services)
    const object = await pickObject(view, given)
    if (object === undefined) return
    const { frame } = view.view
    view.document.perform(
      {
        kind: 'setEntry',
        objectId: object.id,
        frame,
        entry: occluded(view.document.annotations.entry(object.id, frame)),
      },
      vscode.l10n.t('Toggle occluded'),
    )
  },
}

/** A person has the last word on whether the object is hidden, so the frame becomes theirs. */
function occluded(entry: Entry | undefined): Entry {
  if (entry === undefined || entry.state === 'absent') return { state: 'keyframe', occluded: true }
  const keypoints = entry.keypoints?.map(({ x, y, visibility }) => ({ x, y, visibility }))
  return {
    state: 'keyframe',
    occluded: !entry.occluded,
    ...(entry.mask === undefined ? {} : { mask: entry.mask }),
    ...(keypoints === undefined ? {} : { keypoints }),
  }
}

/** The frame of a line in the tree of frames worth checking. */
function givenFrame(given: unknown): number | undefined {
  return typeof given === 'object' && given !== null && 'frame' in given && typeof given.frame === 'number'
    ? given.frame
    : undefined
}
