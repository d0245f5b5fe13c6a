import { TOOLS, type Tool } from '../../protocol/index.ts'
import { perform } from '../commands.ts'
import { tool } from '../state.ts'
import { t } from '../texts.ts'
import { Icon } from '../widgets/icons.tsx'

function titleOf(one: Tool): string {
  switch (one) {
    case 'select':
      return t('Select and Move (V)')
    case 'brush':
      return t('Brush (D)')
    case 'eraser':
      return t('Eraser (E)')
    case 'polygon':
      return t('Polygon (P)')
    case 'keypoints':
      return t('Keypoints (S)')
    case 'inspect':
      return t('Inspect the Model (C)')
    case 'pan':
      return t('Move the Picture (hold Space)')
  }
}

/** The tools, one under the other; one of them is chosen. */
export function ToolStrip() {
  const choose = (by: number) => {
    const next = TOOLS[(TOOLS.indexOf(tool.value) + by + TOOLS.length) % TOOLS.length]!
    perform({ name: 'tool', tool: next })
    document.querySelector<HTMLElement>(`.tool-strip [data-tool=${next}]`)?.focus()
  }
  return (
    <div class="tool-strip" role="radiogroup" aria-label={t('Tools')} aria-orientation="vertical">
      {TOOLS.map((one) => (
        // biome-ignore lint/a11y/useSemanticElements: a radio group of icons, with the arrow keys of one
        <button
          key={one}
          type="button"
          role="radio"
          data-tool={one}
          class="tool"
          aria-checked={tool.value === one}
          tabIndex={tool.value === one ? 0 : -1}
          title={titleOf(one)}
          aria-label={titleOf(one)}
          onClick={() => perform({ name: 'tool', tool: one })}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown' || event.key === 'ArrowRight') choose(1)
            else if (event.key === 'ArrowUp' || event.key === 'ArrowLeft') choose(-1)
          }}
        >
          <Icon name={one} />
        </button>
      ))}
    </div>
  )
}
