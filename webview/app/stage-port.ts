import type { ViewCommand } from '../protocol/index.ts'

/** What the canvas does when a key, a menu or a button asks for it. */
export type StageCommand = Extract<
  ViewCommand,
  {
    name:
      | 'fit'
      | 'actualSize'
      | 'zoomIn'
      | 'zoomOut'
      | 'fillHoles'
      | 'finish'
      | 'giveUp'
      | 'removePoint'
      | 'keypointVisibility'
      | 'noNewObject'
  }
>

/** What the rest of the view knows of the canvas. */
export interface StagePort {
  perform(command: StageCommand): void
  /** Whether a frame can be shown at once; playing waits for those that cannot. */
  hasPicture(frame: number): boolean
}

let attached: StagePort | undefined

/** The canvas makes itself known when it is mounted; the returned function takes that back. */
export function attachStage(port: StagePort): () => void {
  attached = port
  return () => {
    if (attached === port) attached = undefined
  }
}

/** The canvas, while there is one. */
export function stage(): StagePort | undefined {
  return attached
}
