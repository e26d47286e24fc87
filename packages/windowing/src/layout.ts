import { type Candle, type DecimalText, formatTime, MICROS_PER_SECOND, trimDecimal } from '@c1/market'

/** The columns of a candle in C1's files, in order. */
export const CANDLE_COLUMNS: readonly (keyof Candle)[] = [
  'symbol',
  'interval',
  'openTime',
  'closeTime',
  'open',
  'high',
  'low',
  'close',
  'volume',
  'vwap',
  'tradeCount',
  'buyVolume',
  'firstTradeId',
  'lastTradeId',
  'revision',
  'state',
  'complete',
]

/** A candle as a line of C1's CSV files, without a line end: times in ISO 8601, what is absent empty. */
export function candleLine(candle: Candle): string {
  const { symbol, interval, openTime, closeTime, open, high, low, close, volume, vwap } = candle
  const { tradeCount, buyVolume, firstTradeId, lastTradeId, revision, state, complete } = candle
  const window = `${symbol},${interval},${formatTime(openTime)},${formatTime(closeTime)}`
  const trades = `${tradeCount},${buyVolume ?? ''},${firstTradeId},${lastTradeId}`
  return `${window},${open},${high},${low},${close},${volume},${vwap},${trades},${revision},${state},${complete ?? ''}`
}

/**
 * A candle as a line of Kraken's downloadable OHLCVT files, without a line end: `seconds,open,high,low,close,volume,trades`
 * with the window's start. Kraken cuts trailing zeros but keeps one decimal (`122.0`); its own volume is a sum of binary floats
 * and may differ from the exact one in the last digits.
 */
export function krakenCandleLine({ openTime, open, high, low, close, volume, tradeCount }: Candle): string {
  const prices = `${krakenDecimal(open)},${krakenDecimal(high)},${krakenDecimal(low)},${krakenDecimal(close)}`
  return `${openTime / MICROS_PER_SECOND},${prices},${krakenDecimal(volume)},${tradeCount}`
}

function krakenDecimal(text: DecimalText): string {
  const trimmed = trimDecimal(text)
  return trimmed.includes('.') ? trimmed : `${trimmed}.0`
}
