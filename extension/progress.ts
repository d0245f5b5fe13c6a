import type * as vscode from 'vscode'

/** Tells a notification how far its work is, which it wants to hear as steps: from here on in percent of the whole. */
export function inPercent(
  progress: vscode.Progress<{ message?: string; increment?: number }>,
): (percent: number, message?: string) => void {
  let before = 0
  return (percent, message) => {
    // Work that turns out longer than it seemed does not go back.
    const increment = Math.max(0, percent - before)
    before += increment
    progress.report({ increment, ...(message !== undefined && { message }) })
  }
}
