import type { DisplaySettings } from '../../../webview/protocol/index.ts'

/** How marks are drawn in the scenes that a page shows without VS Code. */
export const DISPLAY: DisplaySettings = {
  maskOpacity: 0.5,
  maskStyle: 'both',
  heatMapOpacity: 0.6,
  takeOver: false,
  brushSize: 24,
  penPressure: true,
  doubtBelow: 0.5,
  propagateOnCorrection: false,
}
