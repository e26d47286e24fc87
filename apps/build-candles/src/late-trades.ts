import { type EventLog, type Position, type StoredRecord, TOPICS, type TradesCodec } from '@c1/event-log'
import { emptyUnitTrade } from '@c1/market'
import { type LateWindows, LogWindows } from '@c1/windowing'

/**
 * Reads again what windows held that are no longer in memory, out of the trade log as it stood with a given record: so it is the same
 * after a restart, however far the log has come by then.
 */
export class LateTrades {
  readonly #log: EventLog
  readonly #codec: TradesCodec

  constructor(log: EventLog, codec: TradesCodec) {
    this.#log = log
    this.#codec = codec
  }

  /**
   * The trades of late windows, up to and including `record`. Undefined where retention has removed some of what was read since
   * `begin`: a candle of the trades that are left would be wrong.
   */
  async read(late: LateWindows, record: StoredRecord, begin: number): Promise<LogWindows | undefined> {
    const { partition } = record
    const oldest = (await this.#log.bounds(TOPICS.trades)).begin[partition] ?? 0
    if (oldest > begin) return undefined
    const from: Position = { [partition]: begin }
    const until: Position = { [partition]: record.offset + 1 }
    const only = { key: late.symbol, from: late.from, to: late.to }
    const consumer = await this.#log.consumer(TOPICS.trades, { from, until, partitions: [partition], only })
    const windows = new LogWindows(late)
    const trade = emptyUnitTrade()
    for await (const { records } of consumer) {
      for (const past of records) {
        if (past.key !== late.symbol) continue
        if (this.#codec.readTrade(past, trade)) {
          windows.add(trade)
          continue
        }
        const message = this.#codec.decode(past)
        if (message.kind === 'trade') windows.addText(message.trade)
      }
    }
    return windows
  }
}
