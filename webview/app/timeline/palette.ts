/** Colours as three numbers from 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number]

/** Steps of confidence that are told apart: more than an eye can, fewer than the codes have. */
export const CONFIDENCE_STEPS = 24

/** What the timeline is drawn with; every colour is a CSS colour of the theme. */
export interface Palette {
  readonly highContrast: boolean
  readonly text: string
  readonly dimText: string
  readonly line: string
  readonly background: string
  readonly selectedLane: string
  readonly absent: Rgb
  readonly warning: string
  readonly progress: string
  readonly font: string
  /** From the least to the highest confidence. */
  readonly confidence: readonly Rgb[]
}

/** `#rgb`, `#rrggbb`, `#rrggbbaa`, `rgb()` and `rgba()` as VS Code writes them; undefined for anything else. */
export function parseColour(text: string): Rgb | undefined {
  const trimmed = text.trim()
  const hex = /^#([0-9a-f]{3,8})$/i.exec(trimmed)?.[1]
  if (hex) {
    const digits = hex.length < 6 ? [...hex].map((digit) => digit + digit).join('') : hex
    return [0, 2, 4].map((at) => Number.parseInt(digits.slice(at, at + 2), 16)) as unknown as Rgb
  }
  const parts = /^rgba?\(([^)]+)\)$/i
    .exec(trimmed)?.[1]
    ?.split(/[\s,/]+/)
    .map(Number)
  if (!parts || parts.length < 3 || parts.slice(0, 3).some(Number.isNaN)) return undefined
  return [parts[0]!, parts[1]!, parts[2]!]
}

function toOklab([red, green, blue]: Rgb): [number, number, number] {
  const linear = (value: number) =>
    value <= 10.31475 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4
  const [r, g, b] = [linear(red), linear(green), linear(blue)]
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ]
}

function fromOklab([lightness, a, b]: readonly [number, number, number]): Rgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  const encoded = (value: number) => {
    const clamped = Math.min(1, Math.max(0, value))
    return Math.round(255 * (clamped <= 0.0031308 ? clamped * 12.92 : 1.055 * clamped ** (1 / 2.4) - 0.055))
  }
  return [
    encoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encoded(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ]
}

/** Even steps to the eye (Oklab, Ottosson 2020) from one colour to another. */
export function blend(from: Rgb, to: Rgb, steps: number): Rgb[] {
  const start = toOklab(from)
  const end = toOklab(to)
  return Array.from({ length: steps }, (_, at) => {
    const part = steps > 1 ? at / (steps - 1) : 1
    return fromOklab([0, 1, 2].map((axis) => start[axis]! + (end[axis]! - start[axis]!) * part) as never)
  })
}

/**
 * The palette of the theme in force. Orange to blue for confidence: the pair that every kind of colour blindness can
 * tell apart; the height of a span says the same again.
 */
export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element)
  const read = (name: string, otherwise: string) =>
    style.getPropertyValue(`--vscode-${name}`).trim() || otherwise
  const text = read('foreground', style.color)
  const low = parseColour(read('charts-orange', '')) ?? [209, 134, 22]
  const high = parseColour(read('charts-blue', '')) ?? [55, 148, 255]
  const classes = document.body.classList
  const highContrast =
    classes.contains('vscode-high-contrast') || classes.contains('vscode-high-contrast-light')
  return {
    highContrast,
    text,
    dimText: highContrast ? text : read('descriptionForeground', text),
    line: highContrast
      ? read('contrastBorder', text)
      : read('panel-border', read('widget-border', 'rgba(128,128,128,0.35)')),
    background: read('editor-background', 'transparent'),
    selectedLane: highContrast ? 'transparent' : read('list-inactiveSelectionBackground', 'transparent'),
    absent: parseColour(highContrast ? text : read('descriptionForeground', text)) ?? [128, 128, 128],
    warning: read('editorWarning-foreground', text),
    progress: read('progressBar-background', text),
    font: `11px ${read('font-family', 'sans-serif')}`,
    confidence: blend(low, high, CONFIDENCE_STEPS),
  }
}
