import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { EXPORT_FORMATS } from '../../../extension/export-formats.ts'
import { COLOURS } from '../../../extension/labels.ts'
import { root } from '../../support/cli.ts'
import { computedTexts, sourceTexts } from './source-texts.ts'

const bundle = JSON.parse(readFileSync(join(root, 'l10n', 'bundle.l10n.zh-cn.json'), 'utf8')) as Record<
  string,
  string
>
const texts = sourceTexts()
/** Texts that stand in lists and are translated where they are shown. */
const listed = [
  ...COLOURS.map(({ name }) => name),
  ...EXPORT_FORMATS.map(({ detail }) => detail),
  'Propagate',
  'Move video',
]

describe('the Chinese translation', () => {
  test('has every text of the extension and of the webview', () => {
    expect(texts.size).toBeGreaterThan(200)
    const missing = [...texts].filter(([text]) => !(text in bundle)).map(([text, file]) => `${file}: ${text}`)
    expect([...missing, ...listed.filter((text) => !(text in bundle))]).toEqual([])
  })

  test('has nothing that is not shown any more', () => {
    const known = new Set([...texts.keys(), ...listed])
    expect(Object.keys(bundle).filter((text) => !known.has(text))).toEqual([])
  })

  test('keeps every place for a value', () => {
    const places = (text: string) => [...new Set(text.match(/\{\d+\}/g))].sort()
    for (const [english, chinese] of Object.entries(bundle))
      expect(places(chinese), english).toEqual(places(english))
  })

  test('is Chinese, in full-width punctuation', () => {
    const unwritten = Object.entries(bundle).filter(
      ([english, chinese]) =>
        english === chinese ||
        // Without the places for values nothing may be left to translate.
        (/\p{L}/u.test(english.replaceAll(/\{\d+\}/g, '').replace(' of ', '')) &&
          !/[\u4e00-\u9fff]/.test(chinese)) ||
        /[\u4e00-\u9fff][,;!?]/.test(chinese),
    )
    expect(unwritten.map(([english]) => english).filter((text) => text !== 'nose, neck, tail')).toEqual([])
  })
})

test('texts that are not literals come from the lists above', () => {
  expect(computedTexts()).toEqual([
    'extension/commands/ask.ts: name',
    'extension/commands/export.ts: detail',
    'extension/editor/open-document.ts: edit.label',
    'extension/words.ts: parts.template',
  ])
})
