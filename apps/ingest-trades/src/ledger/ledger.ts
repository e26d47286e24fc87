import {
  countIds,
  type EpochMicros,
  type Heartbeat,
  type IdRange,
  type IdRanges,
  type IdSpace,
  InvariantError,
  type MarketMessage,
  type MarketSymbol,
  type Outage,
  type Trade,
  unservedIds,
} from '@c1/market'
import {
  type Hole,
  type LedgerException,
  type LedgerSpan,
  type Neighbours,
  type Repair,
  Sequence,
  type SequenceState,
  type Via,
} from './sequence.ts'
import { addMark, coveredTime, type MissingTime, missingTime, type TimeMark } from './time-marks.ts'

export type { Hole, LedgerException, LedgerSpan, Repair, Via } from './sequence.ts'

/** Consecutive ids of trades of one symbol. */
export interface IdStretch extends IdRange {
  readonly symbol: MarketSymbol
  readonly idSpace: IdSpace
}

const FORMAT = 'trade-ledger/3'
/** The newest outages that are remembered of a symbol. */
const MOST_OUTAGES = 20

/** What is known of one symbol. */
interface SymbolLedger {
  readonly symbol: MarketSymbol
  readonly venue: Sequence
  /** By the id space of a file. */
  readonly files: Map<IdSpace, Sequence>
  duplicates: number
  /** Of the newest heartbeat of the venue's ids. */
  heartbeatAt: EpochMicros | undefined
  /** What heartbeats say of the time around the venue's ids. */
  marks: readonly TimeMark[]
  outages: readonly Outage[]
}

interface SymbolState {
  readonly symbol: MarketSymbol
  readonly sequences: readonly (readonly [IdSpace, SequenceState])[]
  readonly duplicates: number
  readonly heartbeatAt: EpochMicros | null
  readonly marks: readonly TimeMark[]
  readonly outages: readonly Outage[]
}

/**
 * Which trades the log holds, per symbol and id space: what makes a duplicate known at any age, and a hole visible.
 *
 * Ids that are stated as not served are no hole any more; a trade of such an id is not known, and is taken when it comes.
 * The ledger is derived from the log by `observe` and can always be rebuilt from it, but for three facts that only its
 * checkpoint keeps: how many duplicates were refused, what filled a hole, and the clock's time (instead of the newest trade's)
 * at which a hole was seen and repaired.
 */
export class TradeLedger {
  readonly #symbols = new Map<MarketSymbol, SymbolLedger>()
  /** The one used last, which the next trade most often is of. */
  #last: SymbolLedger | undefined

  /** Takes note of a message. False when the log has the trade already, or a trade of every id that an outage states. */
  observe(message: MarketMessage, via?: Via, now?: EpochMicros): boolean {
    if (message.kind === 'trade') return this.add(message.trade, via, now)
    if (message.kind === 'outage') return this.#addOutage(message.outage, now)
    this.#addHeartbeat(message.heartbeat)
    return true
  }

  /** Adds a trade. False, and counted, when the log has it already. */
  add(trade: Trade, via?: Via, now?: EpochMicros): boolean {
    const symbol = this.#of(trade.symbol)
    const isNew = sequenceOf(symbol, trade.idSpace).add(trade.tradeId, trade.eventTime, via, now)
    if (!isNew) symbol.duplicates += 1
    return isNew
  }

  /** Adds trades of consecutive ids, in this order. Gives the ids that the log has not yet; the others are counted. */
  addStretch(ids: IdStretch, timeOf: (id: number) => EpochMicros, via?: Via, now?: EpochMicros): IdRanges {
    const { first, last } = ids
    const symbol = this.#of(ids.symbol)
    const added = sequenceOf(symbol, ids.idSpace).addRange({ first, last }, timeOf, via, now)
    symbol.duplicates += last - first + 1 - countIds(added)
    return added
  }

