import { perform } from '../commands.ts'
import { pinned, what } from '../inspect/state.ts'
import { BRUSH_SIZES } from '../masks/index.ts'
import { changeSettings } from '../messages.ts'
import { overlayShown, settings, tool, zoom } from '../state.ts'
import { t } from '../texts.ts'
import { IconButton } from '../widgets/buttons.tsx'
import { SliderField } from '../widgets/fields.tsx'
import { Codicon, Icon } from '../widgets/icons.tsx'
import { PictureLookButton } from './picture-look.tsx'

/** What can be set for the chosen tool, and how the picture is shown. */
export function OptionBar() {
  const inspects = tool.value === 'inspect'
  const draws = ['brush', 'eraser', 'polygon'].includes(tool.value)
  return (
    <div class="option-bar" role="toolbar" aria-label={t('Options')}>
      {(tool.value === 'brush' || tool.value === 'eraser') && (
        <SliderField
          label={t('Size')}
          unit="px"
          min={BRUSH_SIZES.smallest}
          max={BRUSH_SIZES.largest}
          curve={2}
          value={settings.value.brushSize}
          onChange={(brushSize) => changeSettings({ brushSize })}
        />
      )}
      {draws && (
        <>
          <button
            type="button"
            class="toggle"
            aria-pressed={settings.value.takeOver}
            title={t('Drawing takes pixels over from other objects')}
            aria-label={t('Take Over')}
            onClick={() => perform({ name: 'toggleTakeOver' })}
          >
            <Icon name="takeOver" />
            <span class="collapsible">{t('Take Over')}</span>
          </button>
          <button
            type="button"
            class="toggle"
            title={t('Fill Holes of Mask')}
            aria-label={t('Fill Holes of Mask')}
            onClick={() => perform({ name: 'fillHoles' })}
          >
            <Icon name="fillHoles" />
            <span class="collapsible">{t('Fill Holes')}</span>
          </button>
        </>
      )}
      {!draws && <span class="hint">{hint()}</span>}
      <span class="stretch" />
      <SliderField
        class="opacity"
        label={t('Opacity')}
        unit="%"
        min={0}
        max={100}
        value={Math.round((inspects ? settings.value.heatMapOpacity : settings.value.maskOpacity) * 100)}
        onChange={(percent) =>
          changeSettings(inspects ? { heatMapOpacity: percent / 100 } : { maskOpacity: percent / 100 })
        }
      />
      {!inspects && <MaskStyle />}
      <IconButton
        title={t('Hide or Show All Marks')}
        pressed={!overlayShown.value}
        onPress={() => perform({ name: 'toggleOverlay' })}
      >
        <Codicon name={overlayShown.value ? 'eye' : 'eye-closed'} />
      </IconButton>
      <PictureLookButton />
      <span class="divider" />
      <IconButton title={t('Zoom Out')} keys="-" onPress={() => perform({ name: 'zoomOut' })}>
        <Codicon name="zoom-out" />
      </IconButton>
      <button
        type="button"
        class="zoom-value"
        title={`${t('Zoom to 100 %')} (Shift+Z)`}
        onClick={() => perform({ name: 'actualSize' })}
      >
        {Math.round(zoom.value * 100)} %
      </button>
      <IconButton title={t('Zoom In')} keys="=" onPress={() => perform({ name: 'zoomIn' })}>
        <Codicon name="zoom-in" />
      </IconButton>
      <IconButton title={t('Zoom to Fit')} keys="Z" onPress={() => perform({ name: 'fit' })}>
        <Icon name="fit" />
      </IconButton>
    </div>
  )
}

function hint(): string {
  if (tool.value === 'keypoints') return t('Click to place the points in their order; drag to move them.')
  if (tool.value === 'inspect') {
    if (what.value === 'attention')
      return t('What [CLS] looks at on this frame, in the last block of the network.')
    if (pinned.value)
      return t('Step through the frames to see where the patch is found; Escape lets go of it.')
    return t('Point at a patch; a click holds it while you step through the frames. Escape leaves.')
  }
  if (tool.value === 'pan') return t('Drag to move the picture.')
  return t('Click an object to choose it; drag its points to move them.')
}

function MaskStyle() {
  const styles = [
    ['both', t('Masks Filled with an Outline')],
    ['fill', t('Masks Filled')],
    ['outline', t('Masks as Outlines')],
  ] as const
  const now = settings.value.maskStyle
  const choose = (style: (typeof styles)[number][0]) => changeSettings({ maskStyle: style })
  return (
    <span class="segments" role="radiogroup" aria-label={t('Masks')}>
      {styles.map(([style, title], at) => (
        // biome-ignore lint/a11y/useSemanticElements: a radio group of icons, with the arrow keys of one
        <button
          key={style}
          type="button"
          role="radio"
          class="segment"
          aria-checked={now === style}
          tabIndex={now === style ? 0 : -1}
          title={title}
          aria-label={title}
          onClick={() => choose(style)}
          onKeyDown={(event) => {
            const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
            if (by === 0) return
            const next = (at + by + styles.length) % styles.length
            choose(styles[next]![0])
            ;(event.currentTarget.parentElement?.children[next] as HTMLElement | undefined)?.focus()
          }}
        >
          <Icon name={style} />
        </button>
      ))}
    </span>
  )
}
