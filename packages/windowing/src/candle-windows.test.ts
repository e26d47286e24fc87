import {
  INTERVALS,
  InvariantError,
  MalformedError,
  type MarketMessage,
  type MarketSymbol,
  type Trade,
} from '@c1/market'
import { describe, expect, it } from 'vitest'
import type { CandleEvent } from './candle-event.ts'
import { CandleWindows } from './candle-windows.ts'
import {
  advanceAll,
  advanceWithLog,
  candlesOf,
  exception,
  HOUR,
  heartbeat,
  inShort,
  MIDNIGHT,
  MINUTE,
  SECOND,
  SYMBOL,
  trade,
  tradeMessage,
} from './test-support/trades.ts'

const ONE = { intervals: ['1m'] } as const
const ONE_AND_FIVE = { intervals: ['1m', '5m'] } as const

/** What each message brings, in short. */
function told(windows: CandleWindows, ...messages: MarketMessage[]): string[][] {
  return messages.map((message) => windows.advance(message).map(inShort))
}

function at(tradeId: number, time: number): MarketMessage {
  return tradeMessage(trade(tradeId, time))
}

function only(events: readonly CandleEvent[]) {
  const [candle, ...others] = candlesOf(events)
  if (candle === undefined || others.length > 0) throw new InvariantError('test_broken', 'Expected one candle.')
  return candle
}

describe('a window is final', () => {
  it('when the ids prove its start and the next trade its end', () => {
    //   00:00     00:01     00:02
    //   |  1   2  |    3    |
    const windows = new CandleWindows(ONE)
    expect(told(windows, at(1, 10 * SECOND), at(2, 59 * SECOND), at(3, 70 * SECOND))).toEqual([[], [], ['1m 00:00 r1']])
  })

  it('when a heartbeat says that its last trade is the last', () => {
    const windows = new CandleWindows(ONE)
    expect(told(windows, at(1, 10 * SECOND), heartbeat(1, 59 * SECOND), heartbeat(1, MINUTE))).toEqual([
      [],
      [],
      ['1m 00:00 r1'],
    ])
  })

  it('never when trades before its first one may be missing', () => {
    //   00:00     00:01     00:02
    //   | ?   7   |    8    |   9
    const windows = new CandleWindows(ONE)
    expect(told(windows, at(7, 10 * SECOND), at(8, 70 * SECOND), at(9, 130 * SECOND))).toEqual([
      [],
      [],
      ['1m 00:01 r1'],
    ])
  })

  it('never when trades of its first instant may be missing, even at its very start', () => {
    const windows = new CandleWindows(ONE)
    expect(told(windows, at(7, 0), at(8, 60 * SECOND))).toEqual([[], []])
  })

  it('when a heartbeat before its first trade says what came before', () => {
    const windows = new CandleWindows(ONE)
    expect(told(windows, heartbeat(6, 0), at(7, 10 * SECOND), at(8, 70 * SECOND))).toEqual([[], [], ['1m 00:00 r1']])
    const afterwards = new CandleWindows(ONE)
    expect(told(afterwards, at(7, 10 * SECOND), at(8, 70 * SECOND), heartbeat(6, 0))).toEqual([[], [], ['1m 00:00 r1']])
  })

  it('when a heartbeat spoke of its last trades before they came', () => {
    const windows = new CandleWindows(ONE)
    const messages = [
      at(1, 10 * SECOND),
      at(2, 20 * SECOND),
      heartbeat(4, MINUTE),
      at(3, 30 * SECOND),
      at(4, 40 * SECOND),
    ]
    expect(told(windows, ...messages)).toEqual([[], [], [], [], ['1m 00:00 r1']])
  })

  it('with the trade at its first instant, without the one at its last', () => {
    const windows = new CandleWindows(ONE)
    const messages = [heartbeat(0, 0), at(1, 0), at(2, MINUTE - 1), at(3, MINUTE), heartbeat(3, 2 * MINUTE)]
    expect(candlesOf(advanceAll(windows, messages)).map(({ tradeCount }) => tradeCount)).toEqual([2, 1])
  })

  it('not by an outage: ids tell what is missing', () => {
    const windows = new CandleWindows(ONE)
    const { symbol, eventTime: from } = trade(1, 0)
    const to = trade(1, HOUR).eventTime
    expect(told(windows, at(1, SECOND), { kind: 'outage', outage: { symbol, from, to } })).toEqual([[], []])
  })
})

