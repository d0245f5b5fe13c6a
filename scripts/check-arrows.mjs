// Rooms know only whom they may know: every import between rooms must be in this table, and go through index.ts.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Room -> rooms it may import. Everyone but annotation and graph may import the leaf files below. */
const ARROWS = {
  'model/annotation': [],
  'model/graph': [],
  'model/video': [],
  'model/runtime': ['model/graph'],
  'model/siammae': ['model/graph'],
  'model/weights': ['model/siammae'],
  'model/formats': ['model/annotation'],
  'model/propagation': ['model/siammae', 'model/runtime', 'model/video', 'model/weights', 'model/graph'],
  'model/inspection': ['model/propagation', 'model/siammae', 'model/runtime', 'model/video', 'model/graph'],
  'model/training': ['model/siammae', 'model/runtime', 'model/video', 'model/weights', 'model/graph'],
  'model/evaluation': [
    'model/propagation',
    'model/formats',
    'model/annotation',
    'model/marks',
    'model/runtime',
    'model/video',
    'model/weights',
  ],
  'model/marks': ['model/annotation', 'model/propagation'],
  'model/installation': ['model/runtime', 'model/video', 'model/weights'],
  'model/importing': [
    'model/installation',
    'model/propagation',
    'model/runtime',
    'model/video',
    'model/weights',
  ],
  'model/process': ['model/*'],
  'model/cli': ['model/*'],
  media: ['model/formats', 'model/video', 'model/siammae', 'model/weights'],
  // Only plain values and types: what both sides of the webview's border know.
  'webview/protocol': ['model/annotation'],
  webview: ['model/annotation', 'webview/protocol'],
  extension: ['model/*', 'webview/protocol'],
}
const LEAVES = [
  'model/errors.ts',
  'model/files.ts',
  'model/heat-map.ts',
  'model/label-map.ts',
  'model/pixel-font.ts',
]
const WITHOUT_LEAVES = ['model/annotation', 'model/graph', 'webview', 'webview/protocol']
/** What both the command line and the webview draw by; it needs nothing of Node. */
const BROWSER_LEAVES = { webview: ['model/heat-map.ts'] }

/** Packages that only one room may import; the reason stands in its README. */
const ONLY_IN = {
  'onnxruntime-node': ['model/runtime'],
  '@tensorflow/tfjs-node-gpu': ['model/runtime'],
  vscode: ['extension'],
}
/** Rooms that also run in a browser. */
const PURE = ['model/annotation', 'webview', 'webview/protocol']

function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* files(path)
    else if (/\.tsx?$/.test(entry.name)) yield path
  }
}

const slashes = (path) => path.split(sep).join('/')

function roomOf(path) {
  const parts = slashes(path).split('/')
  if (parts[0] === 'webview' && parts[1] === 'protocol') return 'webview/protocol'
  return parts[0] === 'model' && parts.length > 2 ? `model/${parts[1]}` : parts[0]
}

const IMPORT =
  /(?:^|[\s;])(?:import|export)\s[^'"]*?from\s*['"]([^'"]+)['"]|(?:^|[\s;])import\s*\(?\s*['"]([^'"]+)['"]/g
const problems = []
let checked = 0

for (const top of ['model', 'extension', 'webview', 'media'])
  for (const file of files(join(root, top))) {
    const path = slashes(relative(root, file))
    const room = roomOf(path)
    for (const match of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      const specifier = match[1] ?? match[2]
      checked++
      if (!specifier.startsWith('.')) {
        const owners = ONLY_IN[specifier]
        if (owners && !owners.includes(room))
          problems.push(`${path}: only ${owners.join(', ')} may import ${specifier}`)
        if (PURE.includes(room) && specifier.startsWith('node:'))
          problems.push(`${path}: ${room} runs in a browser and cannot import ${specifier}`)
        continue
      }
      const target = slashes(relative(root, resolve(dirname(file), specifier)))
      const other = roomOf(target)
      if (other === room) continue
      if (LEAVES.includes(target)) {
        if (WITHOUT_LEAVES.includes(room) && !BROWSER_LEAVES[room]?.includes(target))
          problems.push(`${path}: ${room} imports nothing outside itself, not even ${target}`)
        continue
      }
      if (LEAVES.includes(path)) problems.push(`${path}: a leaf file imports nothing of ours (${target})`)
      const allowed = ARROWS[room]
      if (!allowed) problems.push(`${path}: the room ${room} is not in the table of scripts/check-arrows.mjs`)
      else if (!allowed.includes(other) && !(allowed.includes('model/*') && other.startsWith('model/')))
        problems.push(`${path}: ${room} must not import ${other} (${target})`)
      else if (!target.endsWith('/index.ts'))
        problems.push(`${path}: ${target} is inside another room; import its index.ts`)
    }
  }

for (const problem of problems) console.error(problem)
console.log(`${checked} imports checked, ${problems.length} against the arrows`)
process.exit(problems.length > 0 || checked === 0 ? 1 : 0)
