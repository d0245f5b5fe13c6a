/** A picture that lies on something: the background or the skin of an object. */
export class Surface {
  readonly width: number
  readonly height: number
  /** height x width x (red, green, blue, unused), 0..255; four bytes keep a pixel in one aligned word. */
  readonly data: Uint8ClampedArray

  constructor(width: number, height: number) {
    this.width = width
    this.height = height
    this.data = new Uint8ClampedArray(width * height * 4)
  }

  set(index: number, red: number, green: number, blue: number): void {
    const at = index * 4
    this.data[at] = red
    this.data[at + 1] = green
    this.data[at + 2] = blue
  }

  /** Multiplies every colour of the pixel. */
  shade(index: number, by: number): void {
    const at = index * 4
    this.data[at]! *= by
    this.data[at + 1]! *= by
    this.data[at + 2]! *= by
  }

  /** Blurs with (1 2 1) / 4 along rows and columns, `rounds` times; once takes the jags off drawn edges. */
  soften(rounds: number): void {
    for (let round = 0; round < rounds; round++) {
      this.#soften(4, this.width, this.width * 4, this.height)
      this.#soften(this.width * 4, this.height, 4, this.width)
    }
  }

  #soften(step: number, length: number, lineStep: number, lines: number): void {
    const { data } = this
    for (let line = 0; line < lines; line++)
      for (let c = 0; c < 3; c++) {
        let at = line * lineStep + c
        let before = data[at]!
        for (let i = 0; i < length; i++, at += step) {
          const here = data[at]!
          const after = i + 1 < length ? data[at + step]! : here
          data[at] = (before + 2 * here + after) / 4
          before = here
        }
      }
  }
}
