/** Protects: what a training writes down as a model's licence is shown in words, whoever trained it. */
import { expect, test } from 'vitest'
import { licenceWords } from '../../../extension/models/licence.ts'
import { messageOf } from '../../../model/errors.ts'
import { trainedLicence } from '../../../model/training/licences.ts'

const words = (licence: string, origin: 'trained' | 'imported') => {
  const shown = licenceWords({ licence, origin })
  return typeof shown === 'string' ? shown : messageOf(shown)
}

test.each([
  ['MIT', 'MIT', 'MIT'],
  ['unknown', 'unknown', 'unknown'],
  [trainedLicence({ licence: 'MIT' }), 'MIT, and your footage', 'MIT, and the footage that it learned from'],
  [trainedLicence({}), 'unknown, and your footage', 'unknown, and the footage that it learned from'],
  [trainedLicence(null), 'your own', 'that of the footage that it learned from'],
])('%s is "%s" of a model trained here, "%s" of one by somebody else', (licence, own, others) => {
  expect(words(licence, 'trained')).toBe(own)
  expect(words(licence, 'imported')).toBe(others)
})
