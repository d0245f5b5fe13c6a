/** Protects: the extension is there, starts fast, and does what its manifest says. */
import { strict as assert } from 'node:assert'
import Module from 'node:module'
import { describe, it } from 'mocha'
import * as vscode from 'vscode'
import { print } from './print.ts'
import { extension } from './support.ts'

describe('activation', () => {
  it('takes less than 100 ms', async () => {
    const found = extension()
    if (found.isActive) throw new Error('The extension was active before anything asked for it.')
    const own = timeExtension()
    const start = performance.now()
    await found.activate()
    const all = performance.now() - start
    const { load, activate } = own()
    print(
      `activation: ${load.wall.toFixed(0)} ms to load, ${activate.wall.toFixed(0)} ms to activate, ` +
        `${(load.cpu + activate.cpu).toFixed(0)} ms of it on the processor ` +
        `(${all.toFixed(0)} ms with what VS Code does around it)`,
    )
    // On the processor, because on the clock everything takes longer while other programs run.
    assert.ok(load.cpu + activate.cpu < 100)
  })

  it('registers every command of its manifest', async () => {
    const known = new Set(await vscode.commands.getCommands(true))
    const contributed: { command: string }[] = extension().packageJSON.contributes.commands
    const missing = contributed.map(({ command }) => command).filter((command) => !known.has(command))
    assert.deepEqual(missing, [])
  })

  it('has a title in place of every %key% of its manifest', () => {
    assert.doesNotMatch(JSON.stringify(extension().packageJSON.contributes), /"%[\w.]+%"/)
  })
})

interface Took {
  /** Milliseconds on the clock, and of the processor. */
  readonly wall: number
  readonly cpu: number
}

/** Times loading and `activate` of the extension itself: what `Developer: Show Running Extensions` shows. */
function timeExtension(): () => { load: Took; activate: Took } {
  const none = { wall: Number.NaN, cpu: Number.NaN }
  const times = { load: none, activate: none }
  const modules = Module as unknown as { _load(request: string, ...rest: unknown[]): unknown }
  const original = modules._load
  modules._load = function (request, ...rest) {
    if (!request.endsWith('extension.cjs')) return original.call(this, request, ...rest)
    const load = timer()
    const entry = original.call(this, request, ...rest) as { activate(context: unknown): unknown }
    times.load = load()
    const timed = async (context: unknown) => {
      const activate = timer()
      const result = await entry.activate(context)
      times.activate = activate()
      return result
    }
    return { ...entry, activate: timed }
  }
  return () => {
    modules._load = original
    return times
  }
}

function timer(): () => Took {
  const start = performance.now()
  const before = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(before)
    return { wall: performance.now() - start, cpu: (user + system) / 1000 }
  }
}
