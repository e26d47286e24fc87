export { type BuildCandlesOptions, buildCandles } from './build-candles.ts'
