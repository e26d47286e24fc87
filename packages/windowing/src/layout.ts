import { type Candle, type DecimalText, MICROS_PER_SECOND, trimDecimal } from '@c1/market'

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
