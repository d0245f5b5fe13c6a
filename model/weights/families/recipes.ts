/** How one parameter of ours is made of the tensors of a published checkpoint: the verbs of the families' tables. */
import type { EncoderConfig } from '../../siammae/index.ts'
import { sinePositions } from '../../siammae/index.ts'

/** What a recipe may know when it is asked what it needs. */
export interface Context {
  readonly config: EncoderConfig
  /** Shape of the parameter to make. */
  readonly target: readonly number[]
  /** Number of the block, where the parameter belongs to one. */
  readonly block: string
  /** The shape of a tensor of the file, undefined where it has none of that name. */
  shapeOf(name: string): readonly number[] | undefined
}

export interface Source {
  readonly name: string
  /** The shape it must have; sizes of 1 do not count. */
  readonly shape: readonly number[]
  /** The value that stands in for all of it where the file does not have it; without one it must be there. */
  readonly missing?: number
}

export interface Step {
  readonly sources: readonly Source[]
  /** In words, for the report. */
  readonly how: string
  make(values: readonly Float32Array[]): Float32Array
}

export type Recipe = (context: Context) => Step

const inBlock = (name: string, { block }: Context): string => name.replace('*', block)

const first = (values: readonly Float32Array[]): Float32Array => values[0]!

/** The same values. @param missing the value that stands in where the file has no such tensor */
export function copy(name: string, missing?: number): Recipe {
  return (context) => ({
    sources: [
      {
        name: inBlock(name, context),
        shape: context.target,
        ...(missing === undefined ? {} : { missing }),
      },
    ],
    how: 'as it is',
    make: first,
  })
}

/** The first of two names that the file has. */
export function either(name: string, other: string): Recipe {
  return (context) => copy(context.shapeOf(inBlock(name, context)) ? name : other)(context)
}

/** Several tensors of equal shape one below the other; those that are missing count as zeros where `optional`. */
export function stacked(names: readonly string[], optional = false): Recipe {
  return (context) => {
    const [rows, ...rest] = context.target as [number, ...number[]]
    return {
      sources: names.map((name) => ({
        name: inBlock(name, context),
        shape: [rows / names.length, ...rest],
        ...(optional ? { missing: 0 } : {}),
      })),
      how: 'joined',
      make: (values) => joined(values),
    }
  }
}

/** Query and value biases with a zero key bias between them, as VideoMAE has it. */
export function queryAndValue(query: string, value: string): Recipe {
  return (context) => {
    const dim = context.target[0]! / 3
    return {
      sources: [query, value].map((name) => ({ name: inBlock(name, context), shape: [dim], missing: 0 })),
      how: 'joined, keys without bias',
      make: ([q, v]) => joined([q!, new Float32Array(dim), v!]),
    }
  }
}

/**
 * A layer whose output is multiplied channel by channel (LayerScale): the factors go into its rows, which is the same
 * arithmetic. The factors are 1 where the file has none.
 */
export function scaledRows(name: string, factors: string): Recipe {
  return (context) => ({
    sources: [
      { name: inBlock(name, context), shape: context.target },
      { name: inBlock(factors, context), shape: [context.target[0]!], missing: 1 },
    ],
    how: 'rows scaled by the layer scale',
    make: ([values, scale]) => {
      const width = values!.length / scale!.length
      return values!.map((value, i) => value * scale![Math.floor(i / width)]!)
    },
  })
}

/** The weight of a convolution over space and time, summed over time: what a clip that stands still makes of it. */
export function summedOverTime(name: string): Recipe {
  return (context) => {
    const [dim, channels, rows, columns] = context.target as [number, number, number, number]
    const frames = context.shapeOf(name)?.[2] ?? 1
    const area = rows * columns
    return {
      sources: [{ name, shape: [dim, channels, frames, rows, columns] }],
      how: `summed over its ${frames} frames`,
      make: ([values]) => {
        const result = new Float32Array(dim * channels * area)
        for (let plane = 0; plane < dim * channels; plane++)
          for (let i = 0; i < area; i++) {
            let sum = 0
            for (let frame = 0; frame < frames; frame++) sum += values![(plane * frames + frame) * area + i]!
            result[plane * area + i] = sum
          }
        return result
      },
    }
  }
}

