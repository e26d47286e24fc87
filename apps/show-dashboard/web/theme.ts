import { useEffect, useState } from 'preact/hooks'

/** The colours of the style sheet, for the chart, which paints on a canvas. */
export interface Theme {
  readonly ink: string
  readonly line: string
  readonly up: string
  readonly down: string
  readonly volumeUp: string
  readonly volumeDown: string
}

/** The theme in force; follows the system's choice of light or dark. */
export function useTheme(): Theme {
  const [theme, setTheme] = useState(readTheme)
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)')
    const follow = () => setTheme(readTheme())
    dark.addEventListener('change', follow)
    return () => dark.removeEventListener('change', follow)
  }, [])
  return theme
}

function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim()
  return {
    ink: colour('muted'),
    line: colour('grid'),
    up: colour('up'),
    down: colour('down'),
    volumeUp: colour('volume-up'),
    volumeDown: colour('volume-down'),
  }
}
