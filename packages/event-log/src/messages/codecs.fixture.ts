import { candlesCodec } from './candles.ts'
import { deadLettersCodec } from './dead-letters.ts'
import { group } from './examples.fixture.ts'
import { featuresCodec } from './features.ts'
import { outcomesCodec, predictionsCodec } from './predictions.ts'
import { tradesCodec } from './trades.ts'

export const trades: ReturnType<typeof tradesCodec> = tradesCodec('kraken')
export const candles: ReturnType<typeof candlesCodec> = candlesCodec('kraken')
export const features: ReturnType<typeof featuresCodec> = featuresCodec('kraken', group)
export const predictions: ReturnType<typeof predictionsCodec> = predictionsCodec('kraken')
export const outcomes: ReturnType<typeof outcomesCodec> = outcomesCodec('kraken')
export const deadLetters: ReturnType<typeof deadLettersCodec> = deadLettersCodec('kraken')
