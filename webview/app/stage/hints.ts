import { signal } from '@preact/signals'

/** Milliseconds that a hint stays. */
const STAY = 4000

/** A short sentence over the picture; the number tells a repeated one from the one before. */
export const hint = signal<{ readonly text: string; readonly id: number } | undefined>(undefined)

/** Names of the keypoints that the object lacks on the frame, while keypoints are placed. */
export const missingKeypoints = signal<readonly string[]>([])

let timer: ReturnType<typeof setTimeout> | undefined
let count = 0

/** Shows a sentence over the picture for a few seconds. */
export function showHint(text: string): void {
  hint.value = { text, id: ++count }
  clearTimeout(timer)
  timer = setTimeout(clearHint, STAY)
}

export function clearHint(): void {
  clearTimeout(timer)
  hint.value = undefined
}
