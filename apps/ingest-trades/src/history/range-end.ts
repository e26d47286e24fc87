import { cursorAt, type KrakenRest, type TradesPage } from '@c1/kraken'
import { C1Error, type EpochMicros, type Instrument } from '@c1/market'

/** The last trade of a range of history, looked up before the walk comes to it, so that it is known how many trades are left. */
export class RangeEnd {
  readonly #to: number
  #isLookedUp = false
  #lastId: number | undefined
  #newestPage: TradesPage | undefined

  /** @param to event time in microseconds, exclusive; Infinity is up to the newest trade */
  constructor(to: number) {
    this.#to = to
  }

  /** Undefined while it is not known. */
  get lastId(): number | undefined {
    return this.#lastId
  }

  /** One call, or two where the range ends after the newest trade; none where it was looked up before. */
  async lookUp(rest: KrakenRest, instrument: Instrument, signal: AbortSignal): Promise<void> {
    if (this.#isLookedUp) return
    this.#isLookedUp = true
    try {
      if (this.#to === Number.POSITIVE_INFINITY) {
        this.#newestPage = await rest.tradesPage(instrument, undefined, signal)
        this.#lastId = this.#newestPage.trades.at(-1)?.tradeId
      } else this.#lastId = await lastIdBefore(rest, instrument, this.#to, signal)
    } catch (error) {
      // What only tells how long it takes may fail.
      if (!(error instanceof C1Error)) throw error
    }
  }

  /** The newest page of the market where it was looked up and `page` leads up to it: it need not be fetched again. */
  pageAfter({ trades }: TradesPage): TradesPage | undefined {
    const first = this.#newestPage?.trades[0]?.tradeId
    const reached = trades.at(-1)?.tradeId
    return first !== undefined && reached !== undefined && first <= reached + 1 ? this.#newestPage : undefined
  }

  /** What comes after that page is not known any more. */
  dropPage(): void {
    this.#newestPage = undefined
  }
}

/**
 * The id of the market's newest trade, if it happened before `to` (microseconds); 0 where there was none ever. Undefined where that
 * cannot be told.
 */
export async function newestIdBefore(
  rest: KrakenRest,
  instrument: Instrument,
  to: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { rejected, trades } = await rest.tradesPage(instrument, undefined, signal)
  const newest = trades.at(-1)
  if (newest === undefined) return rejected.length === 0 ? 0 : undefined
  return newest.eventTime < to ? newest.tradeId : undefined
}

/** The id of the last trade before `to`; undefined where that cannot be told. */
async function lastIdBefore(
  rest: KrakenRest,
  instrument: Instrument,
  to: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { trades } = await rest.tradesPage(instrument, cursorAt(to as EpochMicros), signal)
  const first = trades.find(({ eventTime }) => eventTime >= to)
  return first === undefined ? await newestIdBefore(rest, instrument, to, signal) : first.tradeId - 1
}
