import type { TrackedObject } from '../../../model/annotation/index.ts'
import { perform } from '../commands.ts'
import { execute } from '../messages.ts'
import * as state from '../state.ts'
import { t } from '../texts.ts'
import { Codicon, Icon } from '../widgets/icons.tsx'
import { type MenuItem, openMenuAt, openMenuAtElement } from '../widgets/menu.tsx'

/** The objects: colour, name, and what is done to them here. */
export function LaneHeaders() {
  return (
    <ul class="lane-headers" aria-label={t('Objects')}>
      {state.objects.value.map((object) => (
        <LaneHeader key={object.id} object={object} />
      ))}
    </ul>
  )
}

function LaneHeader({ object }: { readonly object: TrackedObject }) {
  const current = state.objectId.value === object.id
  const choose = () => perform({ name: 'selectObject', objectId: object.id })
  const label = state.labelOf(object)?.name
  const title = label && label !== object.name ? `${object.name} (${label})` : object.name
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the name inside is the button; the rest of the row only follows it
    <li
      class={`lane-header ${current ? 'current' : ''} ${state.isShown(object.id) ? '' : 'faint'}`}
      data-object-id={object.id}
      onClick={({ target }) => {
        if (!(target instanceof Element && target.closest('[aria-pressed]'))) choose()
      }}
      onContextMenu={(event) => {
        event.preventDefault()
        choose()
        openMenuAt(event.clientX, event.clientY, menuOf(object))
      }}
    >
      <span class="swatch" style={{ backgroundColor: state.colourOf(object) }} />
      <button
        type="button"
        class="lane-name"
        title={title}
        aria-current={current ? 'true' : undefined}
        onDblClick={() => execute('siammae.renameObject', object.id)}
      >
        {object.name}
      </button>
      <Toggle
        on={state.hidden.value.has(object.id)}
        title={t('Hide {0}', object.name)}
        onPress={() => perform({ name: 'toggleHide', objectId: object.id })}
      >
        <Codicon name={state.hidden.value.has(object.id) ? 'eye-closed' : 'eye'} />
      </Toggle>
      <Toggle
        on={state.locked.value.has(object.id)}
        title={t('Lock {0}', object.name)}
        onPress={() => perform({ name: 'toggleLock', objectId: object.id })}
      >
        <Codicon name={state.locked.value.has(object.id) ? 'lock' : 'unlock'} />
      </Toggle>
      <Toggle
        on={state.solo.value.has(object.id)}
        title={t('Show Only {0}', object.name)}
        onPress={() => perform({ name: 'toggleSolo', objectId: object.id })}
      >
        <Icon name="solo" />
      </Toggle>
      <button
        type="button"
        class="lane-toggle"
        title={t('More for {0}', object.name)}
        aria-label={t('More for {0}', object.name)}
        aria-haspopup="menu"
        onClick={(event) => openMenuAtElement(event.currentTarget, menuOf(object))}
      >
        <Codicon name="ellipsis" />
      </button>
    </li>
  )
}

function Toggle(props: {
  readonly on: boolean
  readonly title: string
  readonly onPress: () => void
  readonly children: preact.ComponentChildren
}) {
  return (
    <button
      type="button"
      class={`lane-toggle ${props.on ? 'on' : ''}`}
      title={props.title}
      aria-label={props.title}
      aria-pressed={props.on}
      onClick={props.onPress}
    >
      {props.children}
    </button>
  )
}

function menuOf({ id }: TrackedObject): MenuItem[] {
  return [
    { label: t('Rename Object...'), run: () => execute('siammae.renameObject', id) },
    { label: t('Change Object Colour...'), run: () => execute('siammae.recolourObject', id) },
    { label: t('Change Object Label...'), run: () => execute('siammae.relabelObject', id) },
    'separator',
    { label: t('Accept Frame as Keyframe'), key: 'K', run: () => execute('siammae.acceptFrame') },
    { label: t('Mark Object as Absent'), key: 'O', run: () => execute('siammae.markAbsent') },
    { label: t('Toggle Object Occluded'), key: 'Q', run: () => execute('siammae.toggleOccluded') },
    { label: t('Copy Marks to Next Frame'), key: 'Ctrl+D', run: () => execute('siammae.copyToNextFrame') },
    'separator',
    {
      label: t('Delete Object on This Frame'),
      key: 'Delete',
      run: () => execute('siammae.deleteOnFrame', id),
    },
    { label: t('Delete Object from This Frame On'), run: () => execute('siammae.deleteFromHere', id) },
    { label: t('Delete Object Altogether'), run: () => execute('siammae.deleteObject', id) },
  ]
}
