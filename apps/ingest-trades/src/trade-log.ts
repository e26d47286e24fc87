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
import { type MarketMessage, systemTime, type Trade } from '@c1/market'
import type { CheckpointStore } from '@c1/service'
import { TradeLedger } from './ledger.ts'
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
  readonly #options: TradeLogOptions
  readonly #codec: Codec<MarketMessage>
  readonly #trades: Producer
  readonly #deadLetters: Producer
  #position: Position
  readonly #monotonicNow: () => number
  #savedAt: number
  #appending = 0
  #listener = UNHEARD
  readonly #recent = new RecentTrades()

  private constructor(
    options: TradeLogOptions,
    ledger: TradeLedger,
    position: Position,
    producers: readonly [Producer, Producer],
  ) {
    this.#options = options
    this.#monotonicNow = options.monotonicNow ?? (() => performance.now())
    this.#savedAt = this.#monotonicNow()
    this.#codec = tradesCodec(options.source)
    this.ledger = ledger
    this.#position = position
    ;[this.#trades, this.#deadLetters] = producers
  }

  /** @throws UsageError `topic_locked` when another process writes trades here */
  static async open(options: TradeLogOptions): Promise<TradeLog> {
    const { log } = options
    const producers = [await log.producer(TOPICS.trades), await log.producer(TOPICS.deadLetters)] as const
    const { ledger, position } = await readLedger(options)
    return new TradeLog(options, ledger, position, producers)
  }

  tellDuplicates(listener: DuplicateListener): void {
    this.#listener = listener
  }

  /** Appends what the log does not hold yet, in the given order. Gives the number of messages that it held already. */
  async append(messages: readonly MarketMessage[]): Promise<number> {
    const contradictions: DeadLetter[] = []
    const fresh = messages.filter((message) => this.#isFresh(message, contradictions))
    if (fresh.length > 0) {
      this.#appending += 1
      this.#position = await this.#trades.append(fresh.map((message) => this.#codec.encode(message)))
      this.#appending -= 1
      if (this.#monotonicNow() - this.#savedAt >= SAVE_EVERY_MS) this.#save()
    }
    for (const letter of contradictions) await this.appendDeadLetter(letter)
    return messages.length - fresh.length
  }

  appendTrades(trades: readonly Trade[]): Promise<number> {
    return this.append(trades.map((trade) => ({ kind: 'trade', trade })))
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

  #isFresh(message: MarketMessage, contradictions: DeadLetter[]): boolean {
    const isFresh = this.ledger.observe(message)
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

  /** Never during an append: the ledger knows its trades already, the position does not yet. */
  #save(): void {
    if (this.#appending > 0) return
    this.#options.checkpoints.save(LEDGER, { position: this.#position, ledger: this.ledger })
    this.#savedAt = this.#monotonicNow()
  }
}

function textOf({ value }: LogRecord): string {
  return Buffer.from(value).toString()
}

/** The ledger of everything that the log holds, and where that ends. */
export async function readLedger({
  log,
  checkpoints,
  source,
}: TradeLogOptions): Promise<{ ledger: TradeLedger; position: Position }> {
  const codec = tradesCodec(source)
  const { end } = await log.bounds(TOPICS.trades)
  const saved = checkpoints.load(LEDGER) as { position: Position; ledger: unknown } | undefined
  const usable =
    saved !== undefined &&
    Object.entries(saved.position).every(([partition, at]) => at <= (end[Number(partition)] ?? 0))
  const ledger = usable ? TradeLedger.restore(saved.ledger) : new TradeLedger()
  const rest = await log.consumer(TOPICS.trades, { from: usable ? saved.position : 'earliest', until: 'end' })
  for await (const { records } of rest) for (const record of records) ledger.observe(codec.decode(record))
  return { ledger, position: end }
}
