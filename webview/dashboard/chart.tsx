import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { themeVersion } from '../app/theme.ts'
import { boundsOf } from './curves.ts'
import { short } from './format.ts'

/** A line of a chart. */
export interface Line {
  readonly label: string
  readonly x: readonly number[]
  readonly y: readonly number[]
  /** Name of a colour of VS Code. */
  readonly colour: string
  /** Drawn faintly, below the others. */
  readonly faint?: boolean
  readonly dash?: readonly number[]
}

/** Distances between the labels of steps: 1, 2, 5, 10, ... */
const WHOLE = Array.from({ length: 8 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat()

/** Lines over steps. Colours are the theme's; what the pointer is at stands in the legend. */
export function Chart(props: {
  readonly title: string
  readonly lines: readonly Line[]
  readonly height: number
  readonly log?: boolean
  /** For who cannot see it. */
  readonly summary: string
}) {
  const { lines, height, log = false, title, summary } = props
  const box = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot | undefined>(undefined)
  const theme = themeVersion.value
  // What cannot be changed in a chart that is there.
  const shape = JSON.stringify([log, theme, height, lines.map(({ x: _, y: __, ...line }) => line)])

  useLayoutEffect(() => {
    const element = box.current
    if (!element) return
    const made = new uPlot(optionsOf(element, lines, height, log), dataOf(lines), element)
    chart.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
      chart.current = undefined
    }
  }, [shape])

  useEffect(() => {
    chart.current?.setData(dataOf(lines))
  }, [lines])

  return (
    <figure class={`chart ${lines.length === 1 ? 'alone' : ''}`}>
      <figcaption>{title}</figcaption>
      <div ref={box} role="img" aria-label={`${title}. ${summary}`} style={{ minHeight: `${height}px` }} />
    </figure>
  )
}

function dataOf(lines: readonly Line[]): uPlot.AlignedData {
  if (lines.length === 0) return [[]]
  return uPlot.join(lines.map(({ x, y }) => [[...x], [...y]]))
}

function optionsOf(
  element: HTMLElement,
  lines: readonly Line[],
  height: number,
  log: boolean,
): uPlot.Options {
  const style = getComputedStyle(document.body)
  const colour = (name: string, otherwise: string): string =>
    style.getPropertyValue(`--vscode-${name}`).trim() || otherwise
  const text = colour('descriptionForeground', colour('foreground', '#888'))
  const grid = style.getPropertyValue('--grid').trim() || 'rgba(128, 128, 128, 0.35)'
  const font = `11px ${style.fontFamily}`
  const axis: uPlot.Axis = {
    stroke: text,
    font,
    grid: { stroke: grid, width: 1 },
    ticks: { stroke: grid, width: 1, size: 4 },
  }
  const strokeOf = (line: Line): string => colour(line.colour, colour('foreground', '#888'))
  return {
    width: element.clientWidth,
    height,
    padding: [8, 12, 0, 0],
    cursor: { y: false, points: { size: 6 } },
    legend: {
      live: true,
      markers: {
        width: (_, index) => (lines[index - 1]?.faint ? 1 : 2),
        stroke: (_, index) => {
          const line = lines[index - 1]
          if (line === undefined) return 'transparent'
          return line.faint ? `color-mix(in srgb, ${strokeOf(line)} 45%, transparent)` : strokeOf(line)
        },
      },
    },
    scales: {
      x: { time: false },
      y: {
        distr: log ? 3 : 1,
        range: (chart) =>
          boundsOf(
            chart.data.slice(1).flatMap((values) => [...values]),
            log,
          ) ?? [log ? 0.1 : 0, 1],
      },
    },
    axes: [
      // There is nothing between two steps.
      { ...axis, size: 28, space: 60, incrs: WHOLE },
      {
        ...axis,
        size: 56,
        values: (_, values) => values.map((value) => (value === null ? '' : short(value))),
      },
    ],
    series: [
      { label: '', value: (_, value) => (value === null ? '' : String(value)) },
      ...lines.map((line): uPlot.Series => {
        const { label, faint, dash } = line
        return {
          label,
          stroke: strokeOf(line),
          width: faint ? 1 : 2,
          alpha: faint ? 0.35 : 1,
          ...(dash && { dash: [...dash] }),
          points: { show: false },
          spanGaps: true,
          value: (_, value) => (value === null ? '' : short(value)),
        }
      }),
    ],
  }
}
