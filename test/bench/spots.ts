/**
 * `npm run bench -- spots`: how well small objects are carried, as points and as areas. Discs on the keypoints of the
 * sample clip, whose places are known exactly; as large as so many cells of the network.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { LabelMap } from '../../model/label-map.ts'
import {
  FeatureCache,
  FeatureExtractor,
  networkSize,
  PRESETS,
  propagate,
} from '../../model/propagation/index.ts'
import { Engine } from '../../model/runtime/index.ts'
import { openVideo } from '../../model/video/index.ts'
import { readEncoder } from '../../model/weights/index.ts'
import { machine, percent, row } from './support.ts'

/** Of the package; this runs as `dist/bench.js`. */
const root = fileURLToPath(new URL('..', import.meta.url))

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    size: { type: 'string', default: '480' },
    frames: { type: 'string', default: '24' },
    model: { type: 'string', default: join(root, 'media', 'models', 'starter.safetensors') },
  },
})

/** Places on the koi that keep their look; the tip of the tail and the fins beat. */
const PLACES = ['nose', 'left eye', 'shoulders', 'back', 'tail base']
/** Of the discs, in cells; the last one covers 13 of them. */
const RADII = [0.75, 1, 1.5, 2]

interface Place {
  readonly name: string
  readonly x: number
  readonly y: number
  readonly visible: boolean
}

/** Shares of the visible places on the frames behind the first. */
interface Score {
  /** Has any pixel. */
  readonly there: number
  /** Its centre is within 1.5 cells. */
  readonly near: number
  /** Intersection over union with a disc at the place, 0 where it is absent. */
  readonly iou: number
}

export async function benchSpots(): Promise<void> {
  const truth: readonly (readonly Place[])[] = JSON.parse(
    readFileSync(join(root, 'media', 'sample', 'keypoints-truth.json'), 'utf8'),
  ).frames
  const places = (frame: number) => PLACES.map((name) => truth[frame]!.find((place) => place.name === name)!)
  const last = Math.min(Number(options.frames), truth.length - 1)
  const video = await openVideo(join(root, 'media', 'sample.mp4'))
  const engine = await Engine.start('cpu')
  const model = await readEncoder(options.model)
  const extractor = await FeatureExtractor.create(
    engine,
    model,
    networkSize(video.table, Number(options.size), model.config.patch),
  )
  const features = new FeatureCache(engine, extractor, 4e9)
  const { width, height } = video.table
  const cell = Math.sqrt((width * height) / (extractor.grid.rows * extractor.grid.columns))

  const score = async (radius: number, spots: boolean): Promise<Score> => {
    const objects = PLACES.map((_, i) => i + 1)
    const { results } = propagate({
      ...{ video, engine, extractor, features, poses: [], direction: 'forward', range: [0, last] },
      settings: spots
        ? { ...PRESETS.annotator, spots: { cells: 100, fill: 0 } }
        : { ...PRESETS.annotator, spots: undefined },
      masks: [{ frame: 0, map: discs(places(0), radius, width, height), objects }],
    })
    let [all, there, near, iou] = [0, 0, 0, 0]
    for await (const result of results) {
      if (result.kind !== 'masks') continue
      for (const [i, place] of places(result.frame).entries()) {
        if (!place.visible) continue
        all++
        const { map } = result.layers.find((layer) => layer.objects.some(({ id }) => id === i + 1))!
        const [count, x, y] = centreOf(map, i + 1)
        if (count > 0) there++
        if (count > 0 && Math.hypot(x - place.x, y - place.y) <= 1.5 * cell) near++
        const disc = discs([place], radius, width, height).data
        let both = 0
        map.data.forEach((id, pixel) => {
          if (id === i + 1 && disc[pixel]) both++
        })
        iou += both / (count + disc.reduce((sum, on) => sum + on, 0) - both)
      }
    }
    return { there: there / all, near: near / all, iou: iou / all }
  }

  console.log(
    `${machine('cpu')}; sample clip, ${last} frames, network ${extractor.size.width}x${extractor.size.height}`,
  )
  const line = (name: string, values: readonly string[]) =>
    row(name, values.map((value) => value.padStart(7)).join(''))
  line('radius of the disc in cells', RADII.map(String))
  for (const spots of [true, false]) {
    const scores: Score[] = []
    for (const radius of RADII) scores.push(await score(radius * cell, spots))
    const shares = (of: keyof Score) => scores.map((each) => percent(each[of]))
    const how = spots ? 'as points' : 'as areas'
    line(`${how}: there`, shares('there'))
    line(`${how}: within 1.5 cells`, shares('near'))
    line(`${how}: IoU`, shares('iou'))
  }
  await features.clear()
  await extractor.close()
  await engine.close()
  await video.close()
}

/** Ids from 1 on in the order of the places; of two that overlap the second one is whole. */
function discs(places: readonly Place[], radius: number, width: number, height: number): LabelMap {
  const data = new Uint8Array(width * height)
  places.forEach((place, i) => {
    for (let pixel = 0; pixel < data.length; pixel++)
      if (Math.hypot((pixel % width) - place.x, Math.floor(pixel / width) - place.y) <= radius)
        data[pixel] = i + 1
  })
  return { width, height, data }
}

/** Number of an object's pixels and their mean. */
function centreOf({ data, width }: LabelMap, id: number): [count: number, x: number, y: number] {
  let [count, x, y] = [0, 0, 0]
  data.forEach((other, pixel) => {
    if (other !== id) return
    count++
    x += pixel % width
    y += Math.floor(pixel / width)
  })
  return [count, x / count, y / count]
}
