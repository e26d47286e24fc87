import { type Figure, median } from '../bench.ts'
import type { ClosingTimes } from './probe.ts'

export const STEPS = ['candle', 'features', 'prediction'] as const
const SHARES = { p50: 0.5, p90: 0.9, p99: 0.99, max: 1 }
const MEDIANS = ['p50', 'p99'] as const

/** Over the whole time, and as the median over the rounds, which one disturbance from outside does not move. */
export function quantilesOf(
  closings: readonly ClosingTimes[],
  step: (typeof STEPS)[number],
  roundSeconds: number,
): Figure[] {
  const times = (some: readonly ClosingTimes[]): number[] => some.flatMap((closing) => closing[step] ?? [])
  const rounds = [...Map.groupBy(closings, ({ at }) => Math.floor(at / 1000 / roundSeconds)).values()]
  const overall = Object.entries(SHARES).map(([label, share]) => ({ label, value: quantile(times(closings), share) }))
  const medians = MEDIANS.map((label) => {
    const value = median(rounds.map((round) => quantile(times(round), SHARES[label])))
    return { label: `median ${label}`, value }
  })
  return [...overall, ...medians].map(({ label, value }) => ({
    label: `socket to ${step}, ${label}`,
    value,
    unit: 'ms',
  }))
}

/** The smallest value that at least `share` of the values do not exceed. */
function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(share * values.length) - 1)] ?? Number.NaN
}
