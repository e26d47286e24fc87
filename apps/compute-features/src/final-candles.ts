import { candlesCodec, type EventLog, type Position, TOPICS } from '@c1/event-log'
import type { Candle, EpochMicros, Interval, MarketSymbol } from '@c1/market'

/** The final candles of one symbol and interval in the log before `until`, by time, each in its newest revision. */
export async function finalCandles(
  { log, source }: { readonly log: EventLog; readonly source: string },
  symbol: MarketSymbol,
  interval: Interval,
  until: Position | 'end',
): Promise<Candle[]> {
  const codec = candlesCodec(source)
  const newest = new Map<EpochMicros, Candle>()
  const consumer = await log.consumer(TOPICS.candles, { from: 'earliest', until })
  for await (const { records } of consumer) {
    for (const record of records) {
      if (record.key !== symbol) continue
      const message = codec.decode(record)
      if (message.kind === 'candle' && message.candle.interval === interval) {
        newest.set(message.candle.openTime, message.candle)
      }
    }
  }
  return [...newest.values()].sort((a, b) => a.openTime - b.openTime)
}
