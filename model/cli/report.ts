/** What a propagation says about itself when it has ended: `report.json`, and the sentence that sums it up. */
import type { Run, VideoReference } from '../annotation/index.ts'
import { CancelledError, messageOf } from '../errors.ts'
import { runtimeVersion } from '../runtime/index.ts'
import type { FrameReport } from './results.ts'

/** How the work went, complete or not. */
export interface Outcome {
  /** One report per frame, in the order in which frames were first labelled. */
  readonly frames: readonly FrameReport[]
  /** Results given and planned: one per frame and group of objects that travels together. */
  readonly done: number
  readonly planned: number
  readonly seconds: number
  /** What ended the work before it was complete: {@link CancelledError} on Ctrl-C, else what failed. */
  readonly ended: unknown
}

/** What the report is of. */
export interface Reported {
  readonly outcome: Outcome
  readonly run: Run
  /** As the side-car has it, but with the path that was opened. */
  readonly video: VideoReference
  /** First and last frame of the run. */
  readonly range: readonly [number, number]
  /** Sentences about the dataset that was written. */
  readonly warnings: readonly string[]
}

export type PropagationReport = ReturnType<typeof propagationReport>

/** The content of `report.json`. Peak memory is that of this process, in bytes. */
export function propagationReport({ outcome, run, video, range, warnings }: Reported) {
  const { frames, done, planned, seconds, ended } = outcome
  const failure = ended === undefined || ended instanceof CancelledError ? undefined : messageOf(ended)
  const objects = frames.flatMap((frame) => frame.objects)
  const confidence = objects.reduce((sum, object) => sum + object.confidence, 0)
  return {
    tool: run.tool,
    date: run.date,
    video,
    model: run.model,
    device: run.device,
    runtime: `onnxruntime ${runtimeVersion()}`,
    preset: run.preset,
    settings: run.settings,
    direction: run.direction,
    range,
    complete: ended === undefined,
    ...(failure !== undefined && { failure }),
    frames,
    summary: {
      frames: frames.length,
      results: done,
      plannedResults: planned,
      seconds: Number(seconds.toFixed(3)),
      framesPerSecond: Number((frames.length / Math.max(1e-9, seconds)).toFixed(3)),
      meanConfidence: Number((confidence / Math.max(1, objects.length)).toFixed(4)),
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    },
    warnings,
  }
}

/** One line for the terminal. @param model as a person calls it */
export function summaryLine(
  { complete, failure, device, summary }: PropagationReport,
  model: string,
): string {
  const { frames, results, plannedResults, seconds, framesPerSecond } = summary
  const whatWasDone = complete
    ? `Propagated ${frames} frames`
    : `${failure === undefined ? 'Stopped' : 'Failed'}, and kept what is done: ${results} of ${plannedResults} results,`
  return `${whatWasDone} in ${seconds.toFixed(1)} s (${framesPerSecond.toFixed(2)} frames per second) with ${model} on ${device}`
}
