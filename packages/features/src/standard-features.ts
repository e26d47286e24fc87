import {
  averageTrueRange,
  bollingerPosition,
  ema,
  logRange,
  logReturn,
  macd,
  realisedVolatility,
  rollingVwap,
  rsi,
  stochastic,
  takerImbalance,
  zScore,
} from '@c1/indicators'
import { MICROS_PER_DAY } from '@c1/market'
import { defineFeature, type FeatureDefinition } from './definition.ts'

/** Look-back of an exponential average: three periods leave 0.25 % of its weight out (see `ema`). */
const PERIODS_KEPT = 3
const FAST = 12
const SLOW = 26

/** 1970-01-01 was a Thursday; 1969-12-29 a Monday. */
const MONDAY = -3 * MICROS_PER_DAY
const MICROS_PER_WEEK = 7 * MICROS_PER_DAY

/**
 * The features that C1 computes when the user brings none. All but the label `close` are free of the price's and the
 * volume's scale, so that one model may learn from several markets. Spans count candles of the set's interval.
 */
export const standardFeatures: readonly FeatureDefinition[] = [
  defineFeature({
    name: 'close',
    unit: 'quote',
    description: 'Close of the candle: the price that labels are made from.',
    lookBack: 1,
    inputs: ['close'],
    role: 'label',
    compute: ({ close }, at) => close[at] as number,
  }),
  ...[1, 2, 5, 15, 30, 60].map(logReturnOver),
  ...[15, 60].map(volatilityOver),
  defineFeature({
    name: 'rsi14',
    unit: 'percent',
    description: "Relative strength index over 14 candles, Cutler's form, 0 to 100.",
    lookBack: 15,
    inputs: ['close'],
    role: 'input',
    compute: ({ close }, at) => rsi(close, at, 14),
  }),
  defineFeature({
    name: 'closeToEma12',
    unit: 'log-ratio',
    description: 'ln(close / exponential average of 12).',
    lookBack: PERIODS_KEPT * FAST,
    inputs: ['close'],
    role: 'input',
    compute: ({ close }, at) => Math.log((close[at] as number) / ema(close, at, FAST, PERIODS_KEPT * FAST)),
  }),
  defineFeature({
    name: 'ema12ToEma26',
    unit: 'log-ratio',
    description: 'ln(exponential average of 12 / exponential average of 26).',
    lookBack: PERIODS_KEPT * SLOW,
    inputs: ['close'],
    role: 'input',
    compute: ({ close }, at) =>
      Math.log(ema(close, at, FAST, PERIODS_KEPT * FAST) / ema(close, at, SLOW, PERIODS_KEPT * SLOW)),
  }),
  defineFeature({
    name: 'macdHistogram',
    unit: 'ratio',
    description: 'MACD 12/26 less its signal line of 9, over the close.',
    lookBack: PERIODS_KEPT * SLOW,
    inputs: ['close'],
    role: 'input',
    compute: ({ close }, at) =>
      macd(close, at, { fast: FAST, slow: SLOW, signal: 9 }, PERIODS_KEPT * SLOW).histogram / (close[at] as number),
  }),
  defineFeature({
    name: 'bollingerPosition20',
    unit: 'ratio',
    description: 'Close between the Bollinger bands of 20 candles and 2 deviations: -1 lower, 1 upper.',
    lookBack: 20,
    inputs: ['close'],
    role: 'input',
    compute: ({ close }, at) => bollingerPosition(close, at, 20, 2),
  }),
  defineFeature({
    name: 'stochastic14',
    unit: 'percent',
    description: 'Close between the lowest low and the highest high of 14 candles, 0 to 100.',
    lookBack: 14,
    inputs: ['high', 'low', 'close'],
    role: 'input',
    compute: ({ high, low, close }, at) => stochastic(high, low, close, at, 14),
  }),
  defineFeature({
    name: 'averageTrueRange14',
    unit: 'ratio',
    description: 'Mean true range of 14 candles over the close.',
    lookBack: 15,
    inputs: ['high', 'low', 'close'],
    role: 'input',
    compute: ({ high, low, close }, at) => averageTrueRange(high, low, close, at, 14) / (close[at] as number),
  }),
  defineFeature({
    name: 'vwapDistance1',
    unit: 'log-ratio',
    description: "ln(close / the candle's own volume-weighted average price).",
    lookBack: 1,
    inputs: ['close', 'vwap'],
    role: 'input',
    compute: ({ close, vwap }, at) => Math.log((close[at] as number) / (vwap[at] as number)),
  }),
  defineFeature({
    name: 'vwapDistance60',
    unit: 'log-ratio',
    description: 'ln(close / volume-weighted average price of 60 candles).',
    lookBack: 60,
    inputs: ['close', 'vwap', 'volume'],
    role: 'input',
    compute: ({ close, vwap, volume }, at) => Math.log((close[at] as number) / rollingVwap(vwap, volume, at, 60)),
  }),
  defineFeature({
    name: 'volumeZScore60',
    unit: 'standard-deviations',
    description: 'Volume against its mean and deviation over 60 candles.',
    lookBack: 60,
    inputs: ['volume'],
    role: 'input',
    compute: ({ volume }, at) => zScore(volume, at, 60),
  }),
  defineFeature({
    name: 'tradeCountZScore60',
    unit: 'standard-deviations',
    description: 'Number of trades against its mean and deviation over 60 candles.',
    lookBack: 60,
    inputs: ['tradeCount'],
    role: 'input',
    compute: ({ tradeCount }, at) => zScore(tradeCount, at, 60),
  }),
  ...[1, 5, 15].map(takerImbalanceOver),
  defineFeature({
    name: 'rangePosition',
    unit: 'percent',
    description: "Close between the candle's low and high, 0 to 100.",
    lookBack: 1,
    inputs: ['high', 'low', 'close'],
    role: 'input',
    compute: ({ high, low, close }, at) => stochastic(high, low, close, at, 1),
  }),
  defineFeature({
    name: 'logRange',
    unit: 'log-ratio',
    description: 'ln(high / low) of the candle.',
    lookBack: 1,
    inputs: ['high', 'low'],
    role: 'input',
    compute: ({ high, low }, at) => logRange(high, low, at),
  }),
  cyclic('timeOfDaySin', 'Sine of the UTC time of day of the close as an angle.', Math.sin, 0, MICROS_PER_DAY),
  cyclic('timeOfDayCos', 'Cosine of the UTC time of day of the close as an angle.', Math.cos, 0, MICROS_PER_DAY),
  cyclic(
    'timeOfWeekSin',
    'Sine of the UTC time since Monday of the close as an angle.',
    Math.sin,
    MONDAY,
    MICROS_PER_WEEK,
  ),
  cyclic(
    'timeOfWeekCos',
    'Cosine of the UTC time since Monday of the close as an angle.',
    Math.cos,
    MONDAY,
    MICROS_PER_WEEK,
  ),
]

