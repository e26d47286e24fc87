import type { Candle, DecimalText, EpochMicros, IdSpace, MarketMessage, MarketSymbol, Side, Trade } from '@c1/market'
import type { CandleEvent } from '../candle-event.ts'
import type { CandleWindows } from '../candle-windows.ts'
import { LogWindows } from '../late-windows.ts'

export const SYMBOL = 'BTC/USD' as MarketSymbol
export const SECOND = 1_000_000
export const MINUTE: number = 60 * SECOND
export const HOUR: number = 60 * MINUTE
/** 2025-11-10T00:00:00Z, the start of a window of every interval. */
export const MIDNIGHT: number = 1_762_732_800 * SECOND

export interface TradeFields {
  readonly price?: string
  readonly quantity?: string
  readonly side?: Side | undefined
  readonly idSpace?: IdSpace
  readonly symbol?: MarketSymbol
}

/** A trade `time` microseconds after midnight. */
export function trade(tradeId: number, time: number, fields: TradeFields = {}): Trade {
  return {
    symbol: fields.symbol ?? SYMBOL,
    idSpace: fields.idSpace ?? 'venue',
    tradeId,
    eventTime: (MIDNIGHT + time) as EpochMicros,
    price: (fields.price ?? '100.0') as DecimalText,
    quantity: (fields.quantity ?? '1.00000000') as DecimalText,
    side: 'side' in fields ? fields.side : 'buy',
    orderType: undefined,
  }
}

export function tradeMessage(trade: Trade): MarketMessage {
  return { kind: 'trade', trade }
}

/** The feed was alive `time` microseconds after midnight. */
export function heartbeat(lastTradeId: number, time: number, idSpace: IdSpace = 'venue'): MarketMessage {
  return {
    kind: 'heartbeat',
    heartbeat: { symbol: SYMBOL, idSpace, eventTime: (MIDNIGHT + time) as EpochMicros, lastTradeId },
  }
}

/** The venue does not serve the trades of these ids, which happened between the two times after midnight. */
export function exception(firstTradeId: number, lastTradeId: number, from: number, to: number): MarketMessage {
  const times = { from: (MIDNIGHT + from) as EpochMicros, to: (MIDNIGHT + to) as EpochMicros }
  return { kind: 'outage', outage: { symbol: SYMBOL, ...times, firstTradeId, lastTradeId } }
}

export function advanceAll(windows: CandleWindows, messages: Iterable<MarketMessage>): CandleEvent[] {
  return [...messages].flatMap((message) => [...windows.advance(message)])
}

/**
 * The same with a log beside it, as the role does it: what came so far answers a `late` event, whose place the revisions take. The
 * messages are added to `log`.
 */
export function advanceWithLog(
  windows: CandleWindows,
  messages: Iterable<MarketMessage>,
  log: MarketMessage[] = [],
): CandleEvent[] {
  return [...messages].flatMap((message) => {
    log.push(message)
    return windows.advance(message).flatMap((event) => {
      if (event.kind !== 'late') return event
      const again = new LogWindows(event.late)
      for (const past of log) if (past.kind === 'trade') again.addText(past.trade)
      return [...windows.reviseFromLog(again)]
    })
  })
}

export function candlesOf(events: readonly CandleEvent[]): Candle[] {
  return events.flatMap((event) => (event.kind === 'candle' ? [event.candle] : []))
}

/** `1m 00:01 r1`: interval, open time and revision, which is enough to tell which candle an event brought. */
export function inShort(event: CandleEvent): string {
  if (event.kind === 'heartbeat') return `empty ${clock(event.eventTime)}`
  if (event.kind === 'late') return `late ${event.late.tradeId}`
  return `${event.candle.interval} ${clock(event.candle.openTime)} r${event.candle.revision}`
}

function clock(time: EpochMicros): string {
  return new Date(time / 1000).toISOString().slice(11, 16)
}
