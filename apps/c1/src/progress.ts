import type { Progress } from '@c1/ingest-trades'
import { formatSpan, MICROS_PER_SECOND } from '@c1/market'
import { counted } from './counted.ts'

/** What long work tells on standard error: one line that is written over on a terminal, a line now and then elsewhere. */
export class ProgressLine {
  readonly #quiet: boolean
  readonly #everyMs: number
  #shownAt = process.stderr.isTTY ? Number.NEGATIVE_INFINITY : performance.now()
  #open = false

  constructor(quiet: boolean) {
    this.#quiet = quiet
    this.#everyMs = process.stderr.isTTY ? 200 : 5000
  }

  /** Shows the line when it is time for one. */
  show(line: () => string): void {
    if (this.#quiet || performance.now() - this.#shownAt < this.#everyMs) return
    this.#shownAt = performance.now()
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${line()}`)
    else process.stderr.write(`${line()}\n`)
    this.#open = process.stderr.isTTY
  }

  /** A line that stays. */
  say(line: string): void {
    if (this.#quiet) return
    if (this.#open) process.stderr.write('\r\x1b[2K')
    this.#open = false
    process.stderr.write(`${line}\n`)
  }
}

/** More symbols than this would not fit on a line. */
const MOST_TOLD = 3

/** How far history is after so many seconds. */
export function backfillText(symbols: readonly Progress[], seconds: number, secondsLeft: number | undefined): string {
  const told = symbols.slice(0, MOST_TOLD).map(({ fraction, symbol }) => `${symbol} ${Math.floor(fraction * 100)} %`)
  const more = symbols.length > MOST_TOLD ? ` and ${symbols.length - MOST_TOLD} more` : ''
  const trades = symbols.reduce((sum, progress) => sum + progress.trades, 0)
  return `History: ${told.join(', ')}${more}: ${counted(trades, 'trade')}, ${rateAndTimeLeft(trades, seconds, secondsLeft)}`
}

/** Rate and time left of work of which `fraction` (0 to 1) took `seconds`. */
export function rateAndEta(count: number, fraction: number, seconds: number): string {
  const isKnown = fraction > 0 && fraction < 1
  return rateAndTimeLeft(count, seconds, isKnown ? (seconds * (1 - fraction)) / fraction : undefined)
}

/** Rate of what took `seconds`, and the time left in seconds where it is known. */
function rateAndTimeLeft(count: number, seconds: number, secondsLeft: number | undefined): string {
  const rate = `${Math.round(count / Math.max(seconds, 0.001)).toLocaleString('en')}/s`
  return secondsLeft === undefined ? rate : `${rate}, ${formatDuration(Math.ceil(secondsLeft))} left`
}

/** Seconds in the unit that a reader would use. */
export function formatDuration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 120 ? `${minutes} min` : formatSpan(Math.round(minutes / 60) * 3600 * MICROS_PER_SECOND)
}
