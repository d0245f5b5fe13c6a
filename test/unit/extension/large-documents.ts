import { ObservedDocument } from '../../../extension/document/observed-document.ts'
import { encodeMask, type Rle, type Run } from '../../../model/annotation/index.ts'

/** Whole numbers below `limit`, the same for the same seed (mulberry32). */
export function randomSource(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % limit
  }
}

export const run: Run = {
  id: 1,
  model: { name: 'ViT-S/8', file: 'vit-s8.safetensors', hash: 'sha256:1', trained: true },
  device: 'cpu',
  preset: 'siammae',
  settings: { topK: 7 },
  direction: 'forward',
  range: [0, 1],
  date: '2026-01-02T03:04:05Z',
  tool: 'siammae 0.1.0',
}

/** A blob with a ragged edge: about 200 columns of 854x480, as a person or animal has. */
export function raggedMask(random: (limit: number) => number, width = 854, height = 480): Rle {
  const pixels = new Uint8Array(width * height)
  const centreX = 150 + random(width - 300)
  const centreY = 120 + random(height - 240)
  const radius = 60 + random(50)
  for (let x = centreX - radius; x <= centreX + radius; x++) {
    const half = Math.sqrt(radius ** 2 - (x - centreX) ** 2)
    const top = Math.max(0, Math.round(centreY - half - random(5)))
    const bottom = Math.min(height - 1, Math.round(centreY + half + random(5)))
    for (let y = top; y <= bottom; y++) pixels[y * width + x] = 1
  }
  return encodeMask(pixels, width, height)
}

/** A clip in which every object has a mask on every frame: one keyframe, the rest of a run. */
export function largeDocument(frameCount: number, objects: number): ObservedDocument {
  const random = randomSource(7)
  const document = new ObservedDocument({
    path: 'clip.mp4',
    hash: `sha256:${'0'.repeat(64)}`,
    frameCount,
    width: 854,
    height: 480,
  })
  const masks = Array.from({ length: 64 }, () => raggedMask(random))
  document.apply({ kind: 'putLabel', label: { id: 1, name: 'animal', colour: '#ff0000' } })
  document.apply({ kind: 'putRun', run: { ...run, range: [0, frameCount - 1] } })
  for (let objectId = 1; objectId <= objects; objectId++) {
    document.apply({ kind: 'putObject', object: { id: objectId, name: `animal ${objectId}`, labelId: 1 } })
    for (let frame = 0; frame < frameCount; frame++) {
      const mask = masks[(frame + objectId * 5) % masks.length]!
      document.apply({
        kind: 'setEntry',
        objectId,
        frame,
        entry:
          frame === 0
            ? { state: 'keyframe', occluded: false, mask }
            : { state: 'propagated', run: 1, confidence: (frame % 100) / 100, occluded: false, mask },
      })
    }
  }
  return document
}
