/** Protects: what is shown and drawn on is what the host has told, and nothing that it no longer keeps up to date. */
import { effect, untracked } from '@preact/signals'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Entry } from '../../../model/annotation/index.ts'
import * as state from '../../../webview/app/state.ts'
import type { HostMessage, WebviewMessage } from '../../../webview/protocol/index.ts'

const entry = (run: number): Entry => ({ state: 'propagated', run, confidence: 0.5, occluded: false })
const tell = (frame: number, run: number) => state.putEntries([{ frame, entries: [[1, entry(run)]] }])
const seen = (frame: number) => state.entriesOf(frame)?.get(1)

beforeEach(() => {
  state.clearEntries()
  state.pendingEdits.value = new Map()
  state.lanes.clear()
  state.lanes.set(1, new Uint8Array(1000).fill(100))
  state.moveEntryWindow(0, 100)
})

describe('entries of a frame', () => {
  it('are unknown on coming back, until the host has told again', () => {
    tell(10, 1)
    expect(seen(10)).toEqual(entry(1))
    state.moveEntryWindow(436, 564)
    tell(500, 2)
    state.moveEntryWindow(0, 74)
    expect(state.entriesOf(10)).toBeUndefined()
    tell(10, 2)
    expect(seen(10)).toEqual(entry(2))
  })

  it('stay known where the window only moves on', () => {
    tell(90, 1)
    state.moveEntryWindow(60, 180)
    expect(seen(90)).toEqual(entry(1))
  })

  it('that were on their way when the view went elsewhere are not kept', () => {
    state.moveEntryWindow(436, 564)
    tell(10, 1)
    state.moveEntryWindow(0, 74)
    expect(state.entriesOf(10)).toBeUndefined()
  })

  it('are not made up from an edit that is on its way', () => {
    const edit = { kind: 'setEntry', objectId: 2, frame: 10, entry: entry(3) } as const
    state.pendingEdits.value = new Map([[1, { label: 'Paint', edits: [edit] }]])
    expect(state.entriesOf(10)).toBeUndefined()
    tell(10, 1)
    expect([...state.entriesOf(10)!.keys()]).toEqual([1, 2])
  })

  it('need no telling where no object has anything', () => {
    state.lanes.set(1, new Uint8Array(1000))
    expect(state.entriesOf(10)?.size).toBe(0)
  })
})

describe('a view that goes elsewhere', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('forgets what it no longer asks for', async () => {
    const posted: WebviewMessage[] = []
    const page = new EventTarget()
    vi.stubGlobal('window', page)
    vi.stubGlobal('acquireVsCodeApi', () => ({
      postMessage: (message: WebviewMessage) => posted.push(message),
      getState: () => undefined,
      setState: () => {},
    }))
    const { connect } = await import('../../../webview/app/messages.ts')
    const say = (data: HostMessage) => page.dispatchEvent(Object.assign(new Event('message'), { data }))
    const { settings } = state
    connect(() => {})
    say({
      type: 'opened',
      texts: {},
      clip: {
        name: 'koi.mp4',
        frameCount: 1000,
        width: 40,
        height: 30,
        times: Float64Array.from({ length: 1000 }, (_, frame) => frame / 25),
        warnings: [],
      },
      settings: settings.value,
      doubtful: [],
      run: undefined,
      trusted: true,
      labels: [],
      objects: [{ id: 1, name: 'Koi', labelId: 1 }],
      lanes: [{ objectId: 1, first: 0, codes: new Uint8Array(1000).fill(100) }],
      view: { frame: 10 },
    })
    say({ type: 'entries', frames: [{ frame: 10, entries: [[1, entry(1)]] }] })
    expect(seen(10)).toEqual(entry(1))
    let left: Entry | undefined
    const stop = effect(() => {
      if (state.frame.value === 500) left = untracked(() => seen(10))
    })
    state.frame.value = 500
    stop()
    // Whoever leaves the frame by the same step, such as an unfinished skeleton, still knows it.
    expect(left).toEqual(entry(1))
    state.frame.value = 10
    await Promise.resolve()
    const asked = posted.filter(({ type }) => type === 'wantEntries')
    expect(asked).toMatchObject([
      { first: 0, last: 74 },
      { first: 436, last: 564 },
      { first: 0, last: 74 },
    ])
    expect(state.entriesOf(10)).toBeUndefined()
  })
})
