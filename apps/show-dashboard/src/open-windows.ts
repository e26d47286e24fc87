import { type Codec, type StoredRecord, tradesCodec } from '@c1/event-log'
import type { EpochMicros, MarketMessage, MarketSymbol } from '@c1/market'
import type { Fold, Output } from '@c1/service'
import { CandleWindows } from '@c1/windowing'
import type { MarketView } from './market-view.ts'

const NO_OUTPUT: readonly Output[] = []

interface Checkpoint {
  /** Base64. */
  readonly windows: string
  readonly newest: readonly (readonly [MarketSymbol, EpochMicros])[]
}

/** The windows that trades are falling into, and how recent the newest trade is: a fold over the trades topic. */
export class OpenWindows implements Fold {
  readonly #view: MarketView
  readonly #codec: Codec<MarketMessage>
  /** Event time of the newest trade. */
  readonly #newest = new Map<MarketSymbol, EpochMicros>()
  readonly #traded = new Set<MarketSymbol>()
  #windows: CandleWindows

  constructor(view: MarketView) {
    this.#view = view
    this.#codec = tradesCodec(view.source.name)
    this.#windows = new CandleWindows({ intervals: view.intervals })
  }

  step(record: StoredRecord): readonly Output[] {
    const message = this.#codec.decode(record)
    this.#windows.advance(message)
    if (message.kind === 'trade') {
      const { symbol, eventTime } = message.trade
      this.#sawTrade(symbol, eventTime)
      this.#traded.add(symbol)
    }
    return NO_OUTPUT
  }

  checkpoint(): unknown {
    const windows = Buffer.from(this.#windows.checkpoint()).toString('base64')
    const checkpoint: Checkpoint = { windows, newest: [...this.#newest] }
    return checkpoint
  }

  restore(state: unknown): void {
    const { windows, newest } = state as Checkpoint
    this.#windows = CandleWindows.restore(Buffer.from(windows, 'base64'), { intervals: this.#view.intervals })
    for (const [symbol, time] of newest) {
      this.#sawTrade(symbol, time)
      this.#traded.add(symbol)
    }
  }

  /** Shows the open windows of the symbols that traded since the last time. */
  show(): void {
    for (const symbol of this.#traded) {
      for (const interval of this.#view.intervals) {
        const candle = this.#windows.provisional(symbol, interval)
        if (candle !== undefined) this.#view.applyProvisional(candle)
      }
    }
    this.#traded.clear()
  }

  #sawTrade(symbol: MarketSymbol, time: EpochMicros): void {
    if (time > (this.#newest.get(symbol) ?? 0)) this.#newest.set(symbol, time)
    this.#view.applyEventTime(symbol, time)
  }
}
