import { useEffect } from 'preact/hooks'

/**
 * Closes what lies over the view when a person presses or scrolls elsewhere, or the view loses the keys or changes size.
 * @param isInside whether a press there is none elsewhere
 */
export function useDismiss(isOpen: boolean, isInside: (target: Node) => boolean, close: () => void): void {
  useEffect(() => {
    if (!isOpen) return
    const outside = ({ target }: Event) => {
      if (!(target instanceof Node && isInside(target))) close()
    }
    document.addEventListener('pointerdown', outside, true)
    document.addEventListener('wheel', outside, true)
    window.addEventListener('blur', close)
    window.addEventListener('resize', close)
    return () => {
      document.removeEventListener('pointerdown', outside, true)
      document.removeEventListener('wheel', outside, true)
      window.removeEventListener('blur', close)
      window.removeEventListener('resize', close)
    }
  }, [isOpen])
}