describe('a hole in the ids', () => {
  it('holds back the windows beyond it until it is filled, which then come in order', () => {
    //   00:00     00:01     00:02     00:03
    //   |  1   2  | (3)  4  |    5    |    6
    const windows = new CandleWindows(ONE)
    const messages = [at(1, 10 * SECOND), at(2, 20 * SECOND), at(4, 100 * SECOND), at(5, 150 * SECOND)]
    expect(told(windows, ...messages, at(6, 190 * SECOND))).toEqual([[], [], [], [], []])
    expect(told(windows, at(3, 70 * SECOND))).toEqual([['1m 00:00 r1', '1m 00:01 r1', '1m 00:02 r1']])
  })

  it('leaves the newest window beyond it provisional, and says that trades are missing where they are', () => {
    const windows = new CandleWindows(ONE_AND_FIVE)
    advanceAll(windows, [at(1, 10 * SECOND), at(3, 70 * SECOND)])
    expect(windows.provisional(SYMBOL, '1m')).toMatchObject({ tradeCount: 1, complete: false, state: 'provisional' })
    expect(windows.provisional(SYMBOL, '5m')).toMatchObject({ tradeCount: 2, complete: false, revision: 0 })
    windows.advance(at(2, 60 * SECOND))
    expect(windows.provisional(SYMBOL, '5m')).toMatchObject({ tradeCount: 3, complete: true })
  })

  it('below everything seen so far does not hold back what is live, and older history comes in its own order', () => {
    const windows = new CandleWindows(ONE)
    const live = [at(50, 10 * MINUTE + SECOND), at(51, 11 * MINUTE), at(52, 12 * MINUTE)]
    expect(told(windows, ...live)).toEqual([[], [], ['1m 00:11 r1']])
    const older = [at(1, SECOND), at(2, MINUTE), at(3, 2 * MINUTE)]
    expect(told(windows, ...older, at(53, 13 * MINUTE))).toEqual([
      [],
      ['1m 00:00 r1'],
      ['1m 00:01 r1'],
      ['1m 00:12 r1'],
    ])
  })
})

describe('empty windows', () => {
  it('give one heartbeat for the newest of those that close together', () => {
    const windows = new CandleWindows(ONE)
    const messages = [at(1, 0), heartbeat(1, 2 * MINUTE), heartbeat(1, 2 * MINUTE + SECOND), heartbeat(1, 3 * HOUR)]
    expect(told(windows, ...messages)).toEqual([[], ['1m 00:00 r1', 'empty 00:02'], [], ['empty 03:00']])
  })

  it('are told before the candle that follows, and before a longer one that closes with them', () => {
    //   00:00 ... 00:05 ... 00:09     00:10
    //   |  1      |         |    2    |   3
    const windows = new CandleWindows(ONE_AND_FIVE)
    advanceAll(windows, [heartbeat(0, 0), at(1, 0)])
    expect(told(windows, at(2, 9 * MINUTE))).toEqual([['1m 00:00 r1', 'empty 00:05', '5m 00:00 r1', 'empty 00:09']])
    expect(told(windows, at(3, 10 * MINUTE))).toEqual([['1m 00:09 r1', '5m 00:05 r1']])
  })

  it('pass in a market that has had no trade yet', () => {
    const windows = new CandleWindows(ONE)
    expect(told(windows, heartbeat(0, MINUTE + SECOND), heartbeat(0, HOUR), at(1, HOUR + SECOND))).toEqual([
      ['empty 00:01'],
      ['empty 01:00'],
      [],
    ])
  })

  it('are not told where it is not proven that they were empty', () => {
    const windows = new CandleWindows(ONE)
    expect(told(windows, at(5, 0), at(7, HOUR))).toEqual([[], []])
  })
})

