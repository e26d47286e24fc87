import { type EventLog, type LogRecord, type Producer, TOPICS, tradesCodec } from '@c1/event-log'
import { type DecimalText, type EpochMicros, fromUnits, type MarketSymbol, parseTime } from '@c1/market'
import { random } from '../market.ts'

export const TRADES_PER_SECOND = 1000
export const SYMBOLS: readonly MarketSymbol[] = Array.from({ length: 200 }, (_, at) => `S${at}/USD` as MarketSymbol)
const START = parseTime('2026-03-04T10:00:00Z')
const TRADE_MICROS = 1_000_000 / TRADES_PER_SECOND
const BATCH = 1000
const LIVE_EVERY_MS = 10

/** Trades of 200 symbols in turn, evenly spread over the time of the market: first of the past, then as time passes. */
export class Feed {
  readonly #producer: Producer
  readonly #codec = tradesCodec('kraken')
  readonly #random = random(1)
  #made = 0
  #written = 0

  private constructor(producer: Producer) {
    this.#producer = producer
  }

  static async open(log: EventLog): Promise<Feed> {
    return new Feed(await log.producer(TOPICS.trades))
  }

  /** Trades that are on the broker. */
  get written(): number {
    return this.#written
  }

  async writeBacklog(seconds: number): Promise<void> {
    const count = seconds * TRADES_PER_SECOND
    while (this.#made < count) await this.#write(Math.min(BATCH, count - this.#made))
  }

  /** Trades come at their rate until the end is asked for, which resolves when all of them are on the broker. */
  goLive(): () => Promise<void> {
    const [startedAt, before] = [performance.now(), this.#made]
    let writing = Promise.resolve()
    const timer = setInterval(() => {
      const due = before + Math.floor(((performance.now() - startedAt) / 1000) * TRADES_PER_SECOND) - this.#made
      if (due > 0) writing = Promise.all([writing, this.#write(due)]).then(() => {})
    }, LIVE_EVERY_MS)
    return () => {
      clearInterval(timer)
      return writing
    }
  }

  async #write(count: number): Promise<void> {
    const records = Array.from({ length: count }, () => this.#record())
    await this.#producer.append(records)
    this.#written += count
  }

  #record(): LogRecord {
    const number = this.#made++
    const at = number % SYMBOLS.length
    const trade = {
      symbol: SYMBOLS[at] as MarketSymbol,
      idSpace: 'venue' as const,
      tradeId: 1 + Math.floor(number / SYMBOLS.length),
      eventTime: (START + number * TRADE_MICROS) as EpochMicros,
      price: fromUnits(BigInt(1_000_000 + Math.floor(this.#random() * 5000)), 2) as DecimalText,
      quantity: fromUnits(BigInt(1 + Math.floor(this.#random() ** 3 * 1e8)), 8) as DecimalText,
      side: this.#random() < 0.5 ? ('buy' as const) : ('sell' as const),
      orderType: 'limit' as const,
    }
    return this.#codec.encode({ kind: 'trade', trade })
  }
}
