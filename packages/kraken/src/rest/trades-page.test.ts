import { existsSync, readFileSync } from 'node:fs'
import { type EpochMicros, formatTime } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { instrument, restRow, restTrades } from '../test-support/instruments.ts'
import { recorded } from '../test-support/recorded.ts'
import { readAnswer } from './answer.ts'
import { type Cursor, cursorAt } from './cursor.ts'
import { readTradesPage, type TradesPage } from './trades-page.ts'

const since = '1790359840000000000' as Cursor
const page = (body: string): TradesPage => readTradesPage(readAnswer(200, body), instrument(), since)

describe('a page of trades', () => {
  it('is read as the live venue answered it', () => {
    const { trades, rejected, next, full } = page(recorded('rest_trades_requested_as_BTC/USD'))
    expect(trades.map(({ tradeId }) => tradeId)).toEqual([109118758, 109118759, 109118760])
    expect(trades[0]).toEqual({
      symbol: 'BTC/USD',
      idSpace: 'venue',
      tradeId: 109118758,
      eventTime: 1_790_359_840_939_291,
      price: '83930.3',
      quantity: '0.00005100',
      side: 'sell',
      orderType: 'limit',
    })
    expect({ rejected, next, full }).toEqual({ rejected: [], next: '1790359841138228746', full: false })
  })

  it('has rows whose numbers are texts and whose texts are numbers', () => {
    const swapped = '[83930.30000,0.00005100,"1790359840.9392912","s","l","","2"]'
    const { trades, rejected } = page(restTrades([restRow(1), swapped]))
    expect(rejected).toEqual([])
    expect(trades[1]).toMatchObject({
      tradeId: 2,
      price: '83930.3',
      quantity: '0.00005100',
      eventTime: 1790359840939291,
    })
  })

  it('leaves out rows whose id and time are not those of the rows around them, first and last ones too', () => {
    const day = 86_400
    const at = (seconds: number) => ({ time: `${1790359840 + seconds}.5` })
    const bad = [restRow(7, at(2)), restRow(70_104, at(-day)), restRow(70_105, at(day)), restRow(9_000_000, at(9))]
    const good = [101, 102, 103, 106, 107].map((id) => restRow(70_000 + id, at(id - 100)))
    const { trades, rejected } = page(restTrades([...good, ...bad]))
    expect(trades.map(({ tradeId }) => tradeId)).toEqual([70_101, 70_102, 70_103, 70_106, 70_107])
    expect(rejected.map(({ raw }) => raw).sort()).toEqual([...bad].sort())
    expect(new Set(rejected.map(({ code }) => code))).toEqual(new Set(['trade_implausible']))
  })

  it('may have a hole, and a silence of years, in its ids', () => {
    const rows = [restRow(1), restRow(15_000), restRow(3_000_000, { time: '1890359840.1' })]
    expect(page(restTrades(rows)).trades).toHaveLength(3)
  })

  it('keeps the good rows beside the malformed ones, which come back as they were', () => {
    const bad = [
      '["83930.30000","0.00005100",1790359840.9392912,"s","l",""]',
      restRow(0),
      restRow(3, { price: '83930.3x' }),
      restRow(4, { volume: '-0.1' }),
      restRow(5, { time: '"1790359840.9 s"' }),
      restRow(6, { price: '0.00000' }),
      '["83930.30000","0.00005100",1790359840.9392912,"x","l","",7]',
      restRow(8, { volume: '0.00000000' }),
      '{"price":1.50}',
      'null',
    ]
    const { trades, rejected } = page(restTrades([restRow(1), ...bad, restRow(9)]))
    expect(trades.map(({ tradeId }) => tradeId)).toEqual([1, 9])
    expect(rejected.map(({ raw }) => raw)).toEqual(bad)
    expect(rejected.map(({ code }) => code)).toEqual([
      'trade_id_malformed',
      'trade_id_malformed',
      'price_malformed',
      'decimal_malformed',
      'time_malformed',
      'price_malformed',
      'side_malformed',
      'quantity_malformed',
      'trade_malformed',
      'trade_malformed',
    ])
  })

  it('rejects ids out of all proportion, and a `last` that is no time', () => {
    const { trades, rejected, next } = page(restTrades([restRow(1), restRow(2_000_000), restRow(3)], '9'.repeat(20)))
    expect(trades.map(({ tradeId }) => tradeId)).toEqual([1, 3])
    expect(rejected).toMatchObject([{ raw: restRow(2_000_000), code: 'trade_implausible' }])
    expect(next).toBe(page(restTrades([restRow(1)])).next)
  })

  it('keeps what was traded at a finer step of the past, with all its decimals', () => {
    const row = restRow(3, { price: '4112.03700', volume: '0.123456789' })
    const { trades, rejected } = page(restTrades([restRow(2), row]))
    expect(rejected).toEqual([])
    expect(trades.map(({ price, quantity }) => [price, quantity])).toEqual([
      ['83930.3', '0.00005100'],
      ['4112.037', '0.123456789'],
    ])
  })

  it('gives rows without id the ids that their neighbours leave, and rejects those that none is proven of', () => {
    const nameless = (price: string) => `["${price}","0.1",1790359840.9392912,"s","l",""]`
    const { trades, rejected, rejectedBefore } = page(
      restTrades([
        nameless('1.0'),
        restRow(5),
        nameless('2.0'),
        restRow(0, { price: '3.0' }),
        restRow(8),
        nameless('4.0'),
        restRow(11),
        nameless('5.0'),
      ]),
    )
    expect(trades.map(({ price, tradeId }) => [tradeId, price])).toEqual([
      [5, '83930.3'],
      [6, '2.0'],
      [7, '3.0'],
      [8, '83930.3'],
      [11, '83930.3'],
    ])
    expect(rejected.map(({ raw }) => raw)).toEqual(['1.0', '4.0', '5.0'].map(nameless))
    expect(rejectedBefore).toBe(1)
  })

  it('counts a malformed row between two ids as one of them, whatever its own id', () => {
    const rows = [restRow(5), restRow(6, { price: '-1' }), '["2.0","0.1",1790359840.9,"s","l",""]', restRow(8)]
    const { trades, rejected } = page(restTrades(rows))
    expect(trades.map(({ tradeId }) => tradeId)).toEqual([5, 7, 8])
    expect(rejected).toMatchObject([{ raw: rows[1] }])
  })

  it('is that of the market asked for, where the answer has several', () => {
    const body = `{"error":[],"result":{"ETHUSD":[${restRow(9)}],"count":[],"XXBTZUSD":[${restRow(5)}],"last":"1"}}`
    expect(page(body).trades.map(({ tradeId }) => tradeId)).toEqual([5])
    expect(page(body.replace('XXBTZUSD', 'unheard')).trades.map(({ tradeId }) => tradeId)).toEqual([9])
  })

  it('goes on with `last` as it was written, as text or as a number beyond 2^53, with warnings beside it', () => {
    const rows = `"XXBTZUSD":[${restRow(1)}]`
    for (const last of ['"1790359841138228746"', '1790359841138228746']) {
      const { next, trades } = page(`{"error":["WGeneral:Slow"],"result":{${rows},"last":${last}}}`)
      expect([next, trades.length]).toEqual(['1790359841138228746', 1])
    }
  })

  it('without `last` goes on a little before its newest trade, and where it is empty stays', () => {
    expect(page(restTrades([restRow(1)])).next).toBe('1790359840939289999')
    expect(page(restTrades([])).next).toBe(since)
    expect(page(restTrades([], 'none')).next).toBe(since)
  })

  it('is full with 1,000 rows, malformed ones counted', () => {
    const rows = Array.from({ length: 999 }, (_, index) => restRow(index + 1))
    expect(page(restTrades(rows)).full).toBe(false)
    expect(page(restTrades([...rows, restRow(0)])).full).toBe(true)
  })

  it('without a list of trades is malformed', () => {
    for (const result of ['{"last":"1"}', '{}', '[]', '{"XXBTZUSD":null,"last":"1"}'])
      expect(() => page(`{"error":[],"result":${result}}`)).toThrow('holds no list of trades')
  })
})

it('the cursor of a time lies a nanosecond before it, and never before 0', () => {
  expect(cursorAt(1_790_359_840_939_291 as EpochMicros)).toBe('1790359840939290999')
  expect(cursorAt(0 as EpochMicros)).toBe('0')
})

const stored = new URL('../../../../../shared/data/kraken/rest/Trades_XBTUSDT_2025-11-10.json', import.meta.url)
it.skipIf(!existsSync(stored))('a stored page of 2025 holds 1,000 trades without a hole', () => {
  const answer = readAnswer(200, readFileSync(stored, 'utf8'))
  const { trades, rejected, next, full } = readTradesPage(answer, instrument('BTC/USDT'), since)
  expect({ count: trades.length, rejected, full }).toEqual({ count: 1_000, rejected: [], full: true })
  expect(trades.map(({ tradeId }) => tradeId)).toEqual(Array.from({ length: 1_000 }, (_, index) => 10_218_208 + index))
  expect(formatTime(trades[0]?.eventTime as EpochMicros)).toBe('2025-11-10T17:23:53.971744Z')
  expect(next).toBe('1762820035982277754')
})
