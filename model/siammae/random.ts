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
 * The seed of a stream of its own for one purpose and one step, so that a run which is taken up again needs no
 * generator state: whatever is random in step n follows from the run's seed and n alone.
 * @param purpose short name, such as `masks`
 * @returns a 32-bit whole number
 */
export function streamSeed(seed: number, purpose: string, index: number): number {
  // FNV-1a over the parts, then the finaliser of MurmurHash3 (Appleby), which spreads every bit over all others.
  let hash = 0x811c9dc5
  for (const character of `${purpose} ${seed} ${index}`)
    hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193)
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
