/** Which device runs the model: every candidate is tried in a process of its own first. */
import { type ChildProcess, execFile } from 'node:child_process'
import * as v from 'valibot'
import { messageOf, UsageError, UserError } from '../errors.ts'
import { entryPoint } from './entry-point.ts'
import { DEVICES, type Device } from './types.ts'

export type DeviceRequest = Device | 'auto'

export interface ProbeResult {
  readonly device: Device
  readonly ok: boolean
  /** Speed of a plain float32 matrix product; only when ok. */
  readonly gigaflops?: number
  /** Why not; only when not ok. */
  readonly reason?: string
}

const PROBE_TIMEOUT_MS = 60_000

const answerSchema = v.object({ gigaflops: v.number() })

const probing = new Set<ChildProcess>()

/** Ends the probes that are going on: for a process that is about to go itself. */
export function endProbes(): void {
  for (const probe of probing) probe.kill('SIGKILL')
}

/** Tries a device in a short-lived process. Never throws: a device that crashes the process just is not ok. */
export function probeDevice(device: Device): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const probe = execFile(
      process.execPath,
      [entryPoint('probe'), device],
      // Inside VS Code the executable is Electron, which this makes a plain Node.
      { timeout: PROBE_TIMEOUT_MS, env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' }, windowsHide: true },
      (error, stdout, stderr) => {
        probing.delete(probe)
        if (error) {
          resolve({ device, ok: false, reason: probeFailure(error, stderr) })
          return
        }
        try {
          resolve({
            device,
            ok: true,
            ...v.parse(answerSchema, JSON.parse(stdout.trim().split('\n').at(-1) ?? '')),
          })
        } catch (unreadable) {
          resolve({
            device,
            ok: false,
            reason: `the probe's answer was unreadable (${messageOf(unreadable)})`,
          })
        }
      },
    )
    probing.add(probe)
  })
}

function probeFailure(
  error: Error & { killed?: boolean; signal?: NodeJS.Signals | null },
  stderr: string,
): string {
  if (error.killed) return `it did not answer within ${PROBE_TIMEOUT_MS / 1000} seconds`
  // The runtime prints its own logs before the error that ended the probe.
  const line = stderr.split('\n').findLast((text) => /^\w*Error: /.test(text.trim()))
  if (line) return line.trim().replace(/^\w*Error: /, '')
  return error.signal ? `its driver crashed the probe (${error.signal})` : 'its driver crashed the probe'
}

/** What was chosen and what has to be said about it. */
export interface DeviceChoice {
  readonly device: Device
  readonly probes: readonly ProbeResult[]
  /** Sentences for the person: which device was passed over and why. */
  readonly notes: readonly string[]
}

/** Candidates of `auto` on this platform, besides the CPU. */
function accelerators(): Device[] {
  if (process.platform === 'win32') return ['webgpu', 'dml']
  return process.platform === 'darwin' ? ['webgpu'] : ['cuda', 'webgpu']
}

/** @throws UsageError when the word is no device */
export function parseDevice(word: string): DeviceRequest {
  if (word === 'auto' || (DEVICES as readonly string[]).includes(word)) return word as DeviceRequest
  throw new UsageError(`There is no device "${word}"; choose one of auto, ${DEVICES.join(', ')}.`)
}

/**
 * The device to use. A named device must pass its probe; `auto` takes the fastest one that passes, so that a
 * software-emulated GPU does not win over the CPU.
 * @throws UserError when a named device does not work here, or when not even the CPU does
 */
export async function chooseDevice(request: DeviceRequest): Promise<DeviceChoice> {
  if (request !== 'auto') {
    const probe = await probeDevice(request)
    if (!probe.ok)
      throw new UserError(
        `The device "${request}" does not work here: ${probe.reason}. Choose the device "auto"; the doctor says what works here.`,
        { flags: '--device auto, siammae doctor' },
      )
    return { device: request, probes: [probe], notes: [] }
  }
  const probes: ProbeResult[] = []
  // One after the other: two probes at once would measure each other.
  for (const device of [...accelerators(), 'cpu' as const]) probes.push(await probeDevice(device))
  const working = probes.filter((probe) => probe.ok)
  const best = working.reduce<ProbeResult | undefined>(
    (fastest, probe) => (fastest && (fastest.gigaflops ?? 0) >= (probe.gigaflops ?? 0) ? fastest : probe),
    undefined,
  )
  if (!best)
    throw new UserError(`No device works here; the CPU says: ${probes.at(-1)?.reason}. Run "siammae doctor".`)
  const notes = probes
    .filter((probe) => probe.device !== best.device && probe.device !== 'cpu')
    .map((probe) =>
      probe.ok
        ? `Device ${probe.device} works but is slower here (${probe.gigaflops} GFLOP/s) than ${best.device} (${best.gigaflops} GFLOP/s).`
        : `Device ${probe.device} is not usable: ${probe.reason}.`,
    )
  return { device: best.device, probes, notes }
}

/** Tries every device. */
export async function probeAll(): Promise<ProbeResult[]> {
  const results: ProbeResult[] = []
  for (const device of DEVICES) results.push(await probeDevice(device))
  return results
}
