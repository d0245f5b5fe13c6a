/** Rows and columns of patches. */
export interface Grid {
  readonly rows: number
  readonly columns: number
}

/**
 * Soft labels on the patch grid: for every cell a weight per channel, `data[cell * channels + channel]`, cells in
 * raster order. Channel 0 is the background.
 */
export interface SoftLabels {
  readonly grid: Grid
  readonly channels: number
  readonly data: Float32Array
}

export function cellCount({ rows, columns }: Grid): number {
  return rows * columns
}

/** All background. */
export function emptyLabels(grid: Grid, channels: number): SoftLabels {
  return { grid, channels, data: new Float32Array(cellCount(grid) * channels) }
}

/** Some channels next to each other as labels of their own; the same object when it is all of them. */
export function channelBlock(labels: SoftLabels, first: number, channels: number): SoftLabels {
  if (channels === labels.channels) return labels
  const block = emptyLabels(labels.grid, channels)
  for (let cell = 0; cell < cellCount(labels.grid); cell++) {
    const from = cell * labels.channels + first
    block.data.set(labels.data.subarray(from, from + channels), cell * channels)
  }
  return block
}

/** The channels of several labels side by side, in their order. */
export function joinChannels(parts: readonly SoftLabels[]): SoftLabels {
  const [only] = parts
  if (only && parts.length === 1) return only
  const channels = parts.reduce((total, part) => total + part.channels, 0)
  const joined = emptyLabels(parts[0]!.grid, channels)
  let first = 0
  for (const part of parts) {
    for (let cell = 0; cell < cellCount(joined.grid); cell++)
      joined.data.set(
        part.data.subarray(cell * part.channels, (cell + 1) * part.channels),
        cell * channels + first,
      )
    first += part.channels
  }
  return joined
}

/** a * weight + b * (1 - weight), cell by cell: how a span between two marked frames is joined. */
export function blendLabels(a: SoftLabels, b: SoftLabels, weight: number): SoftLabels {
  const data = a.data.map((value, i) => value * weight + b.data[i]! * (1 - weight))
  return { grid: a.grid, channels: a.channels, data }
}

/** Soft labels in a few kilobytes: most cells are plain background, the others have few channels that are not zero. */
export interface PackedLabels {
  readonly grid: Grid
  readonly channels: number
  /** Those that are not plain background (channel 0 is 1, the others 0), ascending. */
  readonly cells: Uint32Array
  /** Per listed cell: how many entries follow. */
  readonly counts: Uint16Array
  readonly entries: Uint16Array
  /** In 65535ths. */
  readonly weights: Uint16Array
}

/** Packs soft labels in 0..1; a weight is rounded to 1/65535, and below half of that it is dropped. */
export function packLabels({ grid, channels, data }: SoftLabels): PackedLabels {
  const cells: number[] = []
  const counts: number[] = []
  const entries: number[] = []
  const weights: number[] = []
  for (let cell = 0; cell < cellCount(grid); cell++) {
    const start = entries.length
    for (let channel = 0; channel < channels; channel++) {
      const weight = Math.round(Math.min(1, data[cell * channels + channel]!) * 65535)
      if (weight <= 0) continue
      entries.push(channel)
      weights.push(weight)
    }
    if (entries.length === start + 1 && entries[start] === 0 && weights[start] === 65535) {
      entries.pop()
      weights.pop()
      continue
    }
    cells.push(cell)
    counts.push(entries.length - start)
  }
  return {
    grid,
    channels,
    cells: Uint32Array.from(cells),
    counts: Uint16Array.from(counts),
    entries: Uint16Array.from(entries),
    weights: Uint16Array.from(weights),
  }
}

export function unpackLabels({ grid, channels, cells, counts, entries, weights }: PackedLabels): SoftLabels {
  const labels = emptyLabels(grid, channels)
  for (let cell = 0; cell < cellCount(grid); cell++) labels.data[cell * channels] = 1
  let at = 0
  cells.forEach((cell, i) => {
    labels.data[cell * channels] = 0
    for (const end = at + counts[i]!; at < end; at++)
      labels.data[cell * channels + entries[at]!] = weights[at]! / 65535
  })
  return labels
}
