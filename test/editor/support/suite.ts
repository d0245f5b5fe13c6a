/** A suite of end-to-end tests: one workbench on a copy of the sample clip, closed whatever happens. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, inject } from 'vitest'
import { Workbench, type WorkbenchOptions } from '../driver/workbench.ts'
import { SAMPLE } from './truth.ts'

/** A colour that the sample clip does not have, so that masks can be told from it on screen. */
export const MAGENTA = '#ff00ff'
/** Nothing but the two koi of the sample clip and a skeleton of the landmarks that are known. */
export const LABELS = [
  { name: 'koi', colour: MAGENTA },
  {
    name: 'koi with points',
    colour: '#00ffff',
    keypoints: ['nose', 'left eye', 'right eye', 'shoulders', 'back', 'tail base'],
    edges: [
      [0, 3],
      [1, 3],
      [2, 3],
      [3, 4],
      [4, 5],
    ],
  },
]

/** Masks cover the picture altogether; the network sees it half as large as people would let it: two cores must do. */
export const SETTINGS = {
  'siammae.labels': LABELS,
  'siammae.maskOpacity': 1,
  'siammae.maskStyle': 'fill',
  'siammae.device': 'cpu',
  'siammae.networkSize': 240,
  'siammae.brushSize': 14,
}

export interface Place {
  readonly workbench: Workbench
  /** The workspace; it has `sample.mp4` in it. */
  readonly folder: string
}

export interface PlaceOptions extends Omit<WorkbenchOptions, 'server' | 'chromium' | 'folder'> {
  /** Makes the workspace ready before it is opened. */
  readonly prepare?: (folder: string) => unknown
}

/** Starts a workbench; {@link endPlace} must follow. */
export async function makePlace(options: PlaceOptions = {}): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'siam-e2e-'))
  copyFileSync(SAMPLE, join(folder, 'sample.mp4'))
  await options.prepare?.(folder)
  const workbench = await Workbench.start({
    ...options,
    settings: { ...SETTINGS, ...options.settings },
    server: inject('server')!,
    chromium: inject('chromium')!,
    folder,
  })
  return { workbench, folder }
}

export async function endPlace(place: Place | undefined): Promise<void> {
  await place?.workbench.stop()
  if (place) rmSync(place.folder, { recursive: true, force: true, maxRetries: 5 })
}

/**
 * Describes tests that share one workbench, in their order.
 * @param body gets a function that returns the place once it is there
 */
export function editorSuite(name: string, options: PlaceOptions, body: (place: () => Place) => void): void {
  describe.skipIf(!inject('server') || !inject('chromium'))(name, () => {
    let place: Place | undefined
    beforeAll(async () => {
      place = await makePlace(options)
    })
    let failed = false
    beforeEach(({ skip }) => {
      // The tests of a suite go on from one another.
      if (failed) skip('a step before it failed')
    })
    afterEach(async ({ task }) => {
      if (task.result?.state !== 'fail') return
      failed = true
      await place?.workbench.screenshot(`failed-${task.name.replaceAll(/\W+/g, '-')}`)
    })
    afterAll(() => endPlace(place))
    body(() => place!)
  })
}
