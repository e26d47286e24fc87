import { type EpochMicros, MICROS_PER_MINUTE } from '@c1/market'
import type { Listing } from './catalogue.ts'
import { DayChain, MARKET_BIRTH, MINUTES_PER_DAY } from './days.ts'
import { drawMinute, type OrderTerms } from './minute-trades.ts'
import { type MinutePlans, planMinutes } from './minutes.ts'
import { type MarketKey, marketKey, PURPOSE, RandomStream } from './random.ts'
import { Recent } from './recent.ts'
import { lastAtMost } from './search.ts'
import type { MarketKind } from './signal.ts'
import type { Tape, VenueTrade } from './tape.ts'

export interface SyntheticOptions {
  readonly kind: MarketKind
  readonly seed: number
  /** Multiplies the number of trades and leaves the path of the mid price as it is. */
  readonly activity: number
}

/**
 * A market without beginning to read from: each minute is drawn from (seed, symbol, minute) and the day's plan, so any
 * trade is the same whatever was asked before.
 */
export class SyntheticTape implements Tape {
  readonly firstId = 1
  readonly #key: MarketKey
  readonly #days: DayChain
  readonly #terms: OrderTerms
  readonly #plans: Recent<MinutePlans>
  readonly #minutes: Recent<VenueTrade[]>

  constructor({ pair, character }: Listing, { kind, seed, activity }: SyntheticOptions) {
    this.#key = marketKey(seed, pair.symbol)
    this.#days = new DayChain(this.#key, character, activity)
    this.#terms = {
      priceScale: 10 ** pair.priceDecimals,
      quantityScale: 10 ** pair.quantityDecimals,
      medianNotional: character.medianNotional,
    }
    this.#plans = new Recent(8, (day) => planMinutes(this.#key, kind, this.#days.plan(day), character.unevenness))
    this.#minutes = new Recent(64, (minute) => this.#draw(minute))
  }

  lastIdBefore(time: EpochMicros): number {
    if (time <= MARKET_BIRTH) return this.firstId - 1
    const minute = Math.floor((time - MARKET_BIRTH) / MICROS_PER_MINUTE)
    const trades = this.#minutes.get(minute)
    return this.#firstIdOf(minute) + lastAtMost(trades.length, (at) => (trades[at] as VenueTrade).time, time - 1)
  }

  read(first: number, last: number): VenueTrade[] {
    const from = Math.max(first, this.firstId)
    const trades: VenueTrade[] = []
    if (last < from) return trades
    for (let minute = this.#minuteOf(from); this.#firstIdOf(minute) <= last; minute += 1) {
      const start = this.#firstIdOf(minute)
      const drawn = this.#minutes.get(minute)
      for (let at = Math.max(from - start, 0); at < Math.min(drawn.length, last - start + 1); at += 1) {
        trades.push(drawn[at] as VenueTrade)
      }
    }
    return trades
  }

  /** The minute since birth that holds trade `id`. */
  #minuteOf(id: number): number {
    const { day } = this.#days.planOfTrade(id)
    const { firstIds } = this.#plans.get(day)
    return day * MINUTES_PER_DAY + lastAtMost(MINUTES_PER_DAY, (minute) => firstIds[minute] as number, id)
  }

  #firstIdOf(minute: number): number {
    const { firstIds } = this.#plans.get(Math.floor(minute / MINUTES_PER_DAY))
    return firstIds[minute % MINUTES_PER_DAY] as number
  }

  #draw(minute: number): VenueTrade[] {
    const day = this.#plans.get(Math.floor(minute / MINUTES_PER_DAY))
    const at = minute % MINUTES_PER_DAY
    const firstId = day.firstIds[at] as number
    const plan = {
      startTime: (MARKET_BIRTH + minute * MICROS_PER_MINUTE) as EpochMicros,
      firstId,
      tradeCount: (day.firstIds[at + 1] as number) - firstId,
      startLevel: day.levels[at] as number,
      endLevel: day.levels[at + 1] as number,
      drift: day.drifts[at] as number,
      noiseVariance: day.noiseVariances[at] as number,
      imbalance: day.imbalances[at] as number,
    }
    return drawMinute(new RandomStream(this.#key, PURPOSE.trades, minute), plan, this.#terms)
  }
}
