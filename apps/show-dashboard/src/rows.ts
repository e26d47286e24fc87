import type { FeatureGroup, FeatureRow } from '@c1/features'
import { type Candle, formatSpan, formatTime, type MarketSymbol } from '@c1/market'
import type { CandidateScore, LiveScore, ModelVersion } from '@c1/modeling'
import type { FilledCandle } from '@c1/windowing'
import type { MarketSource, MarketView } from './market-view.ts'
import type { ScoredPrediction } from './symbol-view.ts'
import type {
  CandidateRow,
  CandleRow,
  FilledCandleRow,
  ModelRow,
  Origin,
  PredictionRow,
  ScoreRow,
  SymbolRow,
} from './wire.ts'

/** Every row says whether its market is invented. */
export function originOf({ name, simulated }: MarketSource): Origin {
  return { source: name, simulated }
}

export function candleRow(candle: Candle, source: MarketSource): CandleRow {
  return {
    symbol: candle.symbol,
    interval: candle.interval,
    openTime: formatTime(candle.openTime),
    closeTime: formatTime(candle.closeTime),
    open: candle.open,
    high: candle.high,
    low: candle.low,
    close: candle.close,
    volume: candle.volume,
    vwap: candle.vwap,
    tradeCount: candle.tradeCount,
    buyVolume: candle.buyVolume ?? null,
    firstTradeId: candle.firstTradeId,
    lastTradeId: candle.lastTradeId,
    revision: candle.revision,
    state: candle.state,
    complete: candle.complete ?? null,
    ...originOf(source),
  }
}

/** A candle, or the flat row of a window without trades, which names no trades. */
export function filledCandleRow({ filled, ...candle }: FilledCandle, source: MarketSource): FilledCandleRow {
  const { firstTradeId = null, lastTradeId = null } = candle
  const row = candleRow({ ...candle, firstTradeId: firstTradeId ?? 0, lastTradeId: lastTradeId ?? 0 }, source)
  return { ...row, firstTradeId, lastTradeId, filled }
}

export function predictionRow({ prediction, outcome }: ScoredPrediction, source: MarketSource): PredictionRow {
  return {
    symbol: prediction.symbol,
    madeAt: formatTime(prediction.madeAt),
    asOf: formatTime(prediction.asOf),
    horizon: formatSpan(prediction.horizon),
    model: prediction.model,
    version: prediction.version,
    value: prediction.value,
    lower: prediction.lower,
    upper: prediction.upper,
    coverage: prediction.coverage,
    outcome: outcome?.outcome ?? null,
    error: outcome?.error ?? null,
    covered: outcome?.covered ?? null,
    kind: prediction.kind,
    late: prediction.late,
    vectorDigest: prediction.vectorDigest,
    firstTradeId: prediction.firstTradeId,
    lastTradeId: prediction.lastTradeId,
    ...originOf(source),
  }
}

/** A feature that the inputs do not determine is null. */
export function featureRow(row: FeatureRow, group: FeatureGroup, source: MarketSource): Record<string, unknown> {
  const values = group.features.map(({ name }, at) => {
    const value = row.values[at] as number
    return [name, Number.isFinite(value) ? value : null]
  })
  return {
    symbol: row.symbol,
    eventTime: formatTime(row.eventTime),
    availableAt: formatTime(row.availableAt),
    revision: row.revision,
    ...Object.fromEntries(values),
    firstTradeId: row.firstTradeId,
    lastTradeId: row.lastTradeId,
    group: group.name,
    groupVersion: group.version,
    ...originOf(source),
  }
}

export function symbolRow(symbol: MarketSymbol, view: MarketView): SymbolRow {
  const instrument = view.instrument(symbol)
  const [base = '', quote = ''] = symbol.split('/')
  const { lastEventTime } = view.symbol(symbol)
  return {
    symbol,
    base,
    quote,
    priceDecimals: instrument?.priceDecimals ?? null,
    quantityDecimals: instrument?.quantityDecimals ?? null,
    status: instrument?.status ?? null,
    intervals: view.intervals,
    lastEventTime: lastEventTime === undefined ? null : formatTime(lastEventTime),
    ...originOf(view.source),
  }
}

export function scoreRow(model: string, score: LiveScore): ScoreRow {
  return {
    model,
    count: score.count,
    mse: score.mse,
    mae: score.mae,
    noChangeMse: score.noChangeMse,
    noChangeMae: score.noChangeMae,
    skill: score.skill,
    skillStandardError: score.skillStandardError ?? null,
    coverage: score.coverage,
    targetCoverage: score.targetCoverage,
  }
}

/** A version without the fitted model itself. @param inForce whether predictions are made with it now */
export function modelRow(version: ModelVersion, inForce: boolean, view: MarketView): ModelRow {
  const { card, name } = version
  const score = view.symbol(card.symbol).liveScore(name)
  return {
    name,
    version: version.version,
    kind: version.kind,
    symbol: card.symbol,
    interval: card.interval,
    horizon: formatSpan(card.horizon),
    cutOff: formatTime(version.cutOff),
    effectiveFrom: formatTime(version.effectiveFrom),
    inForce,
    errorLower: version.errorLower,
    errorUpper: version.errorUpper,
    coverage: version.coverage,
    features: card.features,
    firstEventTime: formatTime(card.firstEventTime),
    lastEventTime: formatTime(card.lastEventTime),
    rowCount: card.rowCount,
    dataDigest: card.dataDigest,
    folds: card.folds,
    scores: card.scores.map(candidateRow),
    champion: card.champion,
    reason: card.reason,
    codeVersion: card.codeVersion,
    liveScore: score === undefined ? null : scoreRow(name, score),
    source: card.source,
    simulated: view.source.simulated,
  }
}

function candidateRow(score: CandidateScore): CandidateRow {
  const { kind, baseline, count, mse, mae, skill, skillStandardError } = score
  return { kind, baseline, count, mse, mae, skill, skillStandardError }
}
