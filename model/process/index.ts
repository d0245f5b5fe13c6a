/** The surface of the model process: types only, so that the extension host loads none of the model's code. */
export type {
  ClipFacts,
  DoctorReport,
  EarlierResult,
  ExportRequest,
  ExportResult,
  HostFunctions,
  Mark,
  ModelChoice,
  ModelProcessFunctions,
  ModelReady,
  RunFacts,
  RunProgress,
  RunRequest,
  RunSettings,
} from './surface.ts'
