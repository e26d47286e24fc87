import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DeadLetter, deadLettersCodec, type EventLog, openEmbeddedLog, TOPICS, tradesCodec } from '@c1/event-log'
import {
  decimalText,
  type EpochMicros,
  type IdSpace,
  type Instrument,
  type MarketMessage,
  type MarketSymbol,
  marketSymbol,
  type Trade,
} from '@c1/market'
import { CheckpointStore } from '@c1/service'
import { TradeLog } from './log/trade-log.ts'

export const SOURCE = 'kraken'

/** The market of a base with dollars, with Kraken's decimals for bitcoin. */
export function dollarMarket(base: string, alias: string = `${base}USD`): Instrument {
  const symbol = marketSymbol(`${base}/USD`)
  return { symbol, base, quote: 'USD', priceDecimals: 1, quantityDecimals: 8, status: 'online', aliases: [alias] }
}

/** A trade of which nothing matters but its place. */
export function madeTrade(symbol: MarketSymbol, tradeId: number, eventTime: number, idSpace: IdSpace = 'venue'): Trade {
  const [price, quantity] = [decimalText('1.0'), decimalText('1.00000000')]
  return {
    symbol,
    idSpace,
    tradeId,
    eventTime: eventTime as EpochMicros,
    price,
    quantity,
    side: 'buy',
    orderType: 'market',
  }
}

/** A folder with an event log and checkpoints in it, which can be left as a killed process leaves them. */
export class Place {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'c1-ingest-'))
  readonly checkpoints: CheckpointStore = new CheckpointStore(join(this.folder, 'checkpoints'))
  #log: EventLog | undefined

  async open(): Promise<TradeLog> {
    return TradeLog.open({ log: await this.#opened(), checkpoints: this.checkpoints, source: SOURCE })
  }

  /** Nothing more is said or saved, as after a kill. */
  async abandon(): Promise<void> {
    await this.#log?.close()
    this.#log = undefined
  }

  async messages(): Promise<MarketMessage[]> {
    const codec = tradesCodec(SOURCE)
    return this.#read(TOPICS.trades, (record) => codec.decode(record))
  }

  async deadLetters(): Promise<DeadLetter[]> {
    const codec = deadLettersCodec(SOURCE)
    return this.#read(TOPICS.deadLetters, (record) => codec.decode(record))
  }

  async remove(): Promise<void> {
    await this.abandon()
    rmSync(this.folder, { recursive: true })
  }

  async #opened(): Promise<EventLog> {
    this.#log ??= await openEmbeddedLog({ directory: join(this.folder, 'log'), onWarning: () => {} })
    return this.#log
  }

  async #read<Message>(
    topic: string,
    decode: (record: Parameters<ReturnType<typeof tradesCodec>['decode']>[0]) => Message,
  ): Promise<Message[]> {
    const consumer = await (await this.#opened()).consumer(topic, { from: 'earliest', until: 'end' })
    const messages: Message[] = []
    for await (const { records } of consumer) for (const record of records) messages.push(decode(record))
    return messages
  }
}
