import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { VIDEO_EXTENSIONS } from '../../../extension/document/locate-video.ts'
import { COMMANDS, TOOLS } from '../../../webview/protocol/index.ts'
import { root } from '../../support/cli.ts'

type Json = Record<string, unknown>
const read = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8'))
const manifest = read('package.json')
const { contributes } = manifest
const languages: Record<string, Record<string, string>> = {
  English: read('package.nls.json'),
  Chinese: read('package.nls.zh-cn.json'),
}
const commands = (contributes.commands as { command: string; title: string }[]).map(({ command }) => command)
const properties = Object.assign(
  {},
  ...(contributes.configuration as { properties: Json }[]).map((part) => part.properties),
) as Record<string, { description?: string; markdownDescription?: string; default?: unknown; scope?: string }>

/** Every string in a value. */
function* strings(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value
  else if (typeof value === 'object' && value !== null)
    for (const part of Object.values(value)) yield* strings(part)
}

/** Names that the sources register, `siammae.` left out. */
function registered(): string[] {
  const index = readFileSync(join(root, 'extension/commands/index.ts'), 'utf8')
  const groups = [...index.matchAll(/names: \[([^\]]*)\]/g)].flatMap(([, list]) =>
    [...list!.matchAll(/'(\w+)'/g)].map(([, name]) => name!),
  )
  const editor = readFileSync(join(root, 'extension/editor/register.ts'), 'utf8')
  const own = [...editor.matchAll(/'siammae\.(\w+)'/g)].map(([, name]) => name!)
  return [...groups, ...own].sort()
}

describe('commands', () => {
  test('what the manifest names is what is registered, each once', () => {
    expect(commands.map((name) => name.replace('siammae.', '')).sort()).toEqual(registered())
  })

  test('every command that the webview may run is there', () => {
    expect(COMMANDS.filter((name) => name.startsWith('siammae.') && !commands.includes(name))).toEqual([])
  })

  test('menus, keys, views and the walkthrough name commands that are there', () => {
    const used = [
      ...Object.values(contributes.menus as Record<string, { command: string }[]>).flat(),
      ...(contributes.keybindings as { command: string }[]),
    ].map(({ command }) => command)
    const linked = Object.values(languages)
      .flatMap((texts) => [...strings(texts)])
      .flatMap((text) => [...text.matchAll(/command:([\w.]+)/g)].map(([, name]) => name!))
    const events = [...strings(contributes.walkthroughs)].flatMap(
      (text) => text.match(/(?<=^onCommand:).+/) ?? [],
    )
    expect(linked.length).toBeGreaterThan(10)
    expect([...used, ...linked, ...events].filter((name) => !commands.includes(name))).toEqual([])
  })

  test('deleting has three commands with names that tell them apart', () => {
    const titles = ['deleteOnFrame', 'deleteFromHere', 'deleteObject'].map((name) => [
      languages.English?.[`command.${name}`],
      languages.Chinese?.[`command.${name}`],
    ])
    expect(new Set(titles.flat()).size).toBe(6)
  })
})

describe('keys', () => {
  const keys = contributes.keybindings as {
    key: string
    mac?: string
    when: string
    args?: unknown
    command: string
  }[]

  test('count in the annotator only, and not while somebody types or uses another part of the window', () => {
    for (const { when, key } of keys)
      expect(when, key).toMatch(/^activeCustomEditorId =~ \/\^siammae\\\.\/ && !inputFocus && !sideBarFocus/)
  })

  test('no two share a key, unless their conditions exclude each other', () => {
    const seen = keys.map(({ key, when }) => `${key} ${when}`)
    expect(seen.filter((each, index) => seen.indexOf(each) !== index)).toEqual([])
  })

  test('what people know from elsewhere is there', () => {
    const find = (key: string) =>
      keys.filter((each) => each.key === key).map(({ command, args }) => [command, args])
    expect(find('left')).toEqual([['siammae.step', -1]])
    expect(find('shift+right')).toEqual([['siammae.step', 10]])
    expect(find('space')).toEqual([['siammae.togglePlay', undefined]])
    expect(find('f')).toEqual([['siammae.propagateForward', undefined]])
    expect(find('9')).toEqual([['siammae.selectObject', { position: 9 }]])
    const tools = keys.filter(({ command }) => command === 'siammae.tool').map(({ args }) => args)
    expect(tools.sort()).toEqual([...TOOLS].sort())
  })
})

