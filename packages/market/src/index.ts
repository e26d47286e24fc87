export type { Candle, CandleState } from './candle.ts'
export {
  compareDecimals,
  type DecimalText,
  decimalsOf,
  decimalText,
  fromUnits,
  toUnits,
  trimDecimal,
} from './decimal.ts'
export { C1Error, InvariantError, MalformedError, UsageError } from './errors.ts'
export { findInstrument, type Instrument, type MarketSymbol, marketSymbol, symbolSlug } from './instrument.ts'
export { INTERVALS, type Interval, intervalMicros, parseInterval, windowOpenTime } from './interval.ts'
export {
  type EpochMicros,
  epochMicros,
  formatSpan,
  formatTime,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  parseSeconds,
  parseSpan,
  parseTime,
  systemTime,
} from './time.ts'
export {
  type Heartbeat,
  type IdSpace,
  type MarketMessage,
  type OrderType,
  type Outage,
  type Side,
  type Trade,
  unservedIds,
} from './trade.ts'
export {
  gatherColumns,
  ORDER_TYPES,
  SIDES,
  type Stretch,
  sliceColumns,
  stretchesOf,
  type TradeColumns,
  tradeAt,
  tradesOf,
} from './trade-columns.ts'
export {
  addId,
  addRange,
  countIds,
  hasId,
  type IdRange,
  type IdRanges,
  NO_IDS,
  withoutRange,
} from './trade-ids.ts'
export { emptyUnitTrade, type UnitTrade } from './unit-trade.ts'
