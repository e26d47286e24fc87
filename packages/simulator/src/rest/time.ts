import { type EpochMicros, MICROS_PER_SECOND } from '@c1/market'

/** `Time`: `{"unixtime":1762820224,"rfc1123":"Tue, 11 Nov 25 00:17:04 +0000"}`, with a two-digit year. */
export function timeAnswer(now: EpochMicros): string {
  const unixtime = Math.floor(now / MICROS_PER_SECOND)
  const [weekday, day, month, year = '', clock] = new Date(unixtime * 1000).toUTCString().split(' ')
  return JSON.stringify({ unixtime, rfc1123: `${weekday} ${day} ${month} ${year.slice(-2)} ${clock} +0000` })
}

/** @param status `online`, or why no trade happens */
export function systemStatusAnswer(now: EpochMicros, status: string): string {
  const seconds = new Date(Math.floor(now / MICROS_PER_SECOND) * 1000).toISOString()
  return JSON.stringify({ status, timestamp: seconds.replace('.000', '') })
}
