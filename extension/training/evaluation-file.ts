import * as v from 'valibot'
import type { EvaluationView } from '../../webview/protocol/index.ts'

const score = v.optional(v.number())
const Scores = v.object({ jf: score, j: score, f: score, pck10: score, pck20: score })

const File = v.object({
  models: v.array(v.string()),
  device: v.string(),
  clips: v.array(v.object({ name: v.string(), keyframes: v.number(), scores: v.array(Scores) })),
  overall: v.array(Scores),
  skipped: v.array(v.string()),
})

/** What an earlier evaluation of a run has written; undefined where it does not read well. */
export function readEvaluation(text: string): EvaluationView | undefined {
  try {
    const result = v.safeParse(File, JSON.parse(text))
    return result.success ? (result.output as EvaluationView) : undefined
  } catch {
    return undefined
  }
}