describe('a late trade', () => {
  it('makes the next revision of every final window that it belongs to', () => {
    //   00:03     00:04     00:05     00:06
    //   |    1    |  2 (4)  |    3    |
    const windows = new CandleWindows(ONE_AND_FIVE)
    advanceAll(windows, [heartbeat(0, 0), at(1, 3 * MINUTE), at(2, 4 * MINUTE), at(3, 5 * MINUTE)])
    const events = windows.advance(tradeMessage(trade(4, 4 * MINUTE + SECOND, { price: '99.0' })))
    expect(events.map(inShort)).toEqual(['1m 00:04 r2', '5m 00:00 r2'])
    expect(candlesOf(events)).toMatchObject([
      { open: '100.0', low: '99.0', close: '99.0', tradeCount: 2, lastTradeId: 4, complete: true },
      { tradeCount: 3, volume: '3.00000000' },
    ])
    expect(told(windows, at(5, 4 * MINUTE + 2 * SECOND))).toEqual([['1m 00:04 r3', '5m 00:00 r3']])
  })

  it('makes the first candle of a window that closed empty', () => {
    const windows = new CandleWindows(ONE)
    advanceAll(windows, [heartbeat(0, 0), at(1, 0), at(2, 2 * MINUTE)])
    expect(told(windows, at(3, MINUTE))).toEqual([['1m 00:01 r1']])
  })

  it('is in the longer window that is still open, once', () => {
    const windows = new CandleWindows(ONE_AND_FIVE)
    advanceAll(windows, [heartbeat(0, 0), at(1, 0), at(2, 2 * MINUTE), at(3, SECOND)])
    const candle = candlesOf(windows.advance(heartbeat(3, 5 * MINUTE))).find(({ interval }) => interval === '5m')
    expect(candle).toMatchObject({ tradeCount: 3, lastTradeId: 3, revision: 1 })
  })

  it('asks for the log where a window is no longer in memory: two of its lengths after it closed', () => {
    //   00:00     00:01    ...    00:05    ...    00:07
    //   |  1 (3)  |               |               |  2
    const windows = new CandleWindows(ONE_AND_FIVE)
    const messages = [heartbeat(0, 0), at(1, 0), at(2, 7 * MINUTE)]
    advanceAll(windows, messages)
    const [event, ...others] = windows.advance(at(3, SECOND))
    expect(others).toEqual([])
    expect(event).toMatchObject({ late: { symbol: SYMBOL, from: MIDNIGHT, to: MIDNIGHT + MINUTE, tradeId: 3 } })
  })

  it('makes the next revisions out of the log then, in the order in which memory would give them', () => {
    const windows = new CandleWindows(ONE_AND_FIVE)
    const log: MarketMessage[] = []
    advanceWithLog(windows, [heartbeat(0, 0), at(1, 0), at(2, 7 * MINUTE)], log)
    const events = advanceWithLog(windows, [tradeMessage(trade(3, SECOND, { price: '99.0' }))], log)
    expect(events.map(inShort)).toEqual(['1m 00:00 r2', '5m 00:00 r2'])
    expect(candlesOf(events)).toMatchObject([
      { open: '100.0', low: '99.0', close: '99.0', tradeCount: 2, complete: true },
      { tradeCount: 2 },
    ])
    advanceWithLog(windows, [heartbeat(3, 10 * HOUR)], log)
    expect(advanceWithLog(windows, [at(4, SECOND)], log).map(inShort)).toEqual(
      ['1m', '5m'].map((interval) => `${interval} 00:00 r3`),
    )
  })

  it('makes the first candle of a window that closed empty long ago', () => {
    const windows = new CandleWindows(ONE)
    const log: MarketMessage[] = []
    advanceWithLog(windows, [heartbeat(0, 0), at(1, 0), heartbeat(1, 10 * HOUR)], log)
    expect(advanceWithLog(windows, [at(2, 2 * MINUTE)], log).map(inShort)).toEqual(['1m 00:02 r1'])
  })

  it('leaves the candles as they were where the log cannot be asked, and goes on', () => {
    const windows = new CandleWindows(ONE)
    advanceAll(windows, [heartbeat(0, 0), at(1, 0), heartbeat(1, 10 * HOUR)])
    expect(told(windows, at(2, SECOND), at(3, 10 * HOUR + SECOND), heartbeat(3, 11 * HOUR))).toEqual([
      ['late 2'],
      [],
      ['1m 10:00 r1', 'empty 11:00'],
    ])
  })

  it('still counts in a minute whose five minutes are not over', () => {
    const windows = new CandleWindows(ONE_AND_FIVE)
    advanceAll(windows, [heartbeat(0, 0), at(1, 0), at(2, 4 * MINUTE + SECOND)])
    expect(told(windows, at(3, SECOND))).toEqual([['1m 00:00 r2']])
  })

  it('asks for nothing when none of the intervals wanted is forgotten', () => {
    const windows = new CandleWindows({ intervals: ['5m'] })
    advanceAll(windows, [heartbeat(0, 0), at(1, 0), at(2, 7 * MINUTE)])
    expect(told(windows, at(3, SECOND))).toEqual([['5m 00:00 r2']])
  })
})