describe('texts', () => {
  test('every text of the manifest is there in both languages, and no other', () => {
    const used = new Set([...strings(manifest)].flatMap((text) => text.match(/(?<=^%)[\w.]+(?=%$)/) ?? []))
    for (const [language, texts] of Object.entries(languages)) {
      expect(
        [...used].filter((key) => !texts[key]?.trim()),
        language,
      ).toEqual([])
      expect(
        Object.keys(texts).filter((key) => !used.has(key)),
        language,
      ).toEqual([])
    }
  })

  test('Chinese texts are Chinese', () => {
    const same = Object.entries(languages.Chinese!).filter(([, text]) => !/[\u4e00-\u9fff]/.test(text))
    expect(same.map(([key]) => key)).toEqual(['setting.device.coreml'])
  })

  test('titles, names and sentences are never written into the manifest itself', () => {
    const titled = [...commands.keys()].map((index) => contributes.commands[index].title)
    expect(titled.filter((title: string) => !/^%.+%$/.test(title))).toEqual([])
  })
})

describe('settings', () => {
  test('each has a default, a scope and a sentence that ends as one', () => {
    for (const [name, { default: value, scope, description, markdownDescription }] of Object.entries(
      properties,
    )) {
      expect(value, name).toBeDefined()
      expect(scope, name).toBeDefined()
      const key = (description ?? markdownDescription)?.replaceAll('%', '')
      expect(languages.English?.[key ?? ''], name).toMatch(/\.$/)
      expect(languages.Chinese?.[key ?? ''], name).toMatch(/。$/)
    }
  })

  test('what names a program or a model is not taken from a workspace that is not trusted', () => {
    expect(manifest.capabilities.untrustedWorkspaces).toMatchObject({
      supported: 'limited',
      restrictedConfigurations: ['siammae.model', 'siammae.ffmpegPath'],
    })
    for (const name of manifest.capabilities.untrustedWorkspaces.restrictedConfigurations)
      expect(properties[name]?.scope).toBe('machine-overridable')
  })

  test('every one that the sources read is declared', () => {
    const source = readFileSync(join(root, 'extension/settings.ts'), 'utf8')
    const names = [
      ...[...source.matchAll(/\.get(?:<[^>]+>)?\('(\w+)'/g)].map(([, name]) => name!),
      ...[
        ...source
          .split('DISPLAY')[1]!
          .split(']')[1]!
          .matchAll(/'(\w+)'/g),
      ].map(([, name]) => name!),
    ]
    expect(names.length).toBeGreaterThan(8)
    expect(names.filter((name) => !(`siammae.${name}` in properties))).toEqual([])
  })
})

test('menus and Open With offer every video but `.ts`, which is a language too', () => {
  const endings = VIDEO_EXTENSIONS.map((ending) => ending.slice(1)).filter((ending) => ending !== 'ts')
  const video = contributes.customEditors.find(
    ({ viewType }: { viewType: string }) => viewType === 'siammae.video',
  )
  expect(video).toMatchObject({
    priority: 'option',
    selector: endings.map((ending) => ({ filenamePattern: `*.${ending}` })),
  })
  const [menu] = contributes.menus['explorer/context']
  expect(menu.when).toContain(`/^\\.(${endings.join('|')})$/i`)
})

test('files that the manifest names are there', () => {
  const files = [...strings(manifest)].filter((text) => /^(\.\/)?media\/.+\.\w+$/.test(text))
  expect(files.length).toBeGreaterThan(8)
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([])
})
