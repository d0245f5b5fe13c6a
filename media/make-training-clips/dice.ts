import { seededRandom } from '../make-sample/noise.ts'

/** Seeded choices. The same seed gives the same row of choices everywhere. */
export class Dice {
  readonly next: () => number

  constructor(seed: number) {
    this.next = seededRandom(seed)
  }

  /** A source of its own, so that more choices in one part of a scene do not change the others. */
  fork(): Dice {
    return new Dice(Math.floor(this.next() * 4294967296))
  }

  /** Even between `from` and `to`. */
  range(from: number, to: number): number {
    return from + (to - from) * this.next()
  }

  /** Even in the logarithm: as often between 1 and 2 as between 2 and 4. */
  log(from: number, to: number): number {
    return from * (to / from) ** this.next()
  }

  /** A whole number from `from` to `to`, both included. */
  whole(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1))
  }

  chance(share: number): boolean {
    return this.next() < share
  }

  sign(): number {
    return this.next() < 0.5 ? -1 : 1
  }

  angle(): number {
    return this.next() * 2 * Math.PI
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)]!
  }

  /** Picks by weight; the weights need not add up to anything. */
  weighted<T>(choices: readonly (readonly [weight: number, value: T])[]): T {
    let rest = this.next() * choices.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, value] of choices) {
      rest -= weight
      if (rest < 0) return value
    }
    return choices[choices.length - 1]![1]
  }

  /** About normal, mean 0, deviation 1, never beyond 3. */
  bell(): number {
    return (this.next() + this.next() + this.next() + this.next() - 2) * 1.732
  }
}

/** One 32-bit seed from two numbers: clip `index` of a run does not depend on the number of clips. */
export function clipSeed(seed: number, index: number): number {
  let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39)
  return (mixed ^ (mixed >>> 15)) >>> 0
}