describe('a file', () => {
  const row = (tradeId: number, time: number, file: `file:${string}` = 'file:a'): MarketMessage =>
    tradeMessage(trade(tradeId, time, { idSpace: file }))

  it('closes a window when a later row or a heartbeat of it passes, the first one too, and proves nothing', () => {
    const windows = new CandleWindows(ONE)
    expect(told(windows, row(1, 30 * SECOND), row(2, 61 * SECOND))).toEqual([[], ['1m 00:00 r1']])
    const events = windows.advance(heartbeat(2, 2 * MINUTE, 'file:a'))
    expect(only(events).complete).toBeUndefined()
  })

  it('does not wait for an ordinal that is missing because its row was malformed', () => {
    const windows = new CandleWindows(ONE)
    expect(told(windows, row(1, 0), row(3, 61 * SECOND))).toEqual([[], ['1m 00:00 r1']])
  })

  it('is never added up with the trades of another id space', () => {
    const windows = new CandleWindows(ONE)
    const messages = [row(1, 0), at(9, SECOND), heartbeat(1, MINUTE, 'file:a')]
    const candle = only(advanceAll(windows, messages))
    expect(candle.tradeCount).toBe(1)
  })

  it('gives way to the venue where its ids prove the window', () => {
    const windows = new CandleWindows(ONE)
    advanceAll(windows, [heartbeat(0, 0), at(1, 0), at(2, MINUTE)])
    expect(told(windows, row(1, 0), row(2, MINUTE))).toEqual([[], []])
  })

  it('is continued in its revisions by the venue, as long ago as it may be', () => {
    const windows = new CandleWindows(ONE)
    advanceAll(windows, [row(1, MINUTE), row(2, 2 * MINUTE), row(3, HOUR)])
    const messages = [heartbeat(0, 0), at(1, 30 * SECOND), at(2, MINUTE), at(3, 2 * MINUTE)]
    expect(told(windows, ...messages)).toEqual([['empty 00:00'], [], ['1m 00:00 r1'], ['1m 00:01 r2']])
  })

  it('shows as provisional the id space of the newest trade, the venue where they are level', () => {
    const windows = new CandleWindows(ONE)
    advanceAll(windows, [row(1, 0), at(7, SECOND)])
    expect(windows.provisional(SYMBOL, '1m')).toMatchObject({ firstTradeId: 7, complete: false })
    windows.advance(row(2, MINUTE))
    expect(windows.provisional(SYMBOL, '1m')).toMatchObject({ firstTradeId: 2, complete: undefined })
  })
})

