/** The custom editor: documents and their views in VS Code. See ../README.md. */
export { registerEditors } from './register.ts'
export {
  type AnnotatorDocument,
  type AnnotatorEditors,
  type AnnotatorView,
  type ChangedFrames,
  type DocumentChange,
  type EditorServices,
  type EditorSettings,
  type RunWriter,
  VIEW_TYPES,
} from './types.ts'
