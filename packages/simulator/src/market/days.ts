import { type EpochMicros, MICROS_PER_DAY, MICROS_PER_MINUTE } from '@c1/market'
import type { Character } from './catalogue.ts'
import { type MarketKey, PURPOSE, RandomStream } from './random.ts'
import { lastAtMost } from './search.ts'

/** When every synthetic market was listed: the time of nothing before its trade 1. */
export const MARKET_BIRTH: EpochMicros = (Date.UTC(2024, 0, 1) * 1000) as EpochMicros
export const MINUTES_PER_DAY: number = MICROS_PER_DAY / MICROS_PER_MINUTE

/** What is fixed about a UTC day before any of its trades is drawn. Day 0 begins at the market's birth. */
export interface DayPlan {
  readonly day: number
  readonly firstId: number
  readonly tradeCount: number
  /** Log price at the day's two midnights. */
  readonly startLevel: number
  readonly endLevel: number
  /** Root of the mean square of the day's one-minute log returns. */
  readonly minuteVolatility: number
}

/** Share of the distance to the anchor that the log price loses in a day: half of it in about four months. */
const REVERSION_PER_DAY = 1 / 180
/** Day-to-day persistence and long-run standard deviation of the log of volatility and of the log of activity. */
const PERSISTENCE = 0.9
const VOLATILITY_SPREAD = 0.25
const ACTIVITY_SPREAD = 0.3

/**
 * The chain of days of one market. It is walked once from the market's birth, a few random numbers a day, and kept; all
 * inside a day is drawn from that day's plan alone.
 */
export class DayChain {
  readonly #key: MarketKey
  readonly #character: Character
  readonly #activity: number
  readonly #days: (DayPlan & DayState)[] = []

  constructor(key: MarketKey, character: Character, activity: number) {
    this.#key = key
    this.#character = character
    this.#activity = activity
  }

  plan(day: number): DayPlan {
    for (let next = this.#days.length; next <= day; next += 1) this.#days.push(this.#extend(next))
    return this.#days[day] as DayPlan
  }

  /** The plan of the day that holds trade `id`, 1 or more. */
  planOfTrade(id: number): DayPlan {
    let newest = this.plan(Math.max(this.#days.length - 1, 0))
    while (newest.firstId + newest.tradeCount <= id) newest = this.plan(newest.day + 1)
    return this.plan(lastAtMost(this.#days.length, (day) => (this.#days[day] as DayPlan).firstId, id))
  }

  #extend(day: number): DayPlan & DayState {
    const random = new RandomStream(this.#key, PURPOSE.day, day)
    const previous = this.#days[day - 1]
    const anchor = Math.log(this.#character.anchorPrice)
    const logVolatility = persist(previous?.logVolatility, VOLATILITY_SPREAD, random)
    const logActivity = persist(previous?.logActivity, ACTIVITY_SPREAD, random)
    // E[exp(2 x)] = exp(2 variance): the long-run mean square is the character's.
    const minuteVolatility = this.#character.minuteVolatility * Math.exp(logVolatility - VOLATILITY_SPREAD ** 2)
    const startLevel = previous?.endLevel ?? anchor
    const surprise = minuteVolatility * Math.sqrt(MINUTES_PER_DAY) * random.normal()
    const meanCount = this.#character.tradesPerDay * this.#activity * weekday(day)
    return {
      day,
      firstId: previous === undefined ? 1 : previous.firstId + previous.tradeCount,
      tradeCount: Math.max(1, Math.round(meanCount * Math.exp(logActivity - ACTIVITY_SPREAD ** 2 / 2))),
      startLevel,
      endLevel: startLevel + REVERSION_PER_DAY * (anchor - startLevel) + surprise,
      minuteVolatility,
      logVolatility,
      logActivity,
    }
  }
}

interface DayState {
  readonly logVolatility: number
  readonly logActivity: number
}

/** One step of a first-order autoregression with long-run standard deviation `spread`. */
function persist(previous: number | undefined, spread: number, random: RandomStream): number {
  const shock = spread * random.normal()
  return previous === undefined ? shock : PERSISTENCE * previous + Math.sqrt(1 - PERSISTENCE ** 2) * shock
}

/** Weekends are quieter; the mean over a week is 1. Day 0, 2024-01-01, was a Monday. */
function weekday(day: number): number {
  return day % 7 < 5 ? 1.1 : 0.75
}
