import {
  appendRun,
  type Codec,
  type DeadLetter,
  deadLettersCodec,
  type EventLog,
  type LogRecord,
  type Position,
  type Producer,
  TOPICS,
  TradeRuns,
  tradesCodec,
} from '@c1/event-log'
import { implausible, type MalformedRow, outOfPlace } from '@c1/kraken'
import {
  type EpochMicros,
  gatherColumns,
  type MarketMessage,
  type MarketSymbol,
  type Stretch,
  sliceColumns,
  stretchesOf,
  systemTime,
  type Trade,
  type TradeColumns,
  tradeAt,
  tradesOf,
} from '@c1/market'
import type { CheckpointStore } from '@c1/service'
import { HistoryCursors } from '../history/history-cursors.ts'
import { TradeLedger, type Via } from '../ledger/ledger.ts'
import { OpenOutages } from '../ledger/open-outages.ts'
import { RecentTrades } from './recent-trades.ts'
import { TradeOrder } from './trade-order.ts'

const LEDGER = 'trade-ledger'
const SAVE_EVERY_MS = 2000
/** A quick market brings a trade each millisecond. */
const GATHER_MS = 5

export interface TradeLogOptions {
  readonly log: EventLog
  readonly checkpoints: Pick<CheckpointStore, 'load' | 'save'>
  /** Written into every record: `kraken`, `simulator`, `replay-NAME`. */
  readonly source: string
  /** Milliseconds that never go back, from any origin; the host's by default. */
  readonly monotonicNow?: () => number
  /** The clock that tells since when a hole is known; the host's by default. */
  readonly now?: () => EpochMicros
}

/** What is to be known of trades that do not go into the log. */
export interface RefusalListener {
  onDuplicate(trade: Trade): void
  /** `received` says something else than what the log holds, which stands. Both are in a dead letter. */
  onContradiction(stored: Trade, received: Trade): void
  /** The trade cannot be true beside those that the log holds. It is in a dead letter, once. */
  onImplausible(trade: Trade, reason: string): void
}

const UNHEARD: RefusalListener = { onDuplicate: () => {}, onContradiction: () => {}, onImplausible: () => {} }

/** The origin of dead letters about trades that contradict what is stored. */
export const TRADE_LOG = 'trade-log'
/** Trades that were refused as implausible and are remembered, so that each is told once however often history repeats it. */
const MOST_REFUSED = 10_000

/** The trades topic with its ledger: the only way in. Every trade goes in once. */
export class TradeLog {
  readonly ledger: TradeLedger
  readonly outages: OpenOutages
  /** How far the venue's history was walked. */
  readonly cursors: HistoryCursors
  readonly #options: TradeLogOptions
  readonly #now: () => EpochMicros
  readonly #codec: Codec<MarketMessage>
  readonly #runs: TradeRuns
  readonly #trades: Producer
  readonly #deadLetters: Producer
  #position: Position
  readonly #monotonicNow: () => number
  #savedAt: number
  #appending = 0
  #isSaveDue = false
  #listener = UNHEARD
  readonly #recent = new RecentTrades()
  readonly #order: TradeOrder
  readonly #refused = new Set<string>()

