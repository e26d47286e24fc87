import type { EpochMicros, MarketSymbol } from '@c1/market'
import { type Outcome, type Prediction, resolveOutcome } from '@c1/modeling'

/** The price at a time: the close of the newest candle at or before it. */
interface Price {
  readonly time: EpochMicros
  readonly close: number
}

interface SymbolState {
  /** Ascending; from the newest at or before the oldest pending `asOf`. */
  prices: Price[]
  pending: Prediction[]
}

/** Predictions of the past whose horizon is still ahead, and the prices that will tell. */
export class PendingPredictions {
  #symbols = new Map<MarketSymbol, SymbolState>()

  add(prediction: Prediction): void {
    this.#of(prediction.symbol).pending.push(prediction)
  }

  /** Puts what was said first in the place of the same prediction made again. */
  replace(said: Prediction): void {
    const { pending } = this.#of(said.symbol)
    const at = pending.findIndex(({ asOf }) => asOf === said.asOf)
    if (at !== -1) pending[at] = said
  }

  /** False for a time that is not after the newest one: older history has no future left to predict. */
  observePrice(symbol: MarketSymbol, time: EpochMicros, close: number): boolean {
    const { prices } = this.#of(symbol)
    const isNew = time > (prices.at(-1)?.time ?? 0)
    if (isNew) prices.push({ time, close })
    return isNew
  }

  /** The outcomes that are known once everything before `time` is, oldest first. */
  pass(symbol: MarketSymbol, time: EpochMicros): Outcome[] {
    const state = this.#of(symbol)
    const due = state.pending.filter(({ asOf, horizon }) => asOf + horizon <= time)
    if (due.length > 0) state.pending = state.pending.filter(({ asOf, horizon }) => asOf + horizon > time)
    const outcomes = due.flatMap((prediction) => outcomeOf(prediction, state.prices))
    forgetPrices(state)
    return outcomes
  }

  checkpoint(): unknown {
    return [...this.#symbols]
  }

  restore(state: unknown): void {
    this.#symbols = new Map(structuredClone(state) as [MarketSymbol, SymbolState][])
  }

  #of(symbol: MarketSymbol): SymbolState {
    const state = this.#symbols.get(symbol) ?? { prices: [], pending: [] }
    this.#symbols.set(symbol, state)
    return state
  }
}

function outcomeOf(prediction: Prediction, prices: readonly Price[]): Outcome[] {
  const before = priceAt(prices, prediction.asOf)
  const after = priceAt(prices, prediction.asOf + prediction.horizon)
  return before === undefined || after === undefined ? [] : [resolveOutcome(prediction, before, after)]
}

function priceAt(prices: readonly Price[], time: number): number | undefined {
  return prices.findLast((price) => price.time <= time)?.close
}

function forgetPrices(state: SymbolState): void {
  const oldest = state.pending[0]?.asOf ?? Number.POSITIVE_INFINITY
  const keep = state.prices.findLastIndex(({ time }) => time <= oldest)
  if (keep > 0) state.prices = state.prices.slice(keep)
}
