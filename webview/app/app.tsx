import { Stage } from './stage/index.tsx'
import { phase } from './state.ts'

/** The whole editor. */
export function App() {
  return <div class="app">{phase.value.kind === 'open' && <Stage />}</div>
}