  private constructor(
    options: TradeLogOptions,
    { ledger, outages, position }: StoredLedger,
    producers: readonly [Producer, Producer],
  ) {
    this.#options = options
    this.#monotonicNow = options.monotonicNow ?? (() => performance.now())
    this.#savedAt = this.#monotonicNow()
    this.#now = options.now ?? systemTime
    this.#codec = tradesCodec(options.source)
    this.#runs = new TradeRuns(options.source)
    this.ledger = ledger
    this.#order = new TradeOrder(ledger)
    this.outages = outages
    this.cursors = new HistoryCursors(options.checkpoints)
    this.#position = position
    ;[this.#trades, this.#deadLetters] = producers
  }

  /** @throws UsageError `topic_locked` when another process writes trades here */
  static async open(options: TradeLogOptions): Promise<TradeLog> {
    const { log } = options
    const producers = [
      await log.producer(TOPICS.trades, { gatherMs: GATHER_MS }),
      await log.producer(TOPICS.deadLetters),
    ] as const
    const trades = new TradeLog(options, await readLedger(options), producers)
    // A power cut may have taken the end of the log that the checkpoint tells of: before anything else takes its place.
    trades.#save()
    return trades
  }

  tellRefusals(listener: RefusalListener): void {
    this.#listener = listener
  }

  /**
   * Appends what the log does not hold yet and can be true beside what it holds, in the given order; `via` is what brought the
   * trades. Gives the number of messages that it held already.
   */
  async append(messages: readonly MarketMessage[], via?: Via): Promise<number> {
    const refused = new Refused(this.#misplaced(messages))
    const now = this.#now()
    const fresh = messages.filter((message) => this.#isFresh(message, via, now, refused))
    if (fresh.length > 0) {
      this.#appending += 1
      this.#position = await this.#trades.append(fresh.map((message) => this.#codec.encode(message)))
      this.#appending -= 1
      if (this.#isSaveDue || this.#monotonicNow() - this.#savedAt >= SAVE_EVERY_MS) this.#save()
    }
    await this.#keepLetters(refused.letters)
    return messages.length - fresh.length - refused.implausible
  }

  appendTrades(trades: readonly Trade[], via?: Via): Promise<number> {
    return this.append(
      trades.map((trade) => ({ kind: 'trade', trade })),
      via,
    )
  }

  /** States the outages of the symbol whose trades are all in the log by now. */
  async stateRepairedOutages(symbol: MarketSymbol): Promise<void> {
    const outages = this.outages.repaired(symbol, this.ledger)
    if (outages.length > 0) await this.append(outages.map((outage) => ({ kind: 'outage', outage })))
  }

  /** Takes note of what another process wrote: its trades are in the log too. */
  observeForeign(message: MarketMessage): void {
    this.outages.observe(message)
    this.ledger.observe(message, undefined, this.#now())
  }

  /** Keeps what is known now, the open outages above all, so that a killed process leaves it to the next. */
  remember(): void {
    this.#save()
  }

  /**
   * The same for many trades in columns. They are told from those that the log holds by ranges of ids alone: what it holds
   * already is counted, not compared, and nobody is told of it. Of consecutive ids the first and the last are looked at; where
   * one of them cannot be true, all are judged one by one.
   */
  async appendColumns(trades: TradeColumns, via?: Via): Promise<number> {
    const { false: fine = [], true: odd = [] } = Object.groupBy(stretchesOf(trades), (stretch) =>
      this.#isOdd(trades, stretch) ? 'true' : 'false',
    )
    const now = this.#now()
    const fresh = gatherColumns(
      trades,
      fine.flatMap((stretch) => this.#freshIn(trades, stretch, via, now)),
    )
    if (fresh.count > 0) {
      this.#appending += 1
      this.#position = await appendRun(this.#trades, this.#runs.encode(fresh))
      this.#appending -= 1
      if (this.#isSaveDue || this.#monotonicNow() - this.#savedAt >= SAVE_EVERY_MS) this.#save()
    }
    let known = fine.reduce((sum, { from, to }) => sum + to - from, 0) - fresh.count
    for (const { from, to } of odd) known += await this.appendTrades(tradesOf(sliceColumns(trades, from, to)), via)
    return known
  }

  /** What could not be read, with its bytes, into the dead letters. @param origin what brought it: `kraken-rest`, a file */
  async keepMalformed(origin: string, rows: readonly MalformedRow[]): Promise<void> {
    await this.#keepLetters(rows.map(({ code, raw, reason }) => ({ origin, code, reason, raw: Buffer.from(raw) })))
  }

  /** Resolves when every trade appended has reached the disk. */
  flush(): Promise<void> {
    return this.#trades.flush()
  }

  /** What the log does not take any more is given up. */
  async close(): Promise<void> {
    await this.#trades.close()
    this.#save()
    await this.#deadLetters.close()
  }

  #isFresh(message: MarketMessage, via: Via | undefined, now: EpochMicros, refused: Refused): boolean {
    if (message.kind === 'trade') return this.#isFreshTrade(message.trade, via, now, refused)
    this.outages.observe(message)
    return this.ledger.observe(message, via, now)
  }

  #isFreshTrade(trade: Trade, via: Via | undefined, now: EpochMicros, refused: Refused): boolean {
    const reason = refused.misplaced.has(trade) ? MISPLACED : this.#order.reasonAgainst(trade)
    if (reason !== undefined) {
      refused.implausible += 1
      this.#refuseImplausible(trade, reason, refused.letters)
      return false
    }
    const isFresh = this.ledger.add(trade, via, now)
    if (!isFresh) this.#refuseKnown(trade, refused.letters)
    else if (trade.idSpace === 'venue') this.#recent.remember(trade)
    return isFresh
  }

  #isOdd(trades: TradeColumns, { from, to }: Stretch): boolean {
    return [from, to - 1].some((index) => this.#order.reasonAgainst(tradeAt(trades, index)) !== undefined)
  }

  #freshIn({ ids, idSpace, symbol, times }: TradeColumns, stretch: Stretch, via?: Via, now?: EpochMicros): Stretch[] {
    const { from, to } = stretch
    const first = ids[from] as number
    const timeOf = (id: number): EpochMicros => times[from + id - first] as EpochMicros
    return this.ledger
      .addStretch({ symbol, idSpace, first, last: first + to - from - 1 }, timeOf, via, now)
      .map((range) => ({ from: from + range.first - first, to: from + range.last - first + 1 }))
  }

  /** Of a symbol's first trades, which no ledger can judge, those that the others contradict. */
  #misplaced(messages: readonly MarketMessage[]): ReadonlySet<Trade> {
    const first = new Map<MarketSymbol, Trade[]>()
    for (const message of messages) {
      if (message.kind !== 'trade' || message.trade.idSpace !== 'venue') continue
      const { trade } = message
      if (this.ledger.newest(trade.symbol) !== undefined) continue
      const known = first.get(trade.symbol)
      if (known === undefined) first.set(trade.symbol, [trade])
      else known.push(trade)
    }
    if (first.size === 0) return NONE
    const odd = [...first.values()].map((trades) => outOfPlace(trades.sort((a, b) => a.tradeId - b.tradeId)))
    return new Set(odd.flatMap((trades) => [...trades]))
  }

  /** Once for what it says: history repeats it as often as it is asked. */
  #refuseImplausible(trade: Trade, reason: string, letters: DeadLetter[]): void {
    const text = textOf(this.#codec.encode({ kind: 'trade', trade }))
    if (this.#refused.has(text)) return
    if (this.#refused.size >= MOST_REFUSED) this.#refused.clear()
    this.#refused.add(text)
    this.#listener.onImplausible(trade, reason)
    const { code, message } = implausible(trade, reason)
    letters.push({ origin: TRADE_LOG, code, reason: message, raw: Buffer.from(text) })
  }

  #refuseKnown(trade: Trade, letters: DeadLetter[]): void {
    this.#listener.onDuplicate(trade)
    const stored = trade.idSpace === 'venue' ? this.#recent.contradictedBy(trade) : undefined
    if (stored === undefined) return
    this.#listener.onContradiction(stored, trade)
    letters.push(this.#contradiction(stored, trade))
  }

  #contradiction(stored: Trade, received: Trade): DeadLetter {
    const [before, now] = [stored, received].map((trade) => textOf(this.#codec.encode({ kind: 'trade', trade })))
    const reason = `${stored.symbol} trade ${stored.tradeId} came again and says something else. The stored one stands.`
    const raw = Buffer.from(`{"stored":${before},"received":${now}}`)
    return { origin: TRADE_LOG, code: 'trade_contradicts', reason, raw }
  }

  async #keepLetters(letters: readonly DeadLetter[]): Promise<void> {
    if (letters.length === 0) return
    const codec = deadLettersCodec(this.#options.source)
    await this.#deadLetters.append(letters.map((letter) => codec.encode(letter, systemTime())))
  }

  /** During an append it waits for its end: the ledger knows its trades already, the position does not yet. */
  #save(): void {
    this.#isSaveDue = this.#appending > 0
    if (this.#isSaveDue) return
    this.#options.checkpoints.save(LEDGER, { position: this.#position, ledger: this.ledger, outages: this.outages })
    this.#savedAt = this.#monotonicNow()
  }
}

/** What one append leaves out besides duplicates. */
class Refused {
  readonly misplaced: ReadonlySet<Trade>
  readonly letters: DeadLetter[] = []
  implausible = 0

  constructor(misplaced: ReadonlySet<Trade>) {
    this.misplaced = misplaced
  }
}

const NONE: ReadonlySet<Trade> = new Set()
const MISPLACED = 'its id and its time are not those of the trades that came with it'

function textOf({ value }: LogRecord): string {
  return Buffer.from(value).toString()
}

/** What is known of the log's trades, and where the log ends. */
export interface StoredLedger {
  readonly ledger: TradeLedger
  readonly outages: OpenOutages
  readonly position: Position
}

/** The ledger of everything that the log holds. */
export async function readLedger({ log, checkpoints, source }: TradeLogOptions): Promise<StoredLedger> {
  const codec = tradesCodec(source)
  const { end } = await log.bounds(TOPICS.trades)
  const saved = usable(checkpoints.load(LEDGER) as Saved | undefined, end)
  const ledger = saved === undefined ? new TradeLedger() : TradeLedger.restore(saved.ledger)
  const outages = OpenOutages.restore(saved?.outages)
  const rest = await log.consumer(TOPICS.trades, { from: saved?.position ?? 'earliest', until: 'end' })
  for await (const { records } of rest) {
    for (const record of records) {
      const message = codec.decode(record)
      ledger.observe(message)
      outages.observe(message)
    }
  }
  return { ledger, outages, position: end }
}

interface Saved {
  readonly position: Position
  readonly ledger: unknown
  readonly outages?: unknown
}

/** A checkpoint of this version that is not ahead of a log which lost its tail. */
function usable(saved: Saved | undefined, end: Position): Saved | undefined {
  if (saved === undefined || !TradeLedger.isState(saved.ledger)) return undefined
  const isBehind = Object.entries(saved.position).every(([partition, at]) => at <= (end[Number(partition)] ?? 0))
  return isBehind ? saved : undefined
}
