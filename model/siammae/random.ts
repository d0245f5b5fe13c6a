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
