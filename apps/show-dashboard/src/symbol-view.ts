import type { Candle, EpochMicros, Interval } from '@c1/market'
import { type LiveScore, LiveScores, type Outcome, type Prediction } from '@c1/modeling'
import { Recent } from './recent.ts'

/** A prediction and, once it is known, what happened instead. */
export interface ScoredPrediction {
  readonly prediction: Prediction
  readonly outcome: Outcome | undefined
}

/** The two may arrive in either order: they come from two topics. */
interface Pair {
  readonly key: Pick<Outcome, 'asOf' | 'horizon' | 'model' | 'version'>
  readonly prediction?: Prediction
  readonly outcome?: Outcome
}

export interface Limits {
  /** Final candles kept of each interval. Default 3000. */
  readonly candles?: number
  /** Predictions kept. Default 5000. */
  readonly predictions?: number
}

/** What is known of one symbol: bounded, newest first to stay. */
export class SymbolView {
  readonly #candles = new Map<Interval, Recent<Candle>>()
  readonly #provisional = new Map<Interval, Candle>()
  readonly #candleLimit: number
  readonly #pairs: Recent<Pair>
  readonly #scores: LiveScores
  readonly #scoredUpTo = new Map<string, EpochMicros>()
  #lastEventTime: EpochMicros | undefined

  /** @param predictionInterval microseconds between predictions */
  constructor(predictionInterval: number, limits: Limits = {}) {
    this.#candleLimit = limits.candles ?? 3000
    this.#pairs = new Recent<Pair>(limits.predictions ?? 5000, ({ key }) => key.asOf, isSamePrediction)
    this.#scores = new LiveScores(predictionInterval)
  }

  /** False when an equal or later revision of the window is here already. */
  addCandle(candle: Candle): boolean {
    const candles = this.#finals(candle.interval)
    const known = candles.find(candle)
    if (known !== undefined && known.revision >= candle.revision) return false
    candles.put(candle)
    return true
  }

  /** False when its window is final already. */
  setProvisional(candle: Candle): boolean {
    if (this.#isOver(candle)) return false
    this.#provisional.set(candle.interval, candle)
    return true
  }

  /** Final candles with `from <= openTime < to`, oldest first, then the provisional one. */
  candles(interval: Interval, from: number, to: number): readonly Candle[] {
    const provisional = this.#provisional.get(interval)
    const finals = this.#finals(interval).range(from, to)
    if (provisional === undefined || this.#isOver(provisional)) return finals
    return from <= provisional.openTime && provisional.openTime < to ? [...finals, provisional] : finals
  }

  addPrediction(prediction: Prediction): ScoredPrediction {
    const outcome = this.#pairs.find({ key: prediction })?.outcome
    this.#pairs.put({ key: prediction, prediction, ...(outcome && { outcome }) })
    return { prediction, outcome }
  }

  /** Undefined while the prediction itself has not come. */
  addOutcome(outcome: Outcome): ScoredPrediction | undefined {
    const prediction = this.#pairs.find({ key: outcome })?.prediction
    this.#pairs.put({ key: outcome, outcome, ...(prediction && { prediction }) })
    this.#score(outcome)
    return prediction && { prediction, outcome }
  }

  /** Predictions with `from <= asOf < to`, oldest first. */
  predictions(from: number, to: number): readonly ScoredPrediction[] {
    return this.#pairs
      .range(from, to)
      .flatMap(({ prediction, outcome }) => (prediction ? [{ prediction, outcome }] : []))
  }

  latestPrediction(): ScoredPrediction | undefined {
    return this.predictions(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER).at(-1)
  }

  /** The live score of a model name, absent before its first outcome. */
  liveScore(model: string): LiveScore | undefined {
    return this.#scores.score(model)
  }

  /** Names of the models with a live score. */
  scoredModels(): readonly string[] {
    return this.#scores.models()
  }

  sawEvent(time: EpochMicros): void {
    if (this.#lastEventTime === undefined || time > this.#lastEventTime) this.#lastEventTime = time
  }

  /** Event time of the newest trade. */
  get lastEventTime(): EpochMicros | undefined {
    return this.#lastEventTime
  }

  /** A score takes outcomes in the order of `asOf`, each once; one that is told again is not counted again. */
  #score(outcome: Outcome): void {
    const { asOf, late, model } = outcome
    if (late || asOf <= (this.#scoredUpTo.get(model) ?? Number.NEGATIVE_INFINITY)) return
    this.#scoredUpTo.set(model, asOf)
    this.#scores.add(outcome)
  }

  #isOver({ interval, openTime }: Candle): boolean {
    return openTime <= (this.#candles.get(interval)?.newest()?.openTime ?? Number.NEGATIVE_INFINITY)
  }

  #finals(interval: Interval): Recent<Candle> {
    let candles = this.#candles.get(interval)
    if (candles === undefined) {
      candles = new Recent<Candle>(this.#candleLimit, ({ openTime }) => openTime)
      this.#candles.set(interval, candles)
    }
    return candles
  }
}

function isSamePrediction({ key: a }: Pair, { key: b }: Pair): boolean {
  return a.horizon === b.horizon && a.model === b.model && a.version === b.version
}
