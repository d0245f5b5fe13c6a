// One bundler for everything: each entry is a process or a thread of its own (see model/README.md).
import { build } from 'esbuild'

const node = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  sourcemap: true,
  outdir: 'dist',
  // Native packages stay outside the bundle; they bring their own binaries.
  external: ['onnxruntime-node', 'sharp', 'ffmpeg-static', 'vscode', '@tensorflow/tfjs-node-gpu'],
  // CommonJS dependencies inside an ES module bundle need a `require`.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
}

await build({
  ...node,
  entryPoints: {
    cli: 'model/cli/main.ts',
    engine: 'model/runtime/engine-worker.ts',
    probe: 'model/runtime/probe.ts',
    'model-process': 'model/process/main.ts',
    'training-process': 'model/process/training/main.ts',
    'document-worker': 'extension/document/worker.ts',
    bench: 'test/bench/main.ts',
    'make-sample': 'media/make-sample.ts',
    'make-training-clips': 'media/make-training-clips.ts',
  },
})

// What VS Code loads. CommonJS, because its extension host starts extensions that way; dynamic imports stay lazy.
await build({
  ...node,
  format: 'cjs',
  banner: {},
  outExtension: { '.js': '.cjs' },
  entryPoints: { extension: 'extension/main.ts' },
})

// What the person sees: a script, its styles and the icon font, served to the webview from dist/.
await build({
  bundle: true,
  platform: 'browser',
  target: 'es2023',
  format: 'iife',
  sourcemap: 'linked',
  minify: true,
  outdir: 'dist',
  entryPoints: { webview: 'webview/app/main.tsx', dashboard: 'webview/dashboard/main.tsx' },
  jsx: 'automatic',
  jsxImportSource: 'preact',
  assetNames: '[name]',
  loader: { '.ttf': 'file', '.svg': 'text' },
  logLevel: 'warning',
})
