import { type EpochMicros, type Heartbeat, marketSymbol } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { addMark, coveredTime, missingTime, type TimeMark } from './time-marks.ts'

const symbol = marketSymbol('BTC/USD')
const time = (at: number): EpochMicros => at as EpochMicros
const span = (first: number, last: number) => ({ first, last, from: time(first * 10), to: time(last * 10) })
const heartbeat = (lastTradeId: number, eventTime: number): Heartbeat => ({
  symbol,
  idSpace: 'venue',
  eventTime: time(eventTime),
  lastTradeId,
})
const marksOf = (...heartbeats: readonly [number, number][]): readonly TimeMark[] =>
  heartbeats.reduce<readonly TimeMark[]>((marks, [id, at]) => addMark(marks, heartbeat(id, at), []), [])
const missing = (spans: ReturnType<typeof span>[], marks: readonly TimeMark[], from: number, to: number) =>
  missingTime(coveredTime(spans, marks), time(from), to).map((piece) => [piece.from, piece.to, piece.below?.last])

describe('covered time', () => {
  it('is between the first and the last trade of a span, which know nothing of their own instants', () => {
    expect(missing([span(5, 9)], [], 20, 200)).toEqual([
      [20, 51, undefined],
      [90, 200, 9],
    ])
    expect(missing([span(5, 9)], [], 51, 90)).toEqual([])
  })

  it('reaches to the marks around a span, and from the beginning where the first trade is known', () => {
    const marks = marksOf([4, 20], [9, 200])
    expect(missing([span(5, 9)], marks, 20, 200)).toEqual([])
    expect(missing([span(5, 9)], marks, 19, 201)).toEqual([
      [19, 20, undefined],
      [200, 201, 9],
    ])
    expect(missing([span(1, 9)], [], 0, 90)).toEqual([])
    expect(missing([], marksOf([0, 50]), 0, 60)).toEqual([[50, 60, undefined]])
  })

  it('is what two marks of one trade enclose, though the trade is not in the log', () => {
    expect(missing([], marksOf([4, 20], [4, 60]), 20, 60)).toEqual([])
    expect(missing([span(9, 9)], marksOf([4, 20], [4, 60]), 10, 100)).toEqual([
      [10, 20, undefined],
      [60, 100, undefined],
    ])
  })

  it('leaves out holes, each with what is known before it', () => {
    expect(missing([span(1, 3), span(7, 9)], [], 0, Number.POSITIVE_INFINITY)).toEqual([
      [30, 71, 3],
      [90, Number.POSITIVE_INFINITY, 9],
    ])
  })
})

it('marks that a span holds inside are forgotten in time, the others stay', () => {
  let marks: readonly TimeMark[] = marksOf([0, 1], [100, 1001])
  for (let id = 1; id <= 99; id++) marks = addMark(marks, heartbeat(id, id * 10 + 5), [span(1, 100)])
  expect(marks.length).toBeLessThan(20)
  expect(marks.map(({ lastTradeId }) => lastTradeId)).toEqual(expect.arrayContaining([0, 100]))
})
