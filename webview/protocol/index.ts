/** What the extension host and the webview say to each other: see README.md in the folder above. */

export {
  DASHBOARD_ACTIONS,
  type DashboardAction,
  type DashboardHostMessage,
  type DashboardRun,
  type DashboardWebviewMessage,
  type EstimateView,
  type EvaluationState,
  type EvaluationView,
  type FormView,
  LENGTHS,
  type OtherRun,
  type PreviewView,
  type RunLength,
  type ScoresView,
  type StageView,
  type StartChoice,
  type StepView,
} from './dashboard.ts'
export { type DoubtfulSpan, spansOf } from './doubtful-spans.ts'
export {
  type AttentionView,
  type CorrespondenceView,
  type InspectionAnswer,
  type InspectionWish,
  MOST_MATCHES,
  type NetworkView,
  type PatchPlace,
} from './inspection.ts'
export { type LaneCode, laneCode, readLaneCode } from './lanes.ts'
export {
  type ClipView,
  COMMANDS,
  type ComparisonView,
  type DisplaySettings,
  type DoubtfulFrame,
  type DoubtReason,
  type FrameEntries,
  type HostCommand,
  type HostMessage,
  type LaneChange,
  type RunLane,
  type RunView,
  type SpanOffer,
  TOOLS,
  type Tool,
  type ViewCommand,
  type ViewState,
  type WebviewMessage,
} from './messages.ts'
