/**
 * `npm run bench -- <what>`: how fast, how big and how good, on the machine it runs on. Ratios are what to compare
 * between machines: speed is set against the runtime's own matrix speed, measured in the same run.
 */
const BENCHES: Record<string, () => Promise<void>> = {
  propagate: async () => (await import('./propagate.ts')).benchPropagation(),
  train: async () => (await import('./train.ts')).benchTraining(),
  quality: async () => (await import('./quality.ts')).benchQuality(),
  spots: async () => (await import('./spots.ts')).benchSpots(),
}

const bench = BENCHES[process.argv[2] ?? '']
if (bench) await bench()
else {
  console.error(`Name what to measure: npm run bench -- ${Object.keys(BENCHES).join(' | ')} [options]`)
  process.exitCode = 2
}

export {}
