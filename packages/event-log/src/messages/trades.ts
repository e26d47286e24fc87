import {
  type Heartbeat,
  type IdSpace,
  type MarketMessage,
  type OrderType,
  type Outage,
  type Side,
  type Trade,
  type UnitTrade,
  unservedIds,
} from '@c1/market'
import type { StoredRecord } from '../event-log.ts'
import { TOPICS } from '../topics.ts'
import { type Codec, Envelope } from './codec.ts'
import { malformedRecord, Row, timeText } from './row.ts'
import { TradeReader } from './trade-reader.ts'

const SCHEMA = TOPICS.trades
const SIDES = ['buy', 'sell'] as const
const ORDER_TYPES = ['market', 'limit'] as const

export interface TradesCodec extends Codec<MarketMessage> {
  /**
   * Fills `trade`, with no text or object made, from a record that is a trade as `encode` writes it. False for any other, which
   * `decode` is for: a heartbeat, an outage, another writer's JSON, more digits than a `number` holds. What it takes, `decode`
   * would take too, and it is the same trade.
   *
   * @throws MalformedError as `decode`, of the headers
   */
  readTrade(record: StoredRecord, trade: UnitTrade): boolean
}

/** `trades.v1`. Header `c1-ids` names what numbers the trades where that is not the venue. */
export function tradesCodec(source: string): TradesCodec {
  const envelope = tradesEnvelope(source)
  const reader = new TradeReader((record) => (envelope.kindOf(record) === 'trade' ? idSpaceOf(record) : undefined))
  return {
    readTrade: (record, trade) => reader.read(record, trade),
    encode: (message) => {
      switch (message.kind) {
        case 'trade': {
          const { trade } = message
          return envelope.wrap('trade', trade.symbol, trade.eventTime, tradeJson(trade), idsHeader(trade.idSpace))
        }
        case 'heartbeat': {
          const { heartbeat } = message
          const { symbol, eventTime, idSpace } = heartbeat
          return envelope.wrap('heartbeat', symbol, eventTime, heartbeatJson(heartbeat), idsHeader(idSpace))
        }
        case 'outage': {
          const { outage } = message
          return envelope.wrap('outage', outage.symbol, outage.to, outageJson(outage))
        }
      }
    },
    decode: (record) => {
      const kind = envelope.kindOf(record)
      const row = new Row(SCHEMA, record)
      switch (kind) {
        case 'trade':
          return { kind, trade: readTrade(row, idSpaceOf(record)) }
        case 'heartbeat':
          return { kind, heartbeat: readHeartbeat(row, idSpaceOf(record)) }
        case 'outage':
          return { kind, outage: readOutage(row) }
      }
    },
  }
}

export function tradesEnvelope(source: string): Envelope<MarketMessage['kind']> {
  return new Envelope(SCHEMA, source, ['trade', 'heartbeat', 'outage'])
}

/** Neither a symbol nor these words hold anything that JSON escapes. */
function tradeJson(trade: Trade): string {
  return (
    `{"symbol":"${trade.symbol}","tradeId":${trade.tradeId},"eventTime":"${timeText(trade.eventTime)}",` +
    `"price":"${trade.price}","quantity":"${trade.quantity}","side":${wordText(trade.side)},` +
    `"orderType":${wordText(trade.orderType)}}`
  )
}

function wordText(word: Side | OrderType | undefined): string {
  return word === undefined ? 'null' : `"${word}"`
}

function readTrade(row: Row, idSpace: IdSpace): Trade {
  return {
    symbol: row.symbol(),
    idSpace,
    tradeId: row.count('tradeId'),
    eventTime: row.time('eventTime'),
    price: row.decimal('price'),
    quantity: row.decimal('quantity'),
    side: row.has('side') ? row.oneOf('side', SIDES) : undefined,
    orderType: row.has('orderType') ? row.oneOf('orderType', ORDER_TYPES) : undefined,
  }
}

function heartbeatJson({ symbol, eventTime, lastTradeId }: Heartbeat): string {
  return `{"symbol":${JSON.stringify(symbol)},"eventTime":"${timeText(eventTime)}","lastTradeId":${lastTradeId}}`
}

function readHeartbeat(row: Row, idSpace: IdSpace): Heartbeat {
  return { symbol: row.symbol(), idSpace, eventTime: row.time('eventTime'), lastTradeId: row.count('lastTradeId') }
}

function outageJson(outage: Outage): string {
  const { symbol, from, to } = outage
  const unserved = unservedIds(outage)
  const ids = unserved === undefined ? '' : `,"firstTradeId":${unserved.first},"lastTradeId":${unserved.last}`
  return `{"symbol":${JSON.stringify(symbol)},"from":"${timeText(from)}","to":"${timeText(to)}"${ids}}`
}

function readOutage(row: Row): Outage {
  const outage = { symbol: row.symbol(), from: row.time('from'), to: row.time('to') }
  if (!row.isThere('firstTradeId') && !row.isThere('lastTradeId')) return outage
  const firstTradeId = row.count('firstTradeId')
  const lastTradeId = row.count('lastTradeId')
  if (lastTradeId < firstTradeId) throw row.malformed('lastTradeId', lastTradeId, `${firstTradeId} or more`)
  return { ...outage, firstTradeId, lastTradeId }
}

/** What numbers the trades, where that is not the venue. */
export function idsHeader(idSpace: IdSpace): readonly ['c1-ids', string] | undefined {
  return idSpace === 'venue' ? undefined : ['c1-ids', idSpace]
}

function idSpaceOf(record: StoredRecord): IdSpace {
  const ids = record.headers['c1-ids'] ?? 'venue'
  if (ids === 'venue' || ids.startsWith('file:')) return ids as IdSpace
  throw malformedRecord(SCHEMA, record, `its header c1-ids is ${JSON.stringify(ids)}, expected file:<digest>`, { ids })
}
