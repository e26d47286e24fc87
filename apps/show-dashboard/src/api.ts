import type { FeatureGroupStore } from '@c1/feature-store'
import type { Candle, MarketSymbol } from '@c1/market'
import type { ModelRegistry } from '@c1/model-registry'
import { versionInForce } from '@c1/modeling'
import { type FilledCandle, fillFlat } from '@c1/windowing'
import type { FastifyInstance } from 'fastify'
import type { MarketView } from './market-view.ts'
import { Problem } from './problem.ts'
import {
  fillParameter,
  intervalParameter,
  readQuery,
  type Selection,
  select,
  selectionParameters,
  symbolParameter,
} from './query.ts'
import { candleRow, featureRow, filledCandleRow, modelRow, originOf, predictionRow, symbolRow } from './rows.ts'
import type { StatusSources } from './status.ts'
import type { CompletenessRow, ModelRow } from './wire.ts'

/** The reading half of the registry. */
export type Models = Pick<ModelRegistry, 'names' | 'versions'>

export interface ApiSources extends Pick<StatusSources, 'completeness'> {
  readonly view: MarketView
  /** The online vectors are read from this group. */
  readonly features: Pick<FeatureGroupStore, 'group' | 'latest'>
  readonly registry: Models
}

/** The rows under `/v1`. */
export function serveRows(app: FastifyInstance, { view, features, registry, completeness }: ApiSources): void {
  const { source } = view

  app.get('/v1/symbols', ({ query }) => {
    readQuery(query, [])
    return view.symbols().map((symbol) => symbolRow(symbol, view))
  })

  app.get('/v1/candles', (request) => {
    const query = readQuery(request.query, ['symbol', 'interval', 'from', 'to', 'limit', 'fill'])
    const symbol = symbolParameter(query, view)
    const interval = intervalParameter(query, view)
    const selection = selectionParameters(query, view)
    if (fillParameter(query) === 'flat') {
      const all = view.symbol(symbol).candles(interval, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
      return selectFilled(all, selection).map((candle) => filledCandleRow(candle, source))
    }
    const candles = view.symbol(symbol).candles(interval, selection.from, selection.to)
    return select(candles, selection).map((candle) => candleRow(candle, source))
  })

  app.get('/v1/completeness', (request): readonly CompletenessRow[] => {
    const { symbol } = readQuery(request.query, ['symbol'])
    const wanted = symbol === undefined ? undefined : symbolParameter({ symbol }, view)
    if (completeness === undefined) throw completenessElsewhere()
    const rows = completeness().filter((row) => wanted === undefined || row.symbol === wanted)
    return rows.map((row) => ({ ...row, ...originOf(source) }))
  })

  app.get('/v1/features/latest', async (request) => {
    const symbol = symbolParameter(readQuery(request.query, ['symbol']), view)
    const row = await features.latest(symbol)
    if (row === undefined) throw noFeatures(symbol)
    return featureRow(row, features.group, source)
  })

  app.get('/v1/predictions', (request) => {
    const query = readQuery(request.query, ['symbol', 'from', 'to', 'limit'])
    const symbol = symbolParameter(query, view)
    const selection = selectionParameters(query, view)
    const predictions = view.symbol(symbol).predictions(selection.from, selection.to)
    return select(predictions, selection).map((scored) => predictionRow(scored, source))
  })

  app.get('/v1/predictions/latest', (request) => {
    const symbol = symbolParameter(readQuery(request.query, ['symbol']), view)
    const latest = view.symbol(symbol).latestPrediction()
    if (latest === undefined) throw noPrediction(symbol)
    return predictionRow(latest, source)
  })

  app.get('/v1/models', async (request) => {
    const query = readQuery(request.query, ['symbol'])
    const symbol = query.symbol === undefined ? undefined : symbolParameter(query, view)
    return await modelRows(registry, view, symbol)
  })
}

/** By name, and by version within it. */
async function modelRows(
  registry: Models,
  view: MarketView,
  symbol: MarketSymbol | undefined,
): Promise<readonly ModelRow[]> {
  const now = view.clock()
  const rows: ModelRow[] = []
  for (const name of await registry.names()) {
    const versions = await registry.versions(name)
    const inForce = versionInForce(versions, now)
    const wanted = versions.filter(({ card }) => symbol === undefined || card.symbol === symbol)
    rows.push(...wanted.map((version) => modelRow(version, version.version === inForce?.version, view)))
  }
  return rows
}

/** As `select`, of the candles and the flat rows between them: a long silence costs no more than the rows that are given. */
function selectFilled(candles: readonly Candle[], { from, keep, limit, to }: Selection): readonly FilledCandle[] {
  if (keep === 'oldest') return [...fillFlat(candles, { from, to }).take(limit)]
  return [...fillFlat(candles.toReversed(), { from, to }).take(limit)].reverse()
}

function completenessElsewhere(): Problem {
  const detail = 'The trades are written by another process here. "c1 status" reads from the log what is complete.'
  return new Problem(404, 'completeness_elsewhere', detail)
}

function noFeatures(symbol: MarketSymbol): Problem {
  const detail = `${symbol} has no feature vector yet: the features need more candles. Ask again after the next candle.`
  return new Problem(404, 'features_not_warm', detail)
}

function noPrediction(symbol: MarketSymbol): Problem {
  const detail = `${symbol} has no prediction yet: a model has to be trained first. /v1/models lists those there are.`
  return new Problem(404, 'prediction_absent', detail)
}
