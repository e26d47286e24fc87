import type { MarketSymbol } from '@c1/market'
import { marketKey, PURPOSE, RandomStream } from '../market/random.ts'
import type { FaultEntry } from './fault.ts'
import { MALFORMED_KINDS } from './malformed-frame.ts'

/** A schedule drawn by seed. */
export interface RandomFaults {
  readonly seed: number
  /** Whether some trades are never served by REST, and some nowhere: then the log cannot become complete. Default false. */
  readonly unserved?: boolean
  /** For how long from the start; default a day. The minutes of a longer schedule begin with those of a shorter one. */
  readonly minutes?: number
}

const MINUTES_A_DAY = 24 * 60
/** Faults begin in the first 40 s of a minute and last up to 15 s, so that each minute ends without any. */
const LATEST_START_MS = 40_000
const LONGEST_MS = 15_000
const FEWEST_A_MINUTE = 2
const MOST_A_MINUTE = 6
/** The engine halts, and a burst takes the trades of a while, in one minute of this many. */
const MARKET_EVENT_MINUTES = 20
const UNSERVED_MINUTES = 10

/**
 * Faults from the start on: four a minute on average, of every kind, singly and mixed. The same seed and symbols give the
 * same schedule. After each of them everything can be repaired.
 */
export function randomFaults(
  { seed, unserved = false, minutes = MINUTES_A_DAY }: RandomFaults,
  symbols: readonly MarketSymbol[],
): FaultEntry[] {
  const entries: FaultEntry[] = []
  for (let minute = 0; minute < minutes; minute += 1) {
    const draw = new Draw(new RandomStream(marketKey(seed, 'faults'), PURPOSE.faults, minute), symbols, minute)
    const count = draw.whole(FEWEST_A_MINUTE, MOST_A_MINUTE)
    for (let fault = 0; fault < count; fault += 1) entries.push(draw.one(USUAL)(draw))
    if (draw.whole(1, MARKET_EVENT_MINUTES) === 1) entries.push(draw.one(MARKET_EVENTS)(draw))
    if (draw.whole(1, UNSERVED_MINUTES) === 1 && unserved) entries.push(unservedTrades(draw))
  }
  return entries
}

/** The choices of one minute. */
class Draw {
  readonly #random: RandomStream
  readonly #symbols: readonly MarketSymbol[]
  readonly #minute: number

  constructor(random: RandomStream, symbols: readonly MarketSymbol[], minute: number) {
    this.#random = random
    this.#symbols = symbols
    this.#minute = minute
  }

  /** From `least` to `most`, both included. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.#random.uniform() * (most - least + 1))
  }

  one<Item>(items: readonly Item[]): Item {
    return items[this.whole(0, items.length - 1)] as Item
  }

  at(): string {
    return `+${this.#minute * 60_000 + this.whole(0, LATEST_START_MS)}ms`
  }

  span(most: number = LONGEST_MS): string {
    return `${this.whole(500, most)}ms`
  }

  /** One symbol, or in half of the cases all. */
  symbols(): Pick<FaultEntry, 'symbols'> {
    return this.whole(0, 1) === 0 ? {} : this.symbol()
  }

  symbol(): Pick<FaultEntry, 'symbols'> {
    return { symbols: [this.one(this.#symbols)] }
  }
}

type Drawn = (draw: Draw) => FaultEntry

/** Spans on symbols that take no more than `every`. */
const onSymbols = (fault: FaultEntry['fault']): Drawn => {
  return (draw) => ({ at: draw.at(), for: draw.span(), fault, every: draw.whole(1, 3), ...draw.symbols() })
}
const plainSpan = (fault: FaultEntry['fault']): Drawn => {
  return (draw) => ({ at: draw.at(), for: draw.span(), fault })
}

const USUAL: readonly Drawn[] = [
  (draw) => ({ at: draw.at(), fault: 'drop' }),
  (draw) => ({ at: draw.at(), for: draw.span(5_000), fault: 'drop' }),
  (draw) => ({ at: draw.at(), fault: 'close', ...draw.one(CLOSINGS) }),
  (draw) => ({ at: draw.at(), for: draw.span(), fault: 'silence', connections: draw.one(['open', 'all'] as const) }),
  (draw) => ({ at: draw.at(), for: draw.span(), fault: 'refuse-connections', status: draw.one([429, 503, 520]) }),
  onSymbols('skip-trades'),
  onSymbols('duplicate-frames'),
  (draw) => ({ at: draw.at(), fault: 'repeat-snapshot', ...draw.symbols() }),
  (draw) => ({ at: draw.at(), for: draw.span(), fault: 'reorder-frames', ...draw.symbols() }),
  (draw) => ({ ...onSymbols('delay-frames')(draw), by: draw.span(4_000) }),
  (draw) => ({
    ...onSymbols('malformed-frames')(draw),
    kinds: [draw.one(MALFORMED_KINDS), draw.one(MALFORMED_KINDS), draw.one(MALFORMED_KINDS)],
    replaces: draw.whole(0, 1) === 1,
  }),
  (draw) => ({ ...plainSpan('delay-pong')(draw), by: draw.span(5_000) }),
  plainSpan('no-pong'),
  plainSpan('no-heartbeat'),
  (draw) => ({ ...plainSpan('no-ack')(draw), ...draw.symbols() }),
  (draw) => ({ ...plainSpan('refuse-symbol')(draw), ...draw.symbol() }),
  (draw) => ({ ...plainSpan('exceeded-rate')(draw), form: draw.one(['object', 'refusal'] as const) }),
  (draw) => ({ ...plainSpan('rest-since')(draw), ...draw.symbols() }),
  onSymbols('rest-no-last'),
  onSymbols('rest-zero-ids'),
  onSymbols('rest-no-ids'),
  (draw) => ({
    ...onSymbols('rest-error')(draw),
    errors: [draw.one(ERRORS)],
    result: draw.one(['null', 'empty', 'missing'] as const),
  }),
  onSymbols('rest-throttled'),
  (draw) => ({ ...onSymbols('rest-status')(draw), status: draw.one([200, 429, 500, 502, 503, 520]) }),
  onSymbols('rest-cut-off'),
  onSymbols('rest-hang-up'),
  (draw) => ({ ...onSymbols('rest-slow')(draw), by: draw.span(5_000) }),
  (draw) => ({ ...plainSpan('rest-lag')(draw), by: draw.span(30_000), ...draw.symbols() }),
]

const MARKET_EVENTS: readonly Drawn[] = [
  (draw) => ({
    ...plainSpan('status')(draw),
    system: draw.one(['maintenance', 'cancel_only', 'post_only', 'limit_only'] as const),
  }),
  (draw) => ({ at: draw.at(), fault: 'burst', trades: draw.one([5, 20, 60, 1_200]), ...draw.symbol() }),
]

function unservedTrades(draw: Draw): FaultEntry {
  return { ...plainSpan('unserved')(draw), where: draw.one(['rest', 'everywhere'] as const), ...draw.symbol() }
}

const CLOSINGS: readonly Pick<FaultEntry, 'code' | 'reason'>[] = [
  { code: 1000, reason: '' },
  { code: 1001, reason: 'CloudFlare WebSocket proxy restarting' },
  { code: 1013, reason: 'Market data unavailable' },
]

const ERRORS = [
  'EAPI:Rate limit exceeded',
  'EGeneral:Too many requests',
  'EGeneral:Temporary lockout',
  'EGeneral:Internal error',
  'EService:Unavailable',
  'EService:Busy',
  'EService:Deadline elapsed',
] as const
