import {
  type Candle,
  emptyUnitTrade,
  type IdSpace,
  INTERVALS,
  type Interval,
  type MarketMessage,
  type MarketSymbol,
  type Outage,
  type UnitTrade,
  unservedIds,
} from '@c1/market'
import { type CandleEvent, NOTHING } from './candle-event.ts'
import {
  type CheckpointSymbol,
  readCheckpoint,
  readSequence,
  type StoredSequence,
  writeCheckpoint,
} from './checkpoint.ts'
import type { LogWindows } from './late-windows.ts'
import { OpenMinutes } from './open-minutes.ts'
import type { SequenceState } from './sequence-state.ts'
import { SequenceWindows } from './sequence-windows.ts'
import { readUnits } from './units.ts'

/** More than a venue has symbols, so that few share one. */
const SLOTS = 4096

export interface CandleWindowsOptions {
  /** The lengths of candle to give out, in any order. */
  readonly intervals: readonly Interval[]
  /** Default: `LATENESS` of either. */
  readonly lateness?: Lateness
}

/**
 * How many of its lengths after its close a window stays in memory, for a venue's live trades and for a file's rows. A later trade
 * costs a look into the log; what comes out is the same.
 */
export interface Lateness {
  readonly venue: number
  readonly file: number
}

/** Window lengths. */
export const LATENESS = 2

/**
 * Trades in, candles out, by event time: a deterministic fold over the trades topic, for any number of symbols.
 *
 * - **Final** is a window when one stretch of consecutive trade ids, bounded by trades or heartbeats, covers it whole. Finals
 *   of a symbol come in order of close time, shorter intervals first, and `complete` is true but for the exceptions below.
 * - **A hole** in the ids holds back the windows beyond it, which stay provisional, until it is filled. What lies below the
 *   oldest trade seen so far does not: older history that comes later is given out in its own order when it is proven.
 * - **Duplicates** are ignored at any age.
 * - **A late trade** (its time lies in a final window) makes revision n+1 of each such window. In memory are those that closed
 *   less than `lateness` of their lengths ago, and those that a larger open window still needs. Where one of them is only in the
 *   log, a `late` event says which trades to read, and `reviseFromLog` gives the revisions then.
 * - **Files** number their rows themselves: their windows are final when a later row or a heartbeat of the file passes them,
 *   `complete` is absent. Id spaces are never added up together. Where two have the same window, the venue's counts: a file's
 *   candle is not given out where the venue's ids prove the window, and a candle that follows one of another id space
 *   continues its revisions.
 *
 * - **Ids that the venue does not serve**, as an outage states them, hold nothing back: the windows that their trades may belong
 *   to, those of the time from the trade before to the trade after, are final with `complete` false. When all of them have come
 *   after all, such windows get a further revision.
 *
 * Outages without ids say nothing here: ids tell what is missing.
 */
export class CandleWindows {
  readonly #intervals: ReadonlySet<Interval>
  readonly #lateness: Lateness
  readonly #symbols = new Map<MarketSymbol, SymbolSequences>()
  /** What a checkpoint has of the symbols of which no message came since. */
  readonly #stored = new Map<MarketSymbol, readonly StoredSequence[]>()
  /** The one used last, which the next message most often is of. */
  #last: SequenceWindows | undefined
  /** Those used of late, by `slotOf` their symbol, which costs less than the map. */
  readonly #recent = new Array<SequenceWindows | undefined>(SLOTS).fill(undefined)

  readonly #openMinutes = new OpenMinutes()
  /** Filled by each trade that comes as text. */
  readonly #units: UnitTrade = emptyUnitTrade()

  constructor(options: CandleWindowsOptions) {
    this.#intervals = new Set(options.intervals)
    this.#lateness = options.lateness ?? { venue: LATENESS, file: LATENESS }
  }

