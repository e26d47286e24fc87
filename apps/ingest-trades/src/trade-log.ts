import {
  type Codec,
  type DeadLetter,
  deadLettersCodec,
  type EventLog,
  type Position,
  type Producer,
  TOPICS,
  tradesCodec,
} from '@c1/event-log'
import { type MarketMessage, systemTime, type Trade } from '@c1/market'
import type { CheckpointStore } from '@c1/service'
import { TradeLedger } from './ledger.ts'

const LEDGER = 'trade-ledger'
const SAVE_EVERY_MS = 2000

export interface TradeLogOptions {
  readonly log: EventLog
  readonly checkpoints: CheckpointStore
  /** Written into every record: `kraken`, `simulator`, `replay-NAME`. */
  readonly source: string
}

/** The trades topic with its ledger: the only way in. Every trade goes in once. */
export class TradeLog {
  readonly ledger: TradeLedger
  readonly #options: TradeLogOptions
  readonly #codec: Codec<MarketMessage>
  readonly #trades: Producer
  readonly #deadLetters: Producer
  #position: Position
  #savedAt = performance.now()
  #appending = 0
  #onDuplicate: (trade: Trade) => void = () => {}

  private constructor(
    options: TradeLogOptions,
    ledger: TradeLedger,
    position: Position,
    producers: readonly [Producer, Producer],
  ) {
    this.#options = options
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

  /** Hears of every trade that the log holds already. */
  onDuplicate(listener: (trade: Trade) => void): void {
    this.#onDuplicate = listener
  }

  /** Appends what the log does not hold yet, in the given order. Gives the number of messages that it held already. */
  async append(messages: readonly MarketMessage[]): Promise<number> {
    const fresh = messages.filter((message) => this.#isFresh(message))
    if (fresh.length > 0) {
      this.#appending += 1
      this.#position = await this.#trades.append(fresh.map((message) => this.#codec.encode(message)))
      this.#appending -= 1
      if (performance.now() - this.#savedAt >= SAVE_EVERY_MS) this.#save()
    }
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

  #isFresh(message: MarketMessage): boolean {
    const isFresh = this.ledger.observe(message)
    if (!isFresh && message.kind === 'trade') this.#onDuplicate(message.trade)
    return isFresh
  }

  /** Never during an append: the ledger knows its trades already, the position does not yet. */
  #save(): void {
    if (this.#appending > 0) return
    this.#options.checkpoints.save(LEDGER, { position: this.#position, ledger: this.ledger })
    this.#savedAt = performance.now()
  }
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
