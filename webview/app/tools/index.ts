import type { Tool } from '../../protocol/index.ts'
import type { CanvasTool, ToolHost } from './canvas-tool.ts'
import { InspectTool } from './inspect-tool.ts'
import { KeypointsTool } from './keypoints-tool.ts'
import { PolygonTool } from './polygon-tool.ts'
import { SelectTool } from './select-tool.ts'
import { StrokeTool } from './stroke-tool.ts'

export type { CanvasTool, PointerSample, ToolHost, Waiting } from './canvas-tool.ts'
export { fillHoles } from './fill-holes.ts'
export { KeypointsTool } from './keypoints-tool.ts'
export { NOTHING_UNFINISHED, type Unfinished, withoutOthers } from './unfinished.ts'

/** All tools but moving the picture, which the canvas does itself whatever the tool. */
export function makeTools(host: ToolHost): Record<Exclude<Tool, 'pan'>, CanvasTool> {
  return {
    select: new SelectTool(host),
    brush: new StrokeTool(host, false),
    eraser: new StrokeTool(host, true),
    polygon: new PolygonTool(host),
    keypoints: new KeypointsTool(host),
    inspect: new InspectTool(host),
  }
}
