/** A seeded source of random numbers that gives the same sequence on every machine. */
export interface Random {
  /** 0 (included) to 1 (excluded), 32 bits. */
  uniform(): number
  /** Standard normal. */
  normal(): number
}

/** sfc32 (Chris Doty-Humphrey's Small Fast Counter), seeded by one number and warmed up. */
export function seededRandom(seed: number): Random {
  let a = seed | 0
  let b = 0x9e3779b9 | 0
  let c = 0x243f6a88 | 0
  let counter = 1
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + t
    c |= 0
    return (t >>> 0) / 2 ** 32
  }
  for (let i = 0; i < 15; i++) next()
  return {
    uniform: next,
    // Box-Muller; 1 - u avoids the logarithm of zero.
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  }
}

/**
 * The seed of one stream of random numbers. What is random in step `index` of a run comes from a stream that depends
 * on these three values alone, so that a resumed run needs no state of a generator.
 * @param seed    whole number, the run's
 * @param purpose what the numbers are for, such as `masks`: streams of different purposes are unrelated
 * @param index   whole number from 0
 * @returns 0..2^32 - 1
 */
export function streamSeed(seed: number, purpose: string, index: number): number {
  let hash = scramble(0x9e3779b9 ^ purpose.length)
  for (let i = 0; i < purpose.length; i++) hash = scramble(hash ^ purpose.charCodeAt(i))
  for (const value of [seed, index]) {
    hash = scramble(hash ^ value)
    hash = scramble((hash + Math.floor(value / 2 ** 32) + 0x7f4a7c15) | 0)
  }
  return hash >>> 0
}

/** The finaliser of MurmurHash3: every bit of the result depends on every bit of the value. */
function scramble(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
