import { type EpochMicros, formatTime, MICROS_PER_MINUTE } from '@c1/market'

/** What the load consists of; travels to the venue's process as JSON. */
export interface Load {
  readonly symbols: readonly string[]
  /** Live trades a second of the host's clock, over all symbols. */
  readonly tradesPerSecond: number
  /** Market seconds a second of the host's clock. */
  readonly speed: number
  /** Market time at which the live trades begin, a whole minute. */
  readonly start: EpochMicros
}

/** Trades a minute before the live part: enough for full candles, few enough to be fetched quickly. */
const HISTORY_TRADES = 4
const HISTORY_MINUTES = 2 * 24 * 60
const MINUTE_VOLATILITY = 8e-4
const IMBALANCE_BOUND = 0.8
/** Share of a minute's variance that the taker imbalance of the minute before tells, so that models have work to do. */
const R_SQUARED = 0.25

export interface LoadTrade {
  readonly id: number
  readonly time: EpochMicros
  readonly price: string
  readonly quantity: string
  readonly side: 'buy' | 'sell'
}

/** The trades of one symbol: dense ids from 1, evenly spread with jitter, the price a random walk with a known drift. */
export class LoadSeries {
  readonly symbol: string
  readonly #seed: number
  readonly #birth: number
  readonly #liveTrades: number
  readonly #levels: number[] = [Math.log(100)]

  constructor({ start, speed, symbols, tradesPerSecond }: Load, symbol: string) {
    this.symbol = symbol
    this.#seed = symbols.indexOf(symbol) + 1
    this.#birth = start - HISTORY_MINUTES * MICROS_PER_MINUTE
    this.#liveTrades = Math.round((tradesPerSecond * 60) / (speed * symbols.length))
  }

  /** Id of the newest trade before `time`, 0 before the first. */
  lastIdBefore(time: EpochMicros): number {
    const minute = Math.floor((time - this.#birth) / MICROS_PER_MINUTE)
    if (minute < 0) return 0
    let id = this.#firstId(minute) - 1
    for (let at = 0; at < this.#count(minute) && this.#time(minute, at) < time; at += 1) id += 1
    return id
  }

  trade(id: number): LoadTrade {
    const [minute, at] = this.#place(id)
    const [from, to] = [this.#level(minute), this.#level(minute + 1)]
    const level = from + ((to - from) * (at + 1)) / this.#count(minute)
    return {
      id,
      time: this.#time(minute, at),
      price: Math.exp(level).toFixed(4),
      quantity: (0.01 + uniform(this.#seed, minute, 3 * at + 1)).toFixed(8),
      side: uniform(this.#seed, minute, 3 * at + 2) * 2 < 1 + this.#imbalance(minute) ? 'buy' : 'sell',
    }
  }

  #count(minute: number): number {
    return minute < HISTORY_MINUTES ? HISTORY_TRADES : this.#liveTrades
  }

  #firstId(minute: number): number {
    const history = Math.min(minute, HISTORY_MINUTES)
    return 1 + history * HISTORY_TRADES + (minute - history) * this.#liveTrades
  }

  #place(id: number): [minute: number, at: number] {
    const live = id - this.#firstId(HISTORY_MINUTES)
    if (live < 0) return [Math.floor((id - 1) / HISTORY_TRADES), (id - 1) % HISTORY_TRADES]
    return [HISTORY_MINUTES + Math.floor(live / this.#liveTrades), live % this.#liveTrades]
  }

  #time(minute: number, at: number): EpochMicros {
    const share = (at + uniform(this.#seed, minute, 3 * at)) / this.#count(minute)
    return (this.#birth + Math.floor((minute + share) * MICROS_PER_MINUTE)) as EpochMicros
  }

  #imbalance(minute: number): number {
    return IMBALANCE_BOUND * (2 * uniform(this.#seed, minute, -1) - 1)
  }

  /** Log price at the beginning of a minute. */
  #level(minute: number): number {
    for (let next = this.#levels.length; next <= minute; next += 1) {
      const drift = (this.#imbalance(next - 2) / IMBALANCE_BOUND) * Math.sqrt(3 * R_SQUARED)
      const noise = (2 * uniform(this.#seed, next - 1, -2) - 1) * Math.sqrt(3 * (1 - R_SQUARED))
      this.#levels.push((this.#levels[next - 1] as number) + MINUTE_VOLATILITY * (drift + noise))
    }
    return this.#levels[minute] as number
  }
}

/** As a frame of the trade channel, with one trade. */
export function tradeFrame(symbol: string, { id, time, price, quantity, side }: LoadTrade): string {
  return (
    `{"channel":"trade","type":"update","data":[{"symbol":"${symbol}","side":"${side}","price":${price},` +
    `"qty":${quantity},"ord_type":"market","trade_id":${id},"timestamp":"${formatTime(time)}"}]}`
  )
}

/** As a row of REST's `Trades`. */
export function tradeRow({ id, time, price, quantity, side }: LoadTrade): string {
  return `["${price}","${quantity}",${(time / 1e6).toFixed(6)},"${side[0]}","m","",${id}]`
}

/** In [0, 1), a pure function of its arguments. */
function uniform(...keys: readonly number[]): number {
  let hash = 0x9e3779b9
  for (const key of keys) {
    hash = Math.imul(hash ^ (key | 0), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
    hash ^= hash >>> 16
  }
  return (hash >>> 0) / 2 ** 32
}
