/** Settings as a tree of plain JSON, addressed by dotted keys such as `schedule.steps`. */

export type JsonObject = { [key: string]: unknown }

export function isRecord(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

export function join(prefix: string, key: string): string {
  return prefix === '' ? key : `${prefix}.${key}`
}

/** The value at a dotted key, undefined where there is none. */
export function valueAt(tree: JsonObject, path: string): unknown {
  let node: unknown = tree
  for (const key of path.split('.')) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, key)) return undefined
    node = (node as JsonObject)[key]
  }
  return node
}

/** Sets the value at a dotted key, making the objects on the way. */
export function setAt(tree: JsonObject, path: string, value: unknown): void {
  const keys = path.split('.')
  let node = tree
  for (const key of keys.slice(0, -1)) {
    if (!isRecord(node[key])) node[key] = {}
    node = node[key] as JsonObject
  }
  node[keys.at(-1)!] = value
}

/** A value as messages show it, cut where it is long. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'missing'
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
