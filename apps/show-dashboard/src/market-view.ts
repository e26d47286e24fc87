import {
  type Candle,
  type EpochMicros,
  findInstrument,
  type Instrument,
  type Interval,
  intervalMicros,
  type MarketSymbol,
  MICROS_PER_SECOND,
} from '@c1/market'
import type { Outcome, Prediction } from '@c1/modeling'
import { type Limits, type ScoredPrediction, SymbolView } from './symbol-view.ts'

/** Where the data comes from. */
export interface MarketSource {
  /** `kraken`, `simulator`, `replay-NAME`: the name of its data directory. */
  readonly name: string
  /** Whether the market is invented. Real trades that are played again are not. */
  readonly simulated: boolean
}

export interface MarketViewOptions {
  readonly source: MarketSource
  /** The markets that are followed. Others that the topics bring are shown too. */
  readonly symbols: readonly MarketSymbol[]
  /** For other spellings of the symbols (`XBTUSD`). */
  readonly instruments?: readonly Instrument[]
  readonly intervals: readonly Interval[]
  /** The candle that predictions are made from. Default 1m. */
  readonly predictionInterval?: Interval
  /** The market's clock: the host's for Kraken, the replayed time for a replay. */
  readonly clock: () => EpochMicros
  readonly limits?: Limits
}

export type Change =
  | { readonly kind: 'candle'; readonly candle: Candle }
  | { readonly kind: 'prediction' | 'outcome'; readonly scored: ScoredPrediction }
  /** Everything may be different: what was read before is to be read again. */
  | { readonly kind: 'reset' }

/** The newest of the market in memory, bounded per symbol: what the HTTP API and the page show. */
export class MarketView {
  readonly source: MarketSource
  readonly instruments: readonly Instrument[]
  readonly intervals: readonly Interval[]
  readonly clock: () => EpochMicros
  readonly #predictionInterval: number
  readonly #limits: Limits
  readonly #symbols = new Map<MarketSymbol, SymbolView>()
  readonly #listeners = new Set<(change: Change) => void>()
  #caughtUp = false

  constructor(options: MarketViewOptions) {
    this.source = options.source
    this.instruments = options.instruments ?? []
    this.intervals = options.intervals
    this.clock = options.clock
    this.#predictionInterval = intervalMicros(options.predictionInterval ?? '1m')
    this.#limits = options.limits ?? {}
    for (const symbol of options.symbols) this.#of(symbol)
  }

  applyCandle(candle: Candle): void {
    if (!this.intervals.includes(candle.interval)) return
    if (this.#of(candle.symbol).addCandle(candle)) this.#tell({ kind: 'candle', candle })
  }

  applyProvisional(candle: Candle): void {
    if (this.#of(candle.symbol).setProvisional(candle)) this.#tell({ kind: 'candle', candle })
  }

  applyPrediction(prediction: Prediction): void {
    this.#tell({ kind: 'prediction', scored: this.#of(prediction.symbol).addPrediction(prediction) })
  }

  applyOutcome(outcome: Outcome): void {
    const scored = this.#of(outcome.symbol).addOutcome(outcome)
    if (scored !== undefined) this.#tell({ kind: 'outcome', scored })
  }

  /** A trade happened at `time`: what freshness is measured from. */
  applyEventTime(symbol: MarketSymbol, time: EpochMicros): void {
    this.#of(symbol).sawEvent(time)
  }

  /** The past has been read. Listeners hear of every change from now on, and first of a reset. */
  caughtUp(): void {
    this.#caughtUp = true
    this.#tell({ kind: 'reset' })
  }

  /** Whether the past has been read. */
  get isCaughtUp(): boolean {
    return this.#caughtUp
  }

  /** @returns ends the listening */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** In alphabetical order. */
  symbols(): readonly MarketSymbol[] {
    return [...this.#symbols.keys()].sort()
  }

  /** The symbol of any spelling (`BTC/USD`, `BTC-USD`, `btc/usd`, an alias), undefined when it is not followed. */
  findSymbol(spelling: string): MarketSymbol | undefined {
    const plain = spelling.toUpperCase().replace('-', '/') as MarketSymbol
    if (this.#symbols.has(plain)) return plain
    if (this.instruments.length === 0) return undefined
    const listed = findInstrument(this.instruments, spelling).symbol
    return this.#symbols.has(listed) ? listed : undefined
  }

  symbol(symbol: MarketSymbol): SymbolView {
    return this.#of(symbol)
  }

  instrument(symbol: MarketSymbol): Instrument | undefined {
    return this.instruments.find((instrument) => instrument.symbol === symbol)
  }

  /** Seconds on the market's clock since the newest trade, absent before the first. */
  ageSeconds(symbol: MarketSymbol): number | undefined {
    const time = this.#symbols.get(symbol)?.lastEventTime
    return time === undefined ? undefined : Math.max(0, (this.clock() - time) / MICROS_PER_SECOND)
  }

  #tell(change: Change): void {
    if (!this.#caughtUp) return
    for (const listener of this.#listeners) listener(change)
  }

  #of(symbol: MarketSymbol): SymbolView {
    let view = this.#symbols.get(symbol)
    if (view === undefined) {
      view = new SymbolView(this.#predictionInterval, this.#limits)
      this.#symbols.set(symbol, view)
    }
    return view
  }
}
