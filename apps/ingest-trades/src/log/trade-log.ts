import {
  appendRun,
  type Codec,
  type DeadLetter,
  deadLettersCodec,
  type Position,
  type Producer,
  TOPICS,
  TradeRuns,
  tradesCodec,
} from '@c1/event-log'
import { type MalformedRow, outOfPlace } from '@c1/kraken'
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
import { HistoryCursors } from '../history/history-cursors.ts'
import type { TradeLedger, Via } from '../ledger/ledger.ts'
import type { OpenOutages } from '../ledger/open-outages.ts'
import { type RefusalListener, Refusals } from './refusals.ts'
import { LEDGER_CHECKPOINT, readLedger, type StoredLedger, type StoredLedgerOptions } from './stored-ledger.ts'
import { TradeOrder } from './trade-order.ts'

const SAVE_EVERY_MS = 2000
/** A quick market brings a trade each millisecond. */
const GATHER_MS = 5

export interface TradeLogOptions extends StoredLedgerOptions {
  /** Milliseconds that never go back, from any origin; the host's by default. */
  readonly monotonicNow?: () => number
  /** The clock that tells since when a hole is known; the host's by default. */
  readonly now?: () => EpochMicros
}

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
  readonly #refusals: Refusals
  readonly #order: TradeOrder

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
    this.#refusals = new Refusals(this.#codec)
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
    this.#refusals.tell(listener)
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
      refused.keep(this.#refusals.implausible(trade, reason))
      return false
    }
    const isFresh = this.ledger.add(trade, via, now)
    if (isFresh) this.#refusals.accepted(trade)
    else refused.keep(this.#refusals.duplicate(trade))
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

  async #keepLetters(letters: readonly DeadLetter[]): Promise<void> {
    if (letters.length === 0) return
    const codec = deadLettersCodec(this.#options.source)
    await this.#deadLetters.append(letters.map((letter) => codec.encode(letter, systemTime())))
  }

  /** During an append it waits for its end: the ledger knows its trades already, the position does not yet. */
  #save(): void {
    this.#isSaveDue = this.#appending > 0
    if (this.#isSaveDue) return
    this.#options.checkpoints.save(LEDGER_CHECKPOINT, {
      position: this.#position,
      ledger: this.ledger,
      outages: this.outages,
    })
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

  keep(letter: DeadLetter | undefined): void {
    if (letter !== undefined) this.letters.push(letter)
  }
}

const NONE: ReadonlySet<Trade> = new Set()
const MISPLACED = 'its id and its time are not those of the trades that came with it'
