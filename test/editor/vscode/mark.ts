/** Begins every line that the suite in the extension host prints, so that it can be told from the workbench's own. */
export const MARK = '[test] '