  spans(symbol: MarketSymbol, idSpace: IdSpace): readonly Readonly<LedgerSpan>[] {
    return sequenceOf(this.#of(symbol), idSpace).spans
  }

  /** The holes between the venue's ids of a symbol, oldest first. */
  holes(symbol: MarketSymbol): readonly Hole[] {
    return this.#of(symbol).venue.holes()
  }

  /**
   * The parts of the event time `from` (inclusive) to `to` (exclusive, Infinity is as far as the market goes) of which trades may
   * be missing, ascending. A part without trades is known as such where heartbeats enclose it.
   */
  missing(symbol: MarketSymbol, from: EpochMicros, to: number): readonly MissingTime[] {
    const { marks, venue } = this.#of(symbol)
    return missingTime(coveredTime(venue.spans, marks), from, to)
  }

  hasHole(symbol: MarketSymbol): boolean {
    return this.#of(symbol).venue.spans.length > 1
  }

  /** Another number whenever a hole of the symbol may have opened, closed or shrunk. */
  shape(symbol: MarketSymbol): number {
    return this.#of(symbol).venue.shape
  }

  /** The newest repaired holes, oldest first. */
  repairs(symbol: MarketSymbol): readonly Repair[] {
    return this.#of(symbol).venue.repairs
  }

  /** How many holes were repaired ever. */
  repaired(symbol: MarketSymbol): number {
    return this.#of(symbol).venue.repaired
  }

  /** The ids that the venue does not serve, as the log states them, oldest first. */
  exceptions(symbol: MarketSymbol): readonly LedgerException[] {
    return this.#of(symbol).venue.exceptions
  }

  /** The newest outages without ids, in the order of the log. */
  outages(symbol: MarketSymbol): readonly Outage[] {
    return this.#of(symbol).outages
  }

  /** Trades that came again and were refused, in every id space. */
  duplicates(symbol: MarketSymbol): number {
    return this.#of(symbol).duplicates
  }

  /** The symbols that it has trades of, sorted. */
  symbols(): MarketSymbol[] {
    const hasTrades = (sequence: Sequence): boolean => sequence.newest !== undefined
    return [...this.#symbols.values()]
      .filter(({ files, venue }) => hasTrades(venue) || [...files.values()].some(hasTrades))
      .map(({ symbol }) => symbol)
      .sort()
  }

  /** The newest trade of the venue, by id. */
  newest(symbol: MarketSymbol): { readonly id: number; readonly time: EpochMicros } | undefined {
    const span = this.#of(symbol).venue.newest
    return span && { id: span.last, time: span.to }
  }

  /** The newest time at which the log proves that the feed of the symbol was alive: of a trade or a heartbeat. */
  aliveTo(symbol: MarketSymbol): EpochMicros | undefined {
    const { heartbeatAt, venue } = this.#of(symbol)
    const tradedAt = venue.newest?.to
    if (heartbeatAt === undefined || tradedAt === undefined) return heartbeatAt ?? tradedAt
    return Math.max(heartbeatAt, tradedAt) as EpochMicros
  }

  /** The span that holds the venue's id or ends before it, and the one that begins after it. */
  around(symbol: MarketSymbol, id: number): Neighbours {
    return this.#of(symbol).venue.around(id)
  }

  /** Spans of the symbol in every id space but those of `except`. */
  others(symbol: MarketSymbol, ...except: readonly IdSpace[]): readonly Readonly<LedgerSpan>[] {
    const { files, venue } = this.#of(symbol)
    const sequences: [IdSpace, Sequence][] = [['venue', venue], ...files]
    return sequences.flatMap(([idSpace, { spans }]) => (except.includes(idSpace) ? [] : spans))
  }

  toJSON(): unknown {
    return { format: FORMAT, symbols: [...this.#symbols.values()].map(stateOf) }
  }

  /** @throws InvariantError `ledger_malformed` */
  static restore(json: unknown): TradeLedger {
    if (!TradeLedger.isState(json)) {
      throw new InvariantError('ledger_malformed', `The stored ledger is not of the format ${FORMAT}.`)
    }
    const ledger = new TradeLedger()
    for (const state of json.symbols) ledger.#symbols.set(state.symbol, symbolOf(state))
    return ledger
  }

  /** Whether it is what `toJSON` gave. Another version's is not: the ledger is then rebuilt from the log. */
  static isState(json: unknown): json is { readonly symbols: readonly SymbolState[] } {
    return typeof json === 'object' && json !== null && 'format' in json && json.format === FORMAT
  }

  #addHeartbeat(heartbeat: Heartbeat): void {
    const { eventTime, idSpace, symbol } = heartbeat
    if (idSpace !== 'venue') return
    const known = this.#of(symbol)
    if (eventTime > (known.heartbeatAt ?? Number.NEGATIVE_INFINITY)) known.heartbeatAt = eventTime
    known.marks = addMark(known.marks, heartbeat, known.venue.spans)
  }

  #addOutage(outage: Outage, now: EpochMicros | undefined): boolean {
    const symbol = this.#of(outage.symbol)
    const ids = unservedIds(outage)
    if (ids !== undefined) return symbol.venue.except({ ...ids, from: outage.from, to: outage.to }, now)
    symbol.outages = [...symbol.outages.slice(1 - MOST_OUTAGES), outage]
    return true
  }

  #of(symbol: MarketSymbol): SymbolLedger {
    if (this.#last?.symbol === symbol) return this.#last
    const known = this.#symbols.get(symbol) ?? this.#add(symbol)
    this.#last = known
    return known
  }

  #add(symbol: MarketSymbol): SymbolLedger {
    const fresh = {
      symbol,
      venue: new Sequence(),
      files: new Map(),
      duplicates: 0,
      heartbeatAt: undefined,
      marks: [],
      outages: [],
    }
    this.#symbols.set(symbol, fresh)
    return fresh
  }
}

function sequenceOf(symbol: SymbolLedger, idSpace: IdSpace): Sequence {
  if (idSpace === 'venue') return symbol.venue
  const known = symbol.files.get(idSpace)
  if (known !== undefined) return known
  const fresh = new Sequence()
  symbol.files.set(idSpace, fresh)
  return fresh
}

function stateOf({ duplicates, files, heartbeatAt, marks, outages, symbol, venue }: SymbolLedger): SymbolState {
  const sequences: [IdSpace, Sequence][] = [['venue', venue], ...files]
  const states = sequences.map(([idSpace, sequence]) => [idSpace, sequence.state()] as const)
  return { symbol, sequences: states, duplicates, heartbeatAt: heartbeatAt ?? null, marks, outages }
}

function symbolOf({ duplicates, heartbeatAt, marks, outages, sequences, symbol }: SymbolState): SymbolLedger {
  const files = new Map<IdSpace, Sequence>(sequences.map(([idSpace, state]) => [idSpace, new Sequence(state)]))
  const venue = files.get('venue') ?? new Sequence()
  files.delete('venue')
  return { symbol, venue, files, duplicates, heartbeatAt: heartbeatAt ?? undefined, marks, outages }
}