function logReturnOver(span: number): FeatureDefinition<'close'> {
  return defineFeature({
    name: `logReturn${span}`,
    unit: 'log-return',
    description: `ln(close / close ${span} candles before).`,
    lookBack: span + 1,
    inputs: ['close'],
    role: 'input',
    compute: ({ close }, at) => logReturn(close, at, span),
  })
}

function volatilityOver(span: number): FeatureDefinition<'close'> {
  return defineFeature({
    name: `realisedVolatility${span}`,
    unit: 'log-return',
    description: `Root of the summed squared one-candle log returns of ${span} candles.`,
    lookBack: span + 1,
    inputs: ['close'],
    role: 'input',
    compute: ({ close }, at) => realisedVolatility(close, at, span),
  })
}

function takerImbalanceOver(period: number): FeatureDefinition<'volume' | 'buyVolume'> {
  return defineFeature({
    name: `takerImbalance${period}`,
    unit: 'ratio',
    description: `Taker buy less sell volume over all volume of ${period} candles, -1 to 1; NaN where no side is known.`,
    lookBack: period,
    inputs: ['volume', 'buyVolume'],
    role: 'input',
    compute: ({ volume, buyVolume }, at) => takerImbalance(volume, buyVolume, at, period),
  })
}

function cyclic(
  name: string,
  description: string,
  wave: (angle: number) => number,
  start: number,
  period: number,
): FeatureDefinition<'closeTime'> {
  return defineFeature({
    name,
    unit: 'ratio',
    description,
    lookBack: 1,
    inputs: ['closeTime'],
    role: 'input',
    compute: ({ closeTime }, at) => wave((2 * Math.PI * (((closeTime[at] as number) - start) % period)) / period),
  })
}
