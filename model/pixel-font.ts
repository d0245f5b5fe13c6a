/**
 * A small pixel font of our own, so that captions look the same on every machine, also on one without any font.
 */

/*
 * First the letter, then its rows from the top: a character stands for five pixels, as a digit in base 32 (the
 * leftmost pixel counts 16). Letters with a tail have two rows more, which lie below the line.
 */
const FONT = String.raw`
!4444404 "aa00000 #aavavaa $4fke5u4 %op248j3 &cik8lid '4400000 (2488842 )8422248 *04lel40 +044v440 ,000006448
-000v000 .0000066 /0112488 0ehjlphe 14c4444e 2eh1248v 3v2421he 426aiv22 5vgu11he 668guhhe 7v124888 8ehhehhe
9ehhf12c :0660660 ;066006448 <248g842 =00v0v00 >8421248 ?eh12404 @ehnlnge Aehhvhhh Buhhuhhu Cehggghe Dsihhhis
Evgguggv Fvgguggg Gehgnhhf Hhhhvhhh Ie44444e J72222ic Khikokih Lggggggv Mhrllhhh Nhhpljhh Oehhhhhe Puhhuggg
Qehhhlid Ruhhukih Sfgge11u Tv444444 Uhhhhhhe Vhhhhha4 Whhhllra Xhha4ahh Yhhha444 Zv1248gv [e88888e \0gg8422
]e22222e ^4ah0000 _000000v a00e1fhf bggumhhu c00eggge d11fjhhf e00ehvge f698s888 g00fhhhf1e hggmphhh
i40c444e j20622222c kgghikoi lc44444e m00qlllh n00mphhh o00ehhhe p00uhhhugg q00fhhhf11 r00mpggg s00fge1u
t88s8896 u00hhhjd v00hhha4 w00hhlla x00ha4ah y00hhhhf1e z00v248v {2448442 |4444444 }8442448 ~008l200 ·0006600
×00ha4ah –000v000
`
const GLYPHS = new Map(
  FONT.trim()
    .split(/\s+/)
    .map((glyph) => [glyph[0]!, glyph.slice(1)]),
)

/** From one letter to the next, in font pixels. */
export const GLYPH_ADVANCE = 6
/** Height of a line with its tails, in font pixels. */
export const GLYPH_ROWS = 9

/**
 * Visits every font pixel that has ink. Letters outside ASCII become a question mark.
 * @param visit column from the left of the text, row from the top of the line
 */
export function forEachInk(text: Iterable<string>, visit: (column: number, row: number) => void): void {
  let left = 0
  for (const letter of text) {
    const rows = letter === ' ' ? '' : (GLYPHS.get(letter) ?? GLYPHS.get('?')!)
    for (let row = 0; row < rows.length; row++) {
      const bits = Number.parseInt(rows[row]!, 32)
      for (let column = 0; column < 5; column++) if (bits & (16 >> column)) visit(left + column, row)
    }
    left += GLYPH_ADVANCE
  }
}
