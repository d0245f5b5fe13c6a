/** Protects: nothing that was drawn before there is an object is lost without a word. */
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { execute } from '../../../../webview/app/messages.ts'
import { clearHint, hint } from '../../../../webview/app/stage/hints.ts'
import { NewObject } from '../../../../webview/app/stage/new-object.ts'
import * as state from '../../../../webview/app/state.ts'

vi.mock('../../../../webview/app/messages.ts', () => ({ execute: vi.fn() }))

const object = { id: 1, name: 'Koi', labelId: 1 }
let drawing: boolean
let newObject: NewObject
let got: string[]
beforeEach(() => {
  vi.mocked(execute).mockClear()
  clearHint()
  state.objects.value = []
  drawing = false
  got = []
  newObject = new NewObject({ changed: () => {}, isDrawing: () => drawing })
})

const wait = (name: string, refused?: () => void) =>
  newObject.ask({ next: ({ id }) => got.push(`${name} to ${id}`), refused })
/** The number of the question that was asked last. */
const asked = () => vi.mocked(execute).mock.lastCall?.[1] as number
const settled = () => new Promise((done) => setTimeout(done))

describe('what waits for an object', () => {
  it('adds up, and goes to it in turn', async () => {
    wait('stroke')
    wait('other')
    state.objects.value = [object]
    await settled()
    expect(got).toEqual(['stroke to 1', 'other to 1'])
    expect(state.objectId.value).toBe(1)
    expect(hint.value).toBeUndefined()
  })

  it('is not given up by the answer to a question that was left by drawing on', async () => {
    wait('stroke')
    const first = asked()
    wait('other')
    newObject.refused(first)
    state.objects.value = [object]
    await settled()
    expect(got).toEqual(['stroke to 1', 'other to 1'])
  })

  it('is asked for again when the box was closed by a stroke that came to nothing', async () => {
    wait('stroke')
    const first = asked()
    drawing = true
    newObject.refused(first)
    drawing = false
    newObject.drawn()
    expect(asked()).toBe(first + 1)
    newObject.drawn()
    expect(vi.mocked(execute)).toHaveBeenCalledTimes(2)
    state.objects.value = [object]
    await settled()
    expect(got).toEqual(['stroke to 1'])
  })

  it('is gone when no object is made, and the person is told', async () => {
    wait('stroke')
    newObject.refused(asked())
    expect(hint.value?.text).toContain('gone')
    state.objects.value = [object]
    await settled()
    expect(got).toEqual([])
  })

  it('is taken back where it can be, which needs no words', () => {
    wait('polygon', () => got.push('polygon back'))
    newObject.refused(asked())
    expect(got).toEqual(['polygon back'])
    expect(hint.value).toBeUndefined()
  })
})
