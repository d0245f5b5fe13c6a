import type { JSX } from 'preact'

/** Drawn on 16 x 16 with strokes of one pixel, so that they stand beside codicons. */
const SHAPES = {
  select: <path d="M4 2.2v10.3l2.7-2.4 1.7 3.7 1.5-.7-1.7-3.6 3.6-.3z" />,
  brush: (
    <>
      <path d="M13.6 2.4c-.7-.7-1.6-.2-2.1.4L6.4 8.6l1.9 1.9L14 5.1c.5-.5.3-1.9-.4-2.7z" />
      <path d="M6.2 9.2c-1.5-.2-2.6.8-2.9 2-.2 1-.7 1.8-1.6 2.1 1.9.9 4.9.7 5.8-1.2.4-.9.2-2-.6-2.5" />
    </>
  ),
  eraser: (
    <>
      <path d="M6.3 13.5 2.4 9.6a.9.9 0 0 1 0-1.3l5.9-5.9a.9.9 0 0 1 1.3 0l3.9 3.9a.9.9 0 0 1 0 1.3l-5.9 5.9z" />
      <path d="m5.3 5.4 5.2 5.2M6.3 13.5H14" />
    </>
  ),
  polygon: (
    <>
      <path d="M8 3.2 13 7l-2 5.5H5L3 7z" />
      <g fill="currentColor" stroke="none">
        <circle cx="8" cy="3" r="1.5" />
        <circle cx="13" cy="7" r="1.5" />
        <circle cx="11" cy="12.7" r="1.5" />
        <circle cx="5" cy="12.7" r="1.5" />
        <circle cx="3" cy="7" r="1.5" />
      </g>
    </>
  ),
  keypoints: (
    <>
      <circle cx="8" cy="3.4" r="1.6" />
      <path d="M8 5v4.2M3.4 6.4 8 7l4.6-.6M8 9.2l-2.8 4.6M8 9.2l2.8 4.6" />
    </>
  ),
  inspect: (
    <>
      <circle cx="7" cy="7" r="4.5" />
      <path d="m10.3 10.3 3.5 3.5M5 7h4M7 5v4" />
    </>
  ),
  pan: (
    <path d="M8 1.8v12.4M1.8 8h12.4M6.2 3.6 8 1.8l1.8 1.8M6.2 12.4 8 14.2l1.8-1.8M3.6 6.2 1.8 8l1.8 1.8M12.4 6.2 14.2 8l-1.8 1.8" />
  ),
  first: <path d="M3.5 3v10M12.5 3.4 6.2 8l6.3 4.6z" />,
  back: <path d="M11 3.4 4.7 8l6.3 4.6z" />,
  play: <path d="M4.5 2.7v10.6L13 8z" fill="currentColor" />,
  pause: <path d="M5 3v10M11 3v10" stroke-width="2" />,
  forward: <path d="M5 3.4 11.3 8 5 12.6z" />,
  last: <path d="M12.5 3v10M3.5 3.4 9.8 8l-6.3 4.6z" />,
  loop: (
    <path d="M3 8.5V7a2.5 2.5 0 0 1 2.5-2.5H13m-2-2.3 2.2 2.3L11 6.8M13 7.5V9a2.5 2.5 0 0 1-2.5 2.5H3m2-2.3-2.2 2.3L5 13.8" />
  ),
  rangeStart: <path d="M7.5 2.5h-4v11h4M6.5 8h7m-2.4-2.4L13.5 8l-2.4 2.4" />,
  rangeEnd: <path d="M8.5 2.5h4v11h-4M9.5 8h-7m2.4-2.4L2.5 8l2.4 2.4" />,
  propagateBackward: <path d="M13.5 4v8M10.5 8H2.5M5.6 4.9 2.5 8l3.1 3.1" />,
  propagateBoth: <path d="M8 4v8M6 8H1.8M4 5.8 1.8 8 4 10.2M10 8h4.2M12 5.8 14.2 8 12 10.2" />,
  propagateForward: <path d="M2.5 4v8M5.5 8h8M10.4 4.9 13.5 8l-3.1 3.1" />,
  fit: <path d="M2.5 5.5v-3h3M10.5 2.5h3v3M13.5 10.5v3h-3M5.5 13.5h-3v-3M5.5 6h5v4h-5z" />,
  takeOver: <path d="M2.5 2.5h7v7h-7zM6.5 9.5v4h7v-7h-4" />,
  overlay: (
    <>
      <path d="M2.5 3.5h11v9h-11z" />
      <path d="M5 10.5c.4-3 2.2-4.6 4-4.2 1.6.4 2 2.4 1.6 4.2z" fill="currentColor" />
    </>
  ),
  fill: <path d="M3 8a5 5 0 1 1 10 0A5 5 0 0 1 3 8z" fill="currentColor" stroke="none" />,
  outline: <path d="M3 8a5 5 0 1 1 10 0A5 5 0 0 1 3 8z" />,
  both: (
    <>
      <path d="M2.5 8a5.5 5.5 0 1 1 11 0 5.5 5.5 0 0 1-11 0z" />
      <circle cx="8" cy="8" r="3.6" fill="currentColor" stroke="none" />
    </>
  ),
  solo: (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <circle cx="8" cy="8" r="2.2" fill="currentColor" stroke="none" />
    </>
  ),
  fillHoles: (
    <path d="M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zm0 3a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5zM8 6.7v2.6M6.7 8h2.6" />
  ),
} satisfies Record<string, JSX.Element>

export type IconName = keyof typeof SHAPES

/** One of the view's own icons, in the text's colour. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg
      class="icon"
      width="16"
      height="16"
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.1"
      stroke-linejoin="round"
      stroke-linecap="round"
      aria-hidden="true"
    >
      {SHAPES[name]}
    </svg>
  )
}

/** An icon of VS Code. */
export function Codicon({ name }: { readonly name: string }) {
  return <span class={`codicon codicon-${name}`} aria-hidden="true" />
}
