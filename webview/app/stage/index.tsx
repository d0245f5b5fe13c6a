/** The picture and what is drawn on it. */
export function Stage() {
  return <div class="stage" />
}
