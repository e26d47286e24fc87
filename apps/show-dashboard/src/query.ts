import { type Interval, MalformedError, type MarketSymbol, parseInterval, parseSpan, parseTime } from '@c1/market'
import type { MarketView } from './market-view.ts'
import { Problem } from './problem.ts'

export type Query = Readonly<Record<string, string>>

/** Rows in an answer when the request does not say, and at most. */
const DEFAULT_LIMIT = 500
const MAX_LIMIT = 5000

/** @throws Problem 400 for a parameter that is not among `names`, or is there twice */
export function readQuery(raw: unknown, names: readonly string[]): Query {
  const query: Record<string, string> = {}
  for (const [name, value] of Object.entries(raw as Record<string, unknown>)) {
    if (!names.includes(name)) {
      const known = names.length === 0 ? 'This route takes none.' : `Known here: ${names.join(', ')}.`
      throw new Problem(400, 'parameter_unknown', `Unknown parameter "${name}". ${known}`)
    }
    if (typeof value !== 'string') {
      throw new Problem(400, 'parameter_repeated', `The parameter "${name}" is given more than once. Give it once.`)
    }
    if (value !== '') query[name] = value
  }
  return query
}

/** @throws Problem 400 when it is missing, 404 when it is not followed */
export function symbolParameter(query: Query, view: MarketView): MarketSymbol {
  const { symbol } = query
  if (symbol === undefined) {
    throw new Problem(400, 'parameter_missing', `Say which market: symbol=${exampleSymbol(view)}.`)
  }
  return followed(symbol, view)
}

/** A comma-separated list; undefined is all. */
export function symbolsParameter(query: Query, view: MarketView): readonly MarketSymbol[] | undefined {
  return query.symbols?.split(',').map((symbol) => followed(symbol.trim(), view))
}

function followed(spelling: string, view: MarketView): MarketSymbol {
  const symbol = view.findSymbol(spelling)
  if (symbol !== undefined) return symbol
  const known = view.symbols()
  const some = known.length > 8 ? `${known.slice(0, 8).join(', ')} and ${known.length - 8} more` : known.join(', ')
  const hint = known.length === 0 ? 'No market is followed yet.' : `Followed are ${some}; see /v1/symbols.`
  throw new Problem(404, 'symbol_unknown', `"${spelling}" is not a market that this C1 follows. ${hint}`)
}

function exampleSymbol(view: MarketView): string {
  return (view.symbols()[0] ?? 'BTC/USD').replace('/', '-')
}

/** @throws Problem 400 when it is missing, 404 when it is not built; UsageError when there is no such interval */
export function intervalParameter(query: Query, view: MarketView): Interval {
  const { interval } = query
  if (interval === undefined) {
    throw new Problem(400, 'parameter_missing', `Say which candles: interval=${view.intervals[0] ?? '1m'}.`)
  }
  return built(interval, view)
}

/** A comma-separated list; undefined is all. */
export function intervalsParameter(query: Query, view: MarketView): readonly Interval[] | undefined {
  return query.intervals?.split(',').map((interval) => built(interval.trim(), view))
}

function built(text: string, view: MarketView): Interval {
  const interval = parseInterval(text)
  if (view.intervals.includes(interval)) return interval
  const detail = `This C1 builds no ${interval} candles. It builds ${view.intervals.join(', ')}.`
  throw new Problem(404, 'interval_not_built', detail)
}

/** Values of a comma-separated list out of `choices`; undefined is all. @throws Problem 400 */
export function choiceParameter<Choice extends string>(
  query: Query,
  name: string,
  choices: readonly Choice[],
): readonly Choice[] | undefined {
  return query[name]?.split(',').map((text) => {
    const choice = choices.find((choice) => choice === text.trim())
    if (choice !== undefined) return choice
    throw new Problem(400, 'parameter_malformed', `Unknown ${name} "${text}". Choose from ${choices.join(', ')}.`)
  })
}

/** `flat` where rows are wanted for windows without trades. @throws Problem 400 */
export function fillParameter({ fill }: Query): 'flat' | undefined {
  if (fill === undefined || fill === 'flat') return fill
  throw new Problem(400, 'parameter_malformed', `Unknown fill "${fill}". Choose flat, or leave it out.`)
}

export interface Selection {
  /** `from <= time < to`, microseconds. */
  readonly from: number
  readonly to: number
  readonly limit: number
  /** Which `limit` rows of more: the oldest when a start was asked for, else the newest. */
  readonly keep: 'oldest' | 'newest'
}

/** `from`, `to` (ISO 8601, or a span before now like `-24h`) and `limit`. @throws Problem 400; MalformedError for a bad time */
export function selectionParameters(query: Query, view: MarketView): Selection {
  const from = timeParameter(query, 'from', view) ?? Number.MIN_SAFE_INTEGER
  const to = timeParameter(query, 'to', view) ?? Number.MAX_SAFE_INTEGER
  if (from > to) {
    const detail = `from=${query.from} is after to=${query.to}. Exchange them.`
    throw new Problem(400, 'range_reversed', detail)
  }
  return { from, to, limit: limitParameter(query), keep: query.from === undefined ? 'newest' : 'oldest' }
}

export function select<Row>(rows: readonly Row[], { limit, keep }: Selection): readonly Row[] {
  return keep === 'oldest' ? rows.slice(0, limit) : rows.slice(-limit)
}

function timeParameter(query: Query, name: string, view: MarketView): number | undefined {
  const text = query[name]
  if (text === undefined) return undefined
  try {
    return text.startsWith('-') ? view.clock() - parseSpan(text.slice(1)) : parseTime(text)
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    const detail = `${name}="${text}" is not a time. Write it like 2025-11-10T13:00:00Z, or -24h for a day ago.`
    throw new Problem(400, error.code, detail)
  }
}

function limitParameter({ limit }: Query): number {
  if (limit === undefined) return DEFAULT_LIMIT
  const count = /^\d{1,6}$/.test(limit) ? Number(limit) : 0
  if (count >= 1 && count <= MAX_LIMIT) return count
  throw new Problem(400, 'limit_malformed', `limit="${limit}" is not a whole number from 1 to ${MAX_LIMIT}.`)
}
