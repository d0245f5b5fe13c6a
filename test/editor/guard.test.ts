/** Protects: nothing outlives a test that is killed. */
import { spawn } from 'node:child_process'
import { expect, it } from 'vitest'
import { processesOf } from './driver/processes.ts'
import { until } from './support/until.ts'
import { GUARD } from './vscode/code-server.ts'

it.skipIf(process.platform !== 'linux')('ends the server when whoever started it is gone', async () => {
  const start = `
    const { spawn } = require('node:child_process')
    const guard = spawn('/bin/sh', ['-c', ${JSON.stringify(GUARD)}, 'sh', 'sleep', '600'], {
      detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
    console.log(guard.pid)`
  const starter = spawn(process.execPath, ['-e', start], { stdio: ['ignore', 'pipe', 'inherit'] })
  const session = await new Promise<number>((resolve) => {
    starter.stdout.once('data', (data) => resolve(Number(data)))
  })
  await until('the server', () => processesOf(session).some(({ command }) => command.startsWith('sleep')))
  starter.kill('SIGKILL')
  await until('its end', () => processesOf(session).length === 0)
  expect(processesOf(session)).toEqual([])
})
