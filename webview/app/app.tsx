import { belongsToControl } from './keys.ts'
import { Notices, OfferBar } from './shell/notices.tsx'
import { OptionBar } from './shell/option-bar.tsx'
import { Failed, Opening } from './shell/states.tsx'
import { ToolStrip } from './shell/tool-strip.tsx'
import { TransportBar } from './shell/transport-bar.tsx'
import { Stage } from './stage/index.tsx'
import { phase } from './state.ts'
import { Timeline } from './timeline/timeline.tsx'
import { MenuHost } from './widgets/menu.tsx'

function keepKey(event: KeyboardEvent): void {
  const { target } = event
  if (!(target instanceof HTMLElement)) return
  const role = target.getAttribute('role')
  const type = target instanceof HTMLInputElement ? target.type : undefined
  if (belongsToControl(event, { tagName: target.tagName, role, ...(type && { type }) }))
    event.stopPropagation()
}

/** The whole editor. */
export function App() {
  const now = phase.value
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: decides only which keys go on to VS Code
    <div class="app" onKeyDown={keepKey}>
      {now.kind === 'opening' && <Opening phase={now} />}
      {now.kind === 'failed' && <Failed phase={now} />}
      {now.kind === 'open' && (
        <div class="editor">
          <ToolStrip />
          <OptionBar />
          <main class="stage-cell">
            <Stage />
            <Notices />
            <OfferBar />
          </main>
          <TransportBar />
          <Timeline />
        </div>
      )}
      <MenuHost />
    </div>
  )
}