describe('CandleWindows', () => {
  it('gives only the intervals asked for, in whatever order they were named', () => {
    const windows = new CandleWindows({ intervals: ['1h', '5m'] })
    const events = advanceAll(windows, [at(1, 0), heartbeat(1, HOUR)])
    expect(events.map(inShort)).toEqual(['empty 00:05', '5m 00:00 r1', 'empty 01:00', '1h 00:00 r1'])
  })

  it('keeps symbols apart whose names begin alike and whose trades come in turn', () => {
    const symbols = ['BTC/USD', 'BTC/EUR', 'ETH/USD'] as MarketSymbol[]
    const windows = new CandleWindows({ intervals: ['1m'] })
    for (const tradeId of [1, 2, 3, 4]) {
      for (const symbol of symbols.slice(0, 4 - tradeId || 1))
        windows.advance(tradeMessage(trade(tradeId, SECOND, { symbol })))
    }
    expect(symbols.map((symbol) => windows.provisional(symbol, '1m')?.tradeCount)).toEqual([4, 2, 1])
  })

  it('keeps symbols apart', () => {
    const windows = new CandleWindows(ONE)
    const other = { ...trade(1, 0), symbol: 'ETH/USD' } as Trade
    advanceAll(windows, [at(1, 0), tradeMessage(other), at(2, MINUTE)])
    expect(windows.provisional(other.symbol, '1m')).toMatchObject({ symbol: 'ETH/USD', tradeCount: 1 })
  })

  it('has no provisional candle before the first trade and after the last window closed', () => {
    const windows = new CandleWindows(ONE)
    expect(windows.provisional(SYMBOL, '1m')).toBeUndefined()
    advanceAll(windows, [at(1, 0), heartbeat(1, MINUTE)])
    expect(windows.provisional(SYMBOL, '1m')).toBeUndefined()
  })

  it('has no volume-weighted price but the close where all quantities are zero', () => {
    const windows = new CandleWindows(ONE)
    const zero = { quantity: '0.00000000' }
    const messages = [trade(1, 0, { ...zero, price: '5.0' }), trade(2, SECOND, { ...zero, price: '7.0' })]
    const candle = only(advanceAll(windows, [...messages.map(tradeMessage), heartbeat(2, MINUTE)]))
    expect(candle).toMatchObject({ volume: '0.00000000', vwap: '7.0' })
  })

  it('keeps memory by time, not by trades: a week of minutes leaves the checkpoint as it was after a day', () => {
    const windows = new CandleWindows({ intervals: INTERVALS })
    const day = (from: number): MarketMessage[] =>
      Array.from({ length: 1440 }, (_, minute) => at(from * 1440 + minute + 1, (from * 1440 + minute) * MINUTE))
    const size = (): number => windows.checkpoint().length
    advanceAll(windows, [...day(0), ...day(1), ...day(2)])
    const before = size()
    for (const from of [3, 4, 5, 6]) advanceAll(windows, day(from))
    expect(Math.abs(size() - before)).toBeLessThan(before * 0.2)
  })

  it('goes on from a checkpoint taken with other intervals', () => {
    const windows = new CandleWindows(ONE)
    advanceAll(windows, [heartbeat(0, 0), at(1, 0), at(2, 3 * MINUTE)])
    const restored = CandleWindows.restore(windows.checkpoint(), { intervals: ['5m'] })
    expect(told(restored, heartbeat(2, 5 * MINUTE))).toEqual([['empty 00:05', '5m 00:00 r1']])
  })

  it('keeps in a checkpoint what does not fit a number', () => {
    const windows = new CandleWindows(ONE)
    const wide = { quantity: '12345678901234567890.12345678', side: undefined }
    advanceAll(windows, [tradeMessage(trade(1, 0, wide)), tradeMessage(trade(2, 0, { side: undefined }))])
    const restored = CandleWindows.restore(windows.checkpoint(), ONE)
    const candle = only(restored.advance(heartbeat(2, MINUTE)))
    expect(candle).toMatchObject({ volume: '12345678901234567891.12345678', buyVolume: undefined })
  })

  it.each([
    ['nothing', () => undefined],
    ['JSON', () => ({ format: 'candle-windows/1', symbols: [] })],
    ['bytes of another format', () => new TextEncoder().encode('{"format":"candle-windows/1","symbols":[]}')],
    ['no bytes', () => new Uint8Array(0)],
    ['a byte changed', () => good().fill(7, 100, 101)],
    ['its end cut off', () => good().slice(0, -8)],
    ['a byte added', () => Uint8Array.from([...good(), 0])],
  ])('refuses %s as a checkpoint', (_, checkpoint) => {
    expect(() => CandleWindows.restore(checkpoint(), ONE)).toThrow(MalformedError)
  })

  const good = (): Uint8Array => {
    const windows = new CandleWindows(ONE)
    windows.advance(at(1, 0))
    return windows.checkpoint()
  }
})

describe('ids that the venue does not serve', () => {
  //   00:00     00:01     00:02     00:03
  //   |  1      |  (2)    |    4    |   5
  const minutes = [at(1, 10 * SECOND), at(4, 130 * SECOND), at(5, 190 * SECOND)]
  const stated = exception(2, 3, 10 * SECOND, 130 * SECOND)

  it('hold nothing back once that is stated: what they may belong to is final and not complete', () => {
    const windows = new CandleWindows(ONE)
    expect(told(windows, ...minutes)).toEqual([[], [], []])
    const candles = candlesOf(windows.advance(stated))
    expect(candles.map(({ openTime, complete }) => [(openTime - MIDNIGHT) / MINUTE, complete])).toEqual([
      [0, false],
      [2, false],
    ])
    expect(candlesOf(windows.advance(at(6, 250 * SECOND))).map(({ complete }) => complete)).toEqual([true])
  })

  it('show in the provisional candle too', () => {
    const windows = new CandleWindows(ONE_AND_FIVE)
    advanceAll(windows, [...minutes, stated])
    expect(windows.provisional(SYMBOL, '5m')?.complete).toBe(false)
    expect(windows.provisional(SYMBOL, '1m')?.complete).toBe(true)
  })

  it('are taken when they come after all: their window is revised, and the others are complete with the last', () => {
    const windows = new CandleWindows(ONE_AND_FIVE)
    advanceAll(windows, [...minutes, stated])
    expect(told(windows, at(2, 70 * SECOND), at(3, 80 * SECOND))).toEqual([
      ['1m 00:01 r1'],
      ['1m 00:01 r2', '1m 00:00 r2', '1m 00:02 r2'],
    ])
    expect(told(windows, at(2, 70 * SECOND))).toEqual([[]])
    const [five] = candlesOf(windows.advance(heartbeat(5, 5 * MINUTE))).filter(({ interval }) => interval === '5m')
    expect(five).toMatchObject({ complete: true, tradeCount: 5 })
  })
})
