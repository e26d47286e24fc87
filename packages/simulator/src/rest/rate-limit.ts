import type { Wall } from '../clock.ts'

/** Grants `perSecond` calls a second, saved up to one second's worth. Without a number it grants every call. */
export function rateLimit(perSecond: number | undefined, wall: Wall): () => boolean {
  if (perSecond === undefined) return () => true
  const most = Math.max(1, perSecond)
  let saved = most
  let since = wall.now()
  return () => {
    const now = wall.now()
    saved = Math.min(most, saved + ((now - since) / 1000) * perSecond)
    since = now
    if (saved < 1) return false
    saved -= 1
    return true
  }
}
