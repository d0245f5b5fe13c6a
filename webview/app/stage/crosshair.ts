/** The pointer that the keyboard moves. Device pixels. */
export function drawCrosshair(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  density: number,
): void {
  const reach = 11 * density
  const gap = 3 * density
  context.beginPath()
  for (const [dx, dy] of [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
  ] as const) {
    context.moveTo(x + dx * gap, y + dy * gap)
    context.lineTo(x + dx * reach, y + dy * reach)
  }
  context.strokeStyle = 'rgba(0, 0, 0, 0.8)'
  context.lineWidth = 3.5 * density
  context.stroke()
  context.strokeStyle = '#ffffff'
  context.lineWidth = 1.5 * density
  context.stroke()
}
