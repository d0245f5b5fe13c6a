export { fillPolygon, type Point, type SpanSink } from '../../../model/annotation/index.ts'
/** Masks while a person draws on them: pure, no DOM. */
export { BRUSH_SIZES, brushRadius, clampBrushSize, type Dab, dab, stepBrushSize, sweep } from './brush.ts'
export { boundsOf, emptyMask, encodeWithin, forEachRun, maskAt } from './codes.ts'
export { type Contours, traceContours } from './contour.ts'
export { findHoles } from './holes.ts'
export { MaskEdit, type MaskEditOptions, type MaskEditResult, type Neighbour } from './mask-edit.ts'
export { EMPTY, grow, isEmpty, join, overlap, type Rect } from './rect.ts'
