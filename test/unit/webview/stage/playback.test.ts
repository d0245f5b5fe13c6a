/** Protects: the frame on which playing ends is asked for, however long the clock stood still. */
import { afterEach, expect, it, vi } from 'vitest'
import { followPlaying } from '../../../../webview/app/stage/playback.ts'
import * as state from '../../../../webview/app/state.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

it('asks for the last frame when the clip ended while nothing was drawn', () => {
  let step: FrameRequestCallback | undefined
  vi.stubGlobal('requestAnimationFrame', (callback: FrameRequestCallback) => {
    step = callback
    return 1
  })
  vi.stubGlobal('cancelAnimationFrame', () => {})
  vi.spyOn(performance, 'now').mockReturnValue(0)
  state.clip.value = {
    name: 'clip.mp4',
    frameCount: 1000,
    width: 100,
    height: 50,
    times: Float64Array.from({ length: 1000 }, (_, frame) => frame / 25),
    warnings: [],
  }
  const followed: number[] = []
  const stop = followPlaying({ has: (frame) => frame < 25, follow: (frame) => followed.push(frame) })
  state.playing.value = true
  step!(60_000)
  expect(state.frame.value).toBe(999)
  expect(state.playing.value).toBe(false)
  expect(followed.at(-1)).toBe(999)
  stop()
})
