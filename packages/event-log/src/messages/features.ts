import type { FeatureColumn, FeatureGroup, FeatureRow } from '@c1/features'
import { type EpochMicros, InvariantError, type MarketSymbol } from '@c1/market'
import { TOPICS } from '../topics.ts'
import { type Codec, Envelope } from './codec.ts'
import { numberText, Row, timeText } from './row.ts'

const SCHEMA = TOPICS.features

/** What travels on the features topic, in one ordered stream per symbol. */
export type FeatureMessage =
  | { readonly kind: 'features'; readonly row: FeatureRow }
  /** A candle or an empty window that closed at `eventTime` gave no row. */
  | { readonly kind: 'heartbeat'; readonly symbol: MarketSymbol; readonly eventTime: EpochMicros }
  /** Of another group, or another version of it: a log outlives a change of features. */
  | { readonly kind: 'other-group' }

/**
 * `features.v1`: a JSON number for each column of `group` by its name, `null` for NaN. Numbers keep every bit. Header
 * `c1-group` (`candle_features/v1`) names the group, and the records of others are told as such.
 */
export function featuresCodec(source: string, group: FeatureGroup): Codec<FeatureMessage> {
  const envelope = new Envelope(SCHEMA, source, ['features', 'heartbeat'])
  const name = `${group.name}/v${group.version}`
  const header = ['c1-group', name] as const
  return {
    encode: (message) => {
      if (message.kind === 'other-group')
        throw new InvariantError('group_unknown', 'Only rows of a known group are written.')
      if (message.kind === 'heartbeat') {
        return envelope.wrap(
          'heartbeat',
          message.symbol,
          message.eventTime,
          heartbeatJson(message.symbol, message.eventTime),
          header,
        )
      }
      const { row } = message
      return envelope.wrap('features', row.symbol, row.eventTime, rowJson(row, group.features), header)
    },
    decode: (record) => {
      const kind = envelope.kindOf(record)
      if (record.headers['c1-group'] !== name) return { kind: 'other-group' }
      const row = new Row(SCHEMA, record)
      if (kind === 'features') return { kind, row: readRow(row, group.features) }
      return { kind, symbol: row.symbol(), eventTime: row.time('eventTime') }
    },
  }
}

function rowJson(row: FeatureRow, columns: readonly FeatureColumn[]): string {
  const features = columns.map(({ name }, index) => {
    const value = row.values[index] ?? Number.NaN
    return `${JSON.stringify(name)}:${Number.isNaN(value) ? 'null' : numberText(name, value)},`
  })
  return (
    `{"symbol":${JSON.stringify(row.symbol)},"eventTime":"${timeText(row.eventTime)}",` +
    `"availableAt":"${timeText(row.availableAt)}","revision":${row.revision},${features.join('')}` +
    `"firstTradeId":${row.firstTradeId},"lastTradeId":${row.lastTradeId}}`
  )
}

function readRow(row: Row, columns: readonly FeatureColumn[]): FeatureRow {
  return {
    symbol: row.symbol(),
    eventTime: row.time('eventTime'),
    availableAt: row.time('availableAt'),
    revision: row.count('revision'),
    firstTradeId: row.count('firstTradeId'),
    lastTradeId: row.count('lastTradeId'),
    values: columns.map(({ name }) => (row.has(name) ? row.number(name) : Number.NaN)),
  }
}

function heartbeatJson(symbol: MarketSymbol, eventTime: EpochMicros): string {
  return `{"symbol":${JSON.stringify(symbol)},"eventTime":"${timeText(eventTime)}"}`
}
