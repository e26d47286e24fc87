export type { CandleEvent } from './candle-event.ts'
export { CandleWindows, type CandleWindowsOptions } from './candle-windows.ts'