/** A bias plus the first row of a table: the position in time of a clip's first frames. */
export function plusFirstRow(name: string, table: string): Recipe {
  return (context) => {
    const rows = context.shapeOf(table)
    const width = context.target[0]!
    if (!rows) return copy(name, 0)(context)
    return {
      sources: [
        { name, shape: [width] },
        { name: table, shape: rows.length === 2 ? [rows[0]!, width] : [1, rows[1] ?? 0, width] },
      ],
      how: 'plus the first position in time',
      make: ([values, positions]) => values!.map((value, i) => value + positions![i]!),
    }
  }
}

/**
 * A position table of a square grid: rows for [CLS] (and registers) first, or none of them. The row of [CLS] is zero
 * where the file has none.
 */
export function imagePositions(name: string): Recipe {
  return (context) => {
    const [, rows, width] = context.target as [number, number, number]
    const stored = rowsOf(context.shapeOf(name))
    const prefix = stored - (rows - 1)
    return {
      sources: [{ name, shape: [stored, width] }],
      how:
        prefix === 1
          ? 'as it is'
          : prefix === 0
            ? 'with a zero row for [CLS]'
            : 'without the rows of the registers',
      make: ([values]) =>
        joined([
          prefix > 0 ? values!.subarray(0, width) : new Float32Array(width),
          values!.subarray(prefix * width),
        ]),
    }
  }
}

/** The first grid of a table over space and time, after `prefix` rows; the row of [CLS] is zero where it has none. */
export function firstFrames(name: string): Recipe {
  return (context) => {
    const [, rows, width] = context.target as [number, number, number]
    const stored = rowsOf(context.shapeOf(name))
    const prefix = stored % (rows - 1)
    return {
      sources: [{ name, shape: [stored, width] }],
      how: 'the part of the first frames',
      make: ([values]) =>
        joined([
          prefix > 0 ? values!.subarray(0, width) : new Float32Array(width),
          values!.subarray(prefix * width, (prefix + rows - 1) * width),
        ]),
    }
  }
}

/** A table of [CLS] and a table of the grid. */
export function classAndGrid(classRow: string, grid: string): Recipe {
  return (context) => {
    const [, rows, width] = context.target as [number, number, number]
    return {
      sources: [
        { name: classRow, shape: [width], missing: 0 },
        { name: grid, shape: [rows - 1, width] },
      ],
      how: 'joined',
      make: (values) => joined(values),
    }
  }
}

/** VideoMAE's fixed sine positions, which its files do not hold. */
export const fixedSines: Recipe = (context) => {
  const [, rows, width] = context.target as [number, number, number]
  return {
    sources: [],
    how: 'computed: fixed sines along one line',
    make: () => joined([new Float32Array(width), sinePositions(width, rows - 1)]),
  }
}

/** Register tokens under one of their names, with the positions that some files give them. */
export function registers(names: readonly string[], positions: string): Recipe {
  return (context) => {
    const [, count, width] = context.target as [number, number, number]
    const name = names.find((candidate) => context.shapeOf(candidate)) ?? names[0]!
    const stored = rowsOf(context.shapeOf(positions))
    const placed = stored === context.config.positionGrid ** 2 + 1 + count
    return {
      sources: [
        { name, shape: context.target },
        ...(placed ? [{ name: positions, shape: [stored, width] }] : []),
      ],
      how: placed ? 'plus their positions' : 'as it is',
      make: ([values, table]) => (table ? values!.map((value, i) => value + table[width + i]!) : values!),
    }
  }
}

/** Rows of a table [1, rows, width] or [rows, width]. */
export function rowsOf(shape: readonly number[] | undefined): number {
  return shape?.at(-2) ?? 0
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const result = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    result.set(part, at)
    at += part.length
  }
  return result
}
