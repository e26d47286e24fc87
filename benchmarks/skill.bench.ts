import { defineFeatureSet, historyFeatures, standardFeatures } from '@c1/features'
import {
  type Candle,
  type EpochMicros,
  type MarketSymbol,
  MICROS_PER_DAY,
  MICROS_PER_MINUTE,
  marketSymbol,
  parseTime,
  type Trade,
} from '@c1/market'
import { type CandidateScore, elasticNet, type ModelVersion, standardKinds, trainVersion } from '@c1/modeling'
import { MARKET_KINDS, type MarketKind } from '@c1/simulator'
import { CandleWindows } from '@c1/windowing'
import { type Market, syntheticMarket, tapeOf } from '../packages/simulator/src/market/market.ts'
import type { Pair } from '../packages/simulator/src/market/pairs.ts'
import type { VenueTrade } from '../packages/simulator/src/market/tape.ts'
import { priceText, quantityText } from '../packages/simulator/src/wire.ts'
import type { BenchResult, Figure } from './bench.ts'

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
const SYMBOLS = ['BTC/USD', 'ETH/USD', 'SOL/USD', 'XRP/USD'].map(marketSymbol)
const END = parseTime('2026-01-08T00:00:00Z')
const DAYS = 2
const START = (END - DAYS * MICROS_PER_DAY) as EpochMicros

const features = defineFeatureSet({ name: 'candle_features', version: 1, interval: '1m', features: standardFeatures })

interface Judged {
  readonly kind: MarketKind
  readonly seed: number
  readonly symbol: MarketSymbol
  readonly champion: string
  /** Of the elastic net, beside the baselines on the same out-of-sample rows. */
  readonly score: CandidateScore
}

export const name = 'skill'

/** Whether the elastic net claims skill where there is none, and finds it where there is: two days of 1m candles each. */
export async function run(): Promise<BenchResult> {
  const judged = MARKET_KINDS.flatMap((kind) => SEEDS.flatMap((seed) => judgeMarket(kind, seed)))
  return {
    workload: `${SYMBOLS.join(', ')}, ${SEEDS.length} seeds each, ${DAYS} days of 1m candles, horizon 1m`,
    figures: [...judged.flatMap(marketFigures), ...MARKET_KINDS.map((kind) => claims(judged, kind))],
    ratios: [],
  }
}

function judgeMarket(kind: MarketKind, seed: number): Judged[] {
  const market = syntheticMarket({ kind, seed, activity: 1 })
  return SYMBOLS.map((symbol) => judge(market, kind, seed, symbol))
}

function marketFigures({ kind, seed, symbol, champion, score }: Judged): Figure[] {
  const { count, skill, skillStandardError, tStatistic } = score
  const error = `+- ${skillStandardError.toFixed(4)}, t ${tStatistic.toFixed(2)}, ${count} rows, serves: ${champion}`
  return [{ label: `${kind} seed ${seed} ${symbol}, skill`, value: skill, unit: error }]
}

function claims(judged: readonly Judged[], kind: MarketKind): Figure {
  const markets = judged.filter((market) => market.kind === kind)
  const claimed = markets.filter(({ champion }) => champion === elasticNet.name)
  return {
    label: `${kind}: skill claimed`,
    value: (100 * claimed.length) / markets.length,
    unit: `% of ${markets.length}`,
  }
}

/** The way that live trades take, as one call. */
function judge(market: Market, kind: MarketKind, seed: number, symbol: MarketSymbol): Judged {
  const pair = market.pairs.find((pair) => pair.symbol === symbol) as Pair
  const { card } = train(symbol, candlesOf(market, pair))
  const score = card.scores.find((score) => score.kind === elasticNet.name) as CandidateScore
  return { kind, seed, symbol, champion: card.champion, score }
}

function candlesOf(market: Market, pair: Pair): Candle[] {
  const tape = tapeOf(market, pair)
  const windows = new CandleWindows({ intervals: ['1m'] })
  const candles: Candle[] = []
  const [first, last] = [tape.lastIdBefore(START) + 1, tape.lastIdBefore(END)]
  for (const trade of tape.read(first, last)) {
    for (const event of windows.advance({ kind: 'trade', trade: marketTrade(pair, trade) })) {
      if (event.kind === 'candle') candles.push(event.candle)
    }
  }
  return candles
}

function marketTrade(pair: Pair, { tradeId, time, priceUnits, quantityUnits, side, orderType }: VenueTrade): Trade {
  return {
    symbol: pair.symbol,
    idSpace: 'venue',
    tradeId,
    eventTime: time,
    price: priceText(priceUnits, pair) as Trade['price'],
    quantity: quantityText(quantityUnits, pair) as Trade['quantity'],
    side,
    orderType,
  }
}

function train(symbol: MarketSymbol, candles: readonly Candle[]): ModelVersion {
  const trained = trainVersion({
    rows: historyFeatures(features, candles),
    group: features.group,
    symbol,
    horizon: MICROS_PER_MINUTE,
    cutOff: END,
    kinds: standardKinds,
    settings: { folds: 5, minRows: 300, coverage: 0.9 },
    source: 'simulator',
    codeVersion: 'benchmark',
    version: 1,
    effectiveFrom: END,
  })
  if ('skipped' in trained) throw new Error(`${symbol}: ${trained.skipped}`)
  return trained
}
