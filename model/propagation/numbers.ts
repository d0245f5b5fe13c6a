/** The number of 0..max that is nearest to a value. */
export function clamp(value: number, max: number): number {
  return Math.min(max, Math.max(0, value))
}

/** Where the parabola through three values is highest: -0.5..0.5 around the second. */
export function vertex(before: number, at: number, after: number): number {
  const bend = before - 2 * at + after
  return bend < 0 ? Math.min(0.5, Math.max(-0.5, (0.5 * (before - after)) / bend)) : 0
}
