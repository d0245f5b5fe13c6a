import { InspectPanel, isInspecting } from './inspect/index.ts'
import { belongsToControl, keyTargetOf } from './keys.ts'
import { ComparisonBar } from './shell/comparison-bar.tsx'
import { Notices } from './shell/notices.tsx'
import { OptionBar } from './shell/option-bar.tsx'
import { PictureLookPanel } from './shell/picture-look.tsx'
import { Failed, Opening } from './shell/states.tsx'
import { ToolStrip } from './shell/tool-strip.tsx'
import { TransportBar } from './shell/transport-bar.tsx'
import { Hint, Stage } from './stage/index.tsx'
import { phase } from './state.ts'
import { Timeline } from './timeline/timeline.tsx'
import { MenuHost } from './widgets/menu.tsx'

function keepKey(event: KeyboardEvent): void {
  const { target } = event
  if (target instanceof HTMLElement && belongsToControl(event, keyTargetOf(target))) event.stopPropagation()
}

/**
 * Who presses a button with the pointer does not want it to have the keys: space plays, arrows change the frame. The same
 * goes for a slider and the edge of the timeline. A press by keyboard (no clicks counted) keeps the focus where it is.
 */
function giveKeysBack({ target, detail }: MouseEvent): void {
  if (detail === 0 || !(target instanceof Element)) return
  const control = target.closest('button, input[type=range], [role=separator]')
  if (control instanceof HTMLElement && control.getAttribute('role') !== 'menuitem') control.blur()
}

/** The whole editor. */
export function App() {
  const now = phase.value
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: decides only who gets the keys
    <div class="app" onKeyDown={keepKey} onClick={giveKeysBack}>
      {now.kind === 'opening' && <Opening phase={now} />}
      {now.kind === 'failed' && <Failed phase={now} />}
      {now.kind === 'open' && (
        <div class="editor">
          <ToolStrip />
          <OptionBar />
          <main class={isInspecting.value ? 'stage-cell inspecting' : 'stage-cell'}>
            <Stage />
            {isInspecting.value && <InspectPanel />}
            <div class="stage-foot">
              <Hint />
              <ComparisonBar />
            </div>
            <Notices />
          </main>
          <TransportBar />
          <Timeline />
          <PictureLookPanel />
        </div>
      )}
      <MenuHost />
    </div>
  )
}
