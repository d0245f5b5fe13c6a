/** A name beside a place on the canvas, readable on any picture. Device pixels. */
export function drawTag(
  context: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  { density, font, colour }: { density: number; font: string; colour: string },
): void {
  context.save()
  context.font = font
  context.textBaseline = 'middle'
  const padding = 5 * density
  const bar = 3 * density
  const height = 20 * density
  const width = context.measureText(text).width + 2 * padding + bar
  // On the other side of the pointer where the canvas ends.
  const gap = 14 * density
  const left = Math.round(x + gap + width > context.canvas.width ? x - gap - width : x + gap)
  const top = Math.round(y + gap + height > context.canvas.height ? y - gap - height : y + gap)
  context.fillStyle = 'rgba(0, 0, 0, 0.78)'
  context.beginPath()
  context.roundRect(left, top, width, height, 3 * density)
  context.fill()
  context.fillStyle = colour
  context.fillRect(left, top + 3 * density, bar, height - 6 * density)
  context.fillStyle = '#ffffff'
  context.fillText(text, left + bar + padding, top + height / 2)
  context.restore()
}
