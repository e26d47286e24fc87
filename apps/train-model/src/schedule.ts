import { type EpochMicros, MICROS_PER_MINUTE } from '@c1/market'

/**
 * When models are trained, in event time, so that a replay trains the same versions as live did.
 *
 * A cut-off is a multiple of `every`. The version trained at it serves from one interval later: what training takes delays no
 * prediction. While a symbol has no version yet, a multiple of `retry` will do.
 */
export interface Schedule {
  readonly every: number
  readonly retry: number
  /** Microseconds from a cut-off to the first `asOf` its version serves. */
  readonly allowance: number
}

export function trainingSchedule(every: number, interval: number): Schedule {
  return { every, retry: Math.min(every, Math.max(5 * MICROS_PER_MINUTE, interval)), allowance: interval }
}

/** The newest cut-off whose version could already serve at `startedAt`, so that a first start has predictions at once. */
export function firstCutOff({ every, allowance }: Schedule, startedAt: EpochMicros): EpochMicros {
  return (Math.floor((startedAt - allowance) / every) * every) as EpochMicros
}

export function nextCutOff({ every, retry }: Schedule, cutOff: EpochMicros, hasVersion: boolean): EpochMicros {
  const step = hasVersion ? every : retry
  return ((Math.floor(cutOff / step) + 1) * step) as EpochMicros
}
