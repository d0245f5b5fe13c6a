/** Protects: the extension is there, starts fast, and does what its manifest says. */
import { strict as assert } from 'node:assert'
import Module from 'node:module'
import { describe, it } from 'mocha'
import * as vscode from 'vscode'
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
    console.log(
      `activation: ${load.toFixed(1)} ms to load, ${activate.toFixed(1)} ms to activate ` +
        `(${all.toFixed(1)} ms with what VS Code does around it)`,
    )
    assert.ok(load + activate < 100)
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

/** Times loading and `activate` of the extension itself: what `Developer: Show Running Extensions` shows. */
function timeExtension(): () => { load: number; activate: number } {
  const times = { load: Number.NaN, activate: Number.NaN }
  const modules = Module as unknown as { _load(request: string, ...rest: unknown[]): unknown }
  const original = modules._load
  modules._load = function (request, ...rest) {
    const start = performance.now()
    const loaded = original.call(this, request, ...rest)
    if (!request.endsWith('extension.cjs')) return loaded
    times.load = performance.now() - start
    const entry = loaded as { activate(context: unknown): unknown }
    const timed = async (context: unknown) => {
      const begin = performance.now()
      const result = await entry.activate(context)
      times.activate = performance.now() - begin
      return result
    }
    return { ...entry, activate: timed }
  }
  return () => {
    modules._load = original
    return times
  }
}
