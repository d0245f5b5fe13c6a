/** The public checkpoints that can be downloaded: facts of their publishers, nothing of which is fetched by itself. */
import { readFile } from 'node:fs/promises'
import * as v from 'valibot'

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(300))
const address = v.pipe(v.string(), v.url(), v.startsWith('https://'))
const percent = v.pipe(v.number(), v.minValue(0), v.maxValue(100))

const scoresSchema = v.strictObject({
  /** DAVIS-2017, mean of J and F. */
  davisJF: v.exactOptional(percent),
  vipMIoU: v.exactOptional(percent),
  /** JHMDB, PCK@0.1 and, where it is known, PCK@0.2. */
  jhmdbPck: v.exactOptional(v.union([v.strictTuple([percent]), v.strictTuple([percent, percent])])),
  protocol: text,
  /** Who published the numbers. */
  source: text,
})

const modelSchema = v.pipe(
  v.strictObject({
    id: v.pipe(v.string(), v.regex(/^[a-z0-9-]+$/)),
    name: text,
    family: text,
    size: text,
    /** SPDX identifier, or `unknown`. */
    licence: text,
    page: address,
    download: v.exactOptional(
      v.strictObject({
        url: address,
        /** As published, or what the parameters alone take: files are at most two hundredths larger. */
        bytes: v.pipe(v.number(), v.integer(), v.minValue(1)),
        sha256: v.exactOptional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
        /** What the MD5 sum starts with, where only that is published. */
        md5Starts: v.exactOptional(v.pipe(v.string(), v.regex(/^[0-9a-f]{6,32}$/))),
      }),
    ),
    /** A page from which a person has to download by hand, because it gives files to browsers only. */
    byHand: v.exactOptional(address),
    scores: v.exactOptional(scoresSchema),
  }),
  v.check(
    (model) => (model.download === undefined) !== (model.byHand === undefined),
    'a model is downloaded from an address, or by hand',
  ),
)

export const catalogueSchema = v.pipe(
  v.strictObject({ version: v.literal(1), models: v.array(modelSchema) }),
  v.check(
    ({ models }) => new Set(models.map(({ id }) => id)).size === models.length,
    'identifiers are unique',
  ),
)

/** A checkpoint of the catalogue. */
export type CatalogueModel = v.InferOutput<typeof modelSchema>

/** Reads the catalogue that comes with the extension. @throws ValiError when it is not sound */
export async function readCatalogue(path: string): Promise<readonly CatalogueModel[]> {
  return v.parse(catalogueSchema, JSON.parse(await readFile(path, 'utf8'))).models
}
