import { formatWithOptions } from 'node:util'
import { MARK } from '../vscode/mark.ts'

/** Prints for whoever runs the tests; the extension host's console cannot be replaced, so lines are marked instead. */
export function print(...args: unknown[]): void {
  console.log(MARK + formatWithOptions({}, ...args))
}
