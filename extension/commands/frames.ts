import * as vscode from 'vscode'
import { copyToFrame, type Entry } from '../../model/annotation/index.ts'
import { Sentence } from '../sentence.ts'
import { aboutObject } from './about-object.ts'
import type { Handlers } from './command.ts'

/** What is said about one object on one frame. */
export const frameCommands: Handlers = {
  copyToNextFrame: aboutObject(({ view, object }) => {
    const { frame } = view.view
    const { annotations } = view.document
    if (frame + 1 >= annotations.video.frameCount)
      throw new Sentence('This is the last frame; there is no next one to copy to.')
    if (annotations.entry(object.id, frame) === undefined)
      throw new Sentence('{0} has nothing on frame {1} to copy; mark it first.', object.name, frame)
    view.document.correct(
      copyToFrame(annotations, object.id, frame, frame + 1),
      vscode.l10n.t('Copy marks to next frame'),
    )
    view.command({ name: 'step', by: 1 })
  }),

  acceptFrame: aboutObject(({ view, object, given }) => {
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
  }),

  markAbsent: aboutObject(({ view, object }) => {
    const { frame } = view.view
    view.document.correct(
      { kind: 'setEntry', objectId: object.id, frame, entry: { state: 'absent', by: 'person' } },
      vscode.l10n.t('Mark as absent'),
    )
  }),

  toggleOccluded: aboutObject(({ view, object }) => {
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
  }),
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
