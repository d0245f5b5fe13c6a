import * as vscode from 'vscode'

export const ID = 'siammae.siammae-video-annotator'
export const VIEW_TYPE = 'siammae.annotator'

export function extension(): vscode.Extension<unknown> {
  const found = vscode.extensions.getExtension(ID)
  if (!found) throw new Error(`${ID} is not there.`)
  return found
}

/** Asks again every 20 ms until the answer is neither false nor undefined. */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  seconds = 30,
): Promise<Exclude<T, undefined | false>> {
  const end = performance.now() + seconds * 1000
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>
    if (performance.now() > end) throw new Error(`Waited ${seconds} s for ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
