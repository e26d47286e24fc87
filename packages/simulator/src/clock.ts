import type { EpochMicros } from '@c1/market'

/** The host's passing of time, which a test replaces to move it by hand. */
export interface Wall {
  /** Milliseconds that never go back, from any origin. */
  now(): number
  /** Calls `action` every `milliseconds` until the returned function is called. */
  every(milliseconds: number, action: () => void): () => void
}

export const systemWall: Wall = {
  now: () => performance.now(),
  every: (milliseconds, action) => {
    const timer = setInterval(action, milliseconds)
    return () => clearInterval(timer)
  },
}

/** The simulated market's time: `start` at the moment of the call, `speed` simulated seconds a second from then on. */
export function simulatedClock(start: EpochMicros, speed: number, wall: Wall): () => EpochMicros {
  const origin = wall.now()
  return () => (start + Math.floor((wall.now() - origin) * 1000 * speed)) as EpochMicros
}
