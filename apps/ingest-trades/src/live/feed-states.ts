import type { EpochMicros, MarketSymbol } from '@c1/market'
import type { TradeLog } from '../log/trade-log.ts'

/** How the feed of one symbol stands, from farthest from live to live. */
export type FeedState =
  /** Its connection is not open. */
  | 'away'
  /** Its connection is open; the venue has not confirmed it, or refuses it. */
  | 'asked'
  /** What happens from now on is told; what happened before is not known. */
  | 'confirmed'
  /** The venue sent no snapshot, so history is asked what happened before. */
  | 'catching-up'
  /** Nothing was missed: from here on silence means that there are no trades. */
  | 'current'

type FeedChange =
  | 'connected'
  | 'subscribed'
  | 'refused'
  /** A trade came, live or of a snapshot. */
  | 'heard'
  /** No trade came for so long that there is no snapshot. */
  | 'unheard'
  /** History has brought what there was. */
  | 'caught-up'
  | 'history-failed'
  | 'disconnected'

/** Every state with every change: a new one of either does not compile before each of its cells is decided. */
const TABLE: Readonly<Record<FeedState, Readonly<Record<FeedChange, FeedState>>>> = {
  away: {
    connected: 'asked',
    subscribed: 'confirmed',
    refused: 'away',
    heard: 'current',
    unheard: 'away',
    'caught-up': 'away',
    'history-failed': 'away',
    disconnected: 'away',
  },
  asked: {
    connected: 'asked',
    subscribed: 'confirmed',
    refused: 'asked',
    heard: 'current',
    unheard: 'asked',
    'caught-up': 'asked',
    'history-failed': 'asked',
    disconnected: 'away',
  },
  confirmed: {
    connected: 'confirmed',
    subscribed: 'confirmed',
    refused: 'asked',
    heard: 'current',
    unheard: 'catching-up',
    'caught-up': 'confirmed',
    'history-failed': 'confirmed',
    disconnected: 'away',
  },
  'catching-up': {
    connected: 'catching-up',
    subscribed: 'catching-up',
    refused: 'asked',
    heard: 'current',
    unheard: 'catching-up',
    'caught-up': 'current',
    'history-failed': 'confirmed',
    disconnected: 'away',
  },
  current: {
    connected: 'current',
    subscribed: 'current',
    // What it was told before, it is not told any more: over a maintenance the venue may change its mind.
    refused: 'asked',
    heard: 'current',
    unheard: 'current',
    'caught-up': 'current',
    'history-failed': 'current',
    disconnected: 'away',
  },
}

export interface FeedStatesOptions {
  readonly symbols: readonly MarketSymbol[]
  readonly trades: Pick<TradeLog, 'ledger' | 'outages' | 'remember'>
  /** The venue's clock. */
  readonly now: () => EpochMicros
}

/** How the feed of each symbol stands, and the outages that follow: a symbol has one from when its feed is lost until it is back. */
export class FeedStates {
  readonly #options: FeedStatesOptions
  readonly #states: Map<MarketSymbol, FeedState>
  readonly #refusals = new Map<MarketSymbol, string>()

  constructor(options: FeedStatesOptions) {
    this.#options = options
    this.#states = new Map(options.symbols.map((symbol) => [symbol, 'away']))
  }

  /** The process was away since the newest time that the log knows of each symbol. */
  start(): void {
    this.#beginOutages(this.#options.symbols, Number.NEGATIVE_INFINITY)
  }

  connect(symbols: readonly MarketSymbol[]): void {
    for (const symbol of symbols) this.#change(symbol, 'connected')
  }

  /** @param lostAt when the connection was last alive, by the venue's clock */
  disconnect(symbols: readonly MarketSymbol[], lostAt: EpochMicros): void {
    const lost = symbols.filter((symbol) => this.#change(symbol, 'disconnected') !== 'away')
    this.#beginOutages(lost, lostAt)
  }

  confirm(symbol: MarketSymbol): void {
    this.#refusals.delete(symbol)
    this.#change(symbol, 'subscribed')
  }

  /** @param reason in the venue's words */
  refuse(symbol: MarketSymbol, reason: string): void {
    this.#refusals.set(symbol, reason)
    if (isFed(this.#change(symbol, 'refused'))) this.#beginOutages([symbol], this.#options.now())
  }

  hear(symbol: MarketSymbol): void {
    if (this.of(symbol) !== 'current') this.#change(symbol, 'heard')
  }

  /** Nothing came for long enough to know that there is no snapshot. True when history is to be asked now. */
  beginToCatchUp(symbol: MarketSymbol): boolean {
    // What never traded has missed nothing.
    if (this.#options.trades.ledger.newest(symbol) === undefined) return false
    return this.#change(symbol, 'unheard') === 'confirmed'
  }

  endCatchUp(symbol: MarketSymbol): void {
    this.#change(symbol, 'caught-up')
  }

  /** What history failed at is forgotten, so that nothing else that ends well is taken for it. */
  failToCatchUp(symbol: MarketSymbol): void {
    this.#change(symbol, 'history-failed')
  }

  of(symbol: MarketSymbol): FeedState {
    return this.#states.get(symbol) ?? 'away'
  }

  /** The symbols whose silence means that there are no trades. */
  current(): MarketSymbol[] {
    return [...this.#states].flatMap(([symbol, state]) => (state === 'current' ? [symbol] : []))
  }

  /** The connections of all symbols are open. */
  get areConnected(): boolean {
    return [...this.#states.values()].every((state) => state !== 'away')
  }

  /** Symbols that the venue refuses, with its words. */
  get refusals(): ReadonlyMap<MarketSymbol, string> {
    return this.#refusals
  }

  /** Gives the state before. */
  #change(symbol: MarketSymbol, change: FeedChange): FeedState {
    const before = this.of(symbol)
    const after = TABLE[before][change]
    this.#states.set(symbol, after)
    if (isFed(after) && !isFed(before)) this.#options.trades.outages.end(symbol, this.#options.now())
    return before
  }

  /** The feed was last alive at `lostAt`, or at the newest time that the log proves. What never traded misses nothing. */
  #beginOutages(symbols: readonly MarketSymbol[], lostAt: number): void {
    const { trades } = this.#options
    const { ledger, outages } = trades
    const begun = symbols.filter((symbol) => {
      const newest = ledger.newest(symbol)
      if (newest === undefined) return false
      const from = Math.max(lostAt, ledger.aliveTo(symbol) ?? newest.time) as EpochMicros
      return outages.begin(symbol, from, newest.id)
    })
    if (begun.length > 0) trades.remember()
  }
}

/** Whether what happens is told. */
function isFed(state: FeedState): boolean {
  return state !== 'away' && state !== 'asked'
}
