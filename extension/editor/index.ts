/** The custom editor: documents and their views in VS Code. See ../README.md. */
export type { Corrections } from '../document/view-edits.ts'
export { registerEditors } from './register.ts'
export {
  type AnnotatorDocument,
  type AnnotatorEditors,
  type AnnotatorView,
  type ChangedFrames,
  type ComparedFrames,
  type DocumentChange,
  type EditorServices,
  type EditorSettings,
  type RunWriter,
  type ShownComparison,
  VIEW_TYPES,
} from './types.ts'
