import {
  type Codec,
  type DeadLetter,
  deadLettersCodec,
  type EventLog,
  type LogRecord,
  type Position,
  type Producer,
  TOPICS,
  tradesCodec,
} from '@c1/event-log'
import { type EpochMicros, type MarketMessage, type MarketSymbol, systemTime, type Trade } from '@c1/market'
import type { CheckpointStore } from '@c1/service'
import { TradeLedger, type Via } from './ledger.ts'
import { OpenOutages } from './open-outages.ts'
import { RecentTrades } from './recent-trades.ts'

const LEDGER = 'trade-ledger'
const SAVE_EVERY_MS = 2000

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

/** What is to be known of trades that the log holds already. */
export interface DuplicateListener {
  onDuplicate(trade: Trade): void
  /** `received` says something else than what the log holds, which stands. Both are in a dead letter. */
  onContradiction(stored: Trade, received: Trade): void
}

const UNHEARD: DuplicateListener = { onDuplicate: () => {}, onContradiction: () => {} }

/** The origin of dead letters about trades that contradict what is stored. */
export const CONTRADICTIONS = 'trade-log'

/** The trades topic with its ledger: the only way in. Every trade goes in once. */
export class TradeLog {
  readonly ledger: TradeLedger
  readonly outages: OpenOutages
  readonly #options: TradeLogOptions
  readonly #now: () => EpochMicros
  readonly #codec: Codec<MarketMessage>
  readonly #trades: Producer
  readonly #deadLetters: Producer
  #position: Position
  readonly #monotonicNow: () => number
  #savedAt: number
  #appending = 0
  #isSaveDue = false
  #listener = UNHEARD
  readonly #recent = new RecentTrades()

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
    this.ledger = ledger
    this.outages = outages
    this.#position = position
    ;[this.#trades, this.#deadLetters] = producers
  }

  /** @throws UsageError `topic_locked` when another process writes trades here */
  static async open(options: TradeLogOptions): Promise<TradeLog> {
    const { log } = options
    const producers = [await log.producer(TOPICS.trades), await log.producer(TOPICS.deadLetters)] as const
    return new TradeLog(options, await readLedger(options), producers)
  }

  tellDuplicates(listener: DuplicateListener): void {
    this.#listener = listener
  }

  /**
   * Appends what the log does not hold yet, in the given order; `via` is what brought the trades. Gives the number of messages
   * that it held already.
   */
  async append(messages: readonly MarketMessage[], via?: Via): Promise<number> {
    const contradictions: DeadLetter[] = []
    const now = this.#now()
    const fresh = messages.filter((message) => this.#isFresh(message, via, now, contradictions))
    if (fresh.length > 0) {
      this.#appending += 1
      this.#position = await this.#trades.append(fresh.map((message) => this.#codec.encode(message)))
      this.#appending -= 1
      if (this.#isSaveDue || this.#monotonicNow() - this.#savedAt >= SAVE_EVERY_MS) this.#save()
    }
    for (const letter of contradictions) await this.appendDeadLetter(letter)
    return messages.length - fresh.length
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

  /** Keeps what is known now, the open outages above all, so that a killed process leaves it to the next. */
  remember(): void {
    this.#save()
  }

  async appendDeadLetter(letter: DeadLetter): Promise<void> {
    await this.#deadLetters.append([deadLettersCodec(this.#options.source).encode(letter, systemTime())])
  }

  async close(): Promise<void> {
    await this.#trades.flush()
    this.#save()
    await this.#trades.close()
    await this.#deadLetters.close()
  }

  #isFresh(message: MarketMessage, via: Via | undefined, now: EpochMicros, contradictions: DeadLetter[]): boolean {
    const isFresh = this.ledger.observe(message, via, now)
    this.outages.observe(message)
    if (message.kind !== 'trade') return isFresh
    const { trade } = message
    if (!isFresh) this.#refuse(trade, contradictions)
    else if (trade.idSpace === 'venue') this.#recent.remember(trade)
    return isFresh
  }

  #refuse(trade: Trade, contradictions: DeadLetter[]): void {
    this.#listener.onDuplicate(trade)
    const stored = trade.idSpace === 'venue' ? this.#recent.contradictedBy(trade) : undefined
    if (stored === undefined) return
    this.#listener.onContradiction(stored, trade)
    contradictions.push(this.#contradiction(stored, trade))
  }

  #contradiction(stored: Trade, received: Trade): DeadLetter {
    const [before, now] = [stored, received].map((trade) => textOf(this.#codec.encode({ kind: 'trade', trade })))
    const reason = `${stored.symbol} trade ${stored.tradeId} came again and says something else. The stored one stands.`
    const raw = Buffer.from(`{"stored":${before},"received":${now}}`)
    return { origin: CONTRADICTIONS, code: 'trade_contradicts', reason, raw }
  }

  /** During an append it waits for its end: the ledger knows its trades already, the position does not yet. */
  #save(): void {
    this.#isSaveDue = this.#appending > 0
    if (this.#isSaveDue) return
    this.#options.checkpoints.save(LEDGER, { position: this.#position, ledger: this.ledger, outages: this.outages })
    this.#savedAt = this.#monotonicNow()
  }
}

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
