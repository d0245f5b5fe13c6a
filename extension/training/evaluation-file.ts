import * as v from 'valibot'
import type { Evaluation } from '../../model/process/index.ts'
import type { EvaluationView } from '../../webview/protocol/index.ts'

const score = v.optional(v.number())
const Scores = v.object({ jf: score, j: score, f: score, pck10: score, pck20: score })

const File = v.object({
  // Files from before do not have it.
  step: v.optional(v.number()),
  models: v.array(v.string()),
  device: v.string(),
  clips: v.array(v.object({ name: v.string(), keyframes: v.number(), scores: v.array(Scores) })),
  overall: v.array(Scores),
  skipped: v.array(v.string()),
})

/** @param step of the run at which its model was made */
export function evaluationView(
  { models, device, clips, overall, skipped }: Evaluation,
  step: number,
): EvaluationView {
  return {
    step,
    models,
    device,
    overall,
    clips: clips.map(({ name, keyframes, scores }) => ({ name, keyframes, scores })),
    skipped: skipped.map(({ reason }) => reason),
  }
}

/** What an earlier evaluation of a run has written; undefined where it does not read well. */
export function readEvaluation(text: string): EvaluationView | undefined {
  try {
    const result = v.safeParse(File, JSON.parse(text))
    return result.success ? (result.output as EvaluationView) : undefined
  } catch {
    return undefined
  }
}
