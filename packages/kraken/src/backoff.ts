/** A share of 0.5 to 1 of `ms`, so that many clients do not come back at one instant. `random` gives [0, 1). */
export function jittered(ms: number, random: () => number): number {
  return Math.round(ms * (0.5 + random() / 2))
}
