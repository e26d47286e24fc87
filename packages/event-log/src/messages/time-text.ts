import {
  type EpochMicros,
  formatTime,
  MICROS_PER_DAY,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  parseTime,
} from '@c1/market'

/** `2025-11-10T13:00:`, what all times of one minute begin with. */
const PREFIX_LENGTH = 17
/** `2025-11-10T`. */
const DATE_LENGTH = 11
const TWO_DIGITS: readonly string[] = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'))
const TEXT_LENGTH = 27
const COLON_SPLIT = 19

/**
 * `formatTime` and its inverse for times that come roughly in order, as a topic's do: only the first of a day pays for
 * the calendar: candles of several lengths close in one day, not in one minute.
 */
export class TimeText {
  #day = Number.NaN
  #date = ''
  #minute = Number.NaN
  #prefix = ''

  format(time: EpochMicros): string {
    const minute = Math.floor(time / MICROS_PER_MINUTE) * MICROS_PER_MINUTE
    if (minute !== this.#minute) this.#remember(minute)
    const micros = time - minute
    const seconds = Math.floor(micros / MICROS_PER_SECOND)
    const fraction = micros - seconds * MICROS_PER_SECOND
    return `${this.#prefix}${seconds < 10 ? '0' : ''}${seconds}.${String(MICROS_PER_SECOND + fraction).slice(1)}Z`
  }

  /** `undefined` unless `text` is exactly as `formatTime` writes it. */
  parse(text: string): EpochMicros | undefined {
    if (text.length !== TEXT_LENGTH) return undefined
    if ((this.#prefix === '' || !text.startsWith(this.#prefix)) && !this.#takeMinute(text)) return undefined
    const seconds = digits(text, PREFIX_LENGTH, COLON_SPLIT)
    const fraction = digits(text, COLON_SPLIT + 1, TEXT_LENGTH - 1)
    if (text[COLON_SPLIT] !== '.' || text[TEXT_LENGTH - 1] !== 'Z' || !(seconds < 60 && fraction >= 0)) return undefined
    return (this.#minute + seconds * MICROS_PER_SECOND + fraction) as EpochMicros
  }

  #takeMinute(text: string): boolean {
    const time = this.#minuteOfDay(text) ?? parseWhole(text)
    if (time === undefined) return false
    this.#remember(Math.floor(time / MICROS_PER_MINUTE) * MICROS_PER_MINUTE)
    return true
  }

  /** Where the text is of the day that is known. */
  #minuteOfDay(text: string): number | undefined {
    if (this.#date === '' || !text.startsWith(this.#date)) return undefined
    const hours = digits(text, DATE_LENGTH, DATE_LENGTH + 2)
    const minutes = digits(text, DATE_LENGTH + 3, DATE_LENGTH + 5)
    if (!(hours < 24 && minutes < 60) || text[DATE_LENGTH + 2] !== ':' || text[PREFIX_LENGTH - 1] !== ':')
      return undefined
    return this.#day + (hours * 60 + minutes) * MICROS_PER_MINUTE
  }

  #remember(minute: number): void {
    const day = Math.floor(minute / MICROS_PER_DAY) * MICROS_PER_DAY
    if (day !== this.#day) {
      this.#day = day
      this.#date = formatTime(day as EpochMicros).slice(0, DATE_LENGTH)
    }
    const minutes = (minute - day) / MICROS_PER_MINUTE
    const hours = Math.floor(minutes / 60)
    this.#minute = minute
    this.#prefix = `${this.#date}${TWO_DIGITS[hours]}:${TWO_DIGITS[minutes - hours * 60]}:`
  }
}

function parseWhole(text: string): EpochMicros | undefined {
  try {
    const time = parseTime(text)
    return formatTime(time) === text ? time : undefined
  } catch {
    return undefined
  }
}

/** The number that these digits write; NaN when one is no digit. */
function digits(text: string, from: number, to: number): number {
  let value = 0
  for (let at = from; at < to; at += 1) {
    const digit = text.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return value
}