  /** What became final by this message, in order. A trade's own window never closes by it. */
  advance(message: MarketMessage): readonly CandleEvent[] {
    if (message.kind === 'trade') {
      const { trade } = message
      if (readUnits(trade, this.#units)) return this.addTrade(this.#units)
      return this.#sequence(trade.symbol, trade.idSpace).addWideTrade(trade)
    }
    if (message.kind === 'outage') return this.#addOutage(message.outage)
    const { heartbeat } = message
    return this.#sequence(heartbeat.symbol, heartbeat.idSpace).addHeartbeat(heartbeat)
  }

  /** The same for a trade in integers: what `advance` does with one after it has read its text. Nothing of it is kept. */
  addTrade(trade: UnitTrade): readonly CandleEvent[] {
    const sequence = this.#sequence(trade.symbol, trade.idSpace)
    return this.#openMinutes.add(sequence.row, trade) ? NOTHING : sequence.addTrade(trade)
  }

  /**
   * The next revisions of the windows that a `late` event told of, once `log` was given the trades of their time: all that the log
   * holds up to and including the message that made the event. To be asked for before the next message.
   */
  reviseFromLog(log: LogWindows): readonly CandleEvent[] {
    return this.#sequence(log.late.symbol, log.late.idSpace).reviseFromLog(log)
  }

  /**
   * The newest window of a symbol as it stands, undefined when it is final or there is none. Revision 0; `complete` says
   * whether no trade of it is missing so far.
   */
  provisional(symbol: MarketSymbol, interval: Interval): Candle | undefined {
    let newest: SequenceWindows | undefined
    for (const sequence of this.#sequencesOf(symbol)?.all ?? []) {
      const newer = newest === undefined || sequence.newest > newest.newest
      if (newer || (sequence.newest === newest?.newest && sequence.idSpace === 'venue')) newest = sequence
    }
    return newest?.provisional(INTERVALS.indexOf(interval))
  }

  /** All that is remembered, as bytes from which `restore` goes on to give out the same events. */
  checkpoint(): Uint8Array {
    const stored = [...this.#stored]
    const read = [...this.#symbols].map(([symbol, { all }]): CheckpointSymbol => [symbol, all])
    // In one order, whatever was read before: the same state is the same bytes.
    return writeCheckpoint([...stored, ...read].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  /**
   * The intervals and the lateness may differ from those of the checkpoint. What a symbol had is read when its next message comes.
   *
   * @throws MalformedError `checkpoint_malformed`
   */
  static restore(checkpoint: unknown, options: CandleWindowsOptions): CandleWindows {
    const windows = new CandleWindows(options)
    for (const [symbol, sequences] of readCheckpoint(checkpoint)) windows.#stored.set(symbol, sequences)
    return windows
  }

  #addOutage(outage: Outage): readonly CandleEvent[] {
    const ids = unservedIds(outage)
    return ids === undefined ? NOTHING : this.#sequence(outage.symbol, 'venue').addException(ids, outage)
  }

  #sequence(symbol: MarketSymbol, idSpace: IdSpace): SequenceWindows {
    const last = this.#last
    if (last !== undefined && last.symbol === symbol && last.idSpace === idSpace) return last
    const slot = slotOf(symbol)
    const recent = this.#recent[slot]
    const isIt = recent !== undefined && recent.symbol === symbol && recent.idSpace === idSpace
    const found = isIt ? recent : this.#find(symbol, idSpace)
    this.#recent[slot] = found
    this.#last = found
    return found
  }

  #find(symbol: MarketSymbol, idSpace: IdSpace): SequenceWindows {
    const sequences = this.#sequencesOf(symbol)
    if (sequences?.last.idSpace === idSpace) return sequences.last
    const found = sequences?.all.find((sequence) => sequence.idSpace === idSpace)
    if (sequences === undefined || found === undefined) return this.#add(symbol, idSpace)
    sequences.last = found
    return found
  }

  #sequencesOf(symbol: MarketSymbol): SymbolSequences | undefined {
    const stored = this.#stored.get(symbol)
    if (stored !== undefined) {
      this.#stored.delete(symbol)
      for (const sequence of stored) this.#add(symbol, sequence.idSpace, readSequence(sequence))
    }
    return this.#symbols.get(symbol)
  }

  #add(symbol: MarketSymbol, idSpace: IdSpace, state?: SequenceState): SequenceWindows {
    const all = this.#symbols.get(symbol)?.all ?? []
    const lateness = idSpace === 'venue' ? this.#lateness.venue : this.#lateness.file
    const context = { symbol, intervals: this.#intervals, sequences: all, lateness, openMinutes: this.#openMinutes }
    const last = new SequenceWindows(idSpace, context, state)
    all.push(last)
    this.#symbols.set(symbol, { all, last })
    return last
  }
}

/** Symbols may share one: who looks there compares the symbol. */
function slotOf(symbol: MarketSymbol): number {
  const end = symbol.length
  const base = symbol.charCodeAt(0) * 961 + symbol.charCodeAt(1) * 31 + symbol.charCodeAt(2)
  const quote = symbol.charCodeAt(end - 3) * 61 + symbol.charCodeAt(end - 1) * 7
  return (base * 5 + quote + end) & (SLOTS - 1)
}

/** The sequences of one symbol, hardly ever more than the venue's. */
interface SymbolSequences {
  readonly all: SequenceWindows[]
  /** The one used last, which the next message most often is of. */
  last: SequenceWindows
}
