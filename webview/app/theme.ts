import { signal } from '@preact/signals'

/** Counts theme changes; what draws on a canvas reads its colours again when this changes. */
export const themeVersion = signal(0)

/** Watches for a change of VS Code's theme: it replaces the variables and the class of the body. */
export function watchTheme(): void {
  const observer = new MutationObserver(() => {
    themeVersion.value++
  })
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] })
  observer.observe(document.body, { attributes: true, attributeFilter: ['class'] })
}
