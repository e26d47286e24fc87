import {
  type Candle,
  type DecimalText,
  decimalsOf,
  formatTime,
  INTERVALS,
  type Interval,
  MICROS_PER_SECOND,
  parseSeconds,
  type Side,
  type Trade,
  trimDecimal,
} from '@c1/market'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CandleWindows } from '../candle-windows.ts'
import { naiveCandles } from '../test-support/naive-candles.ts'
import { advanceAll, candlesOf, SYMBOL, tradeMessage } from '../test-support/trades.ts'
import { type CandleRowsPlan, candleRows, cutRows } from './candle-rows.ts'
import { ColumnarCandles } from './columnar-candles.ts'
import type { RowLayout } from './row-layout.ts'

const THREE: RowLayout = { header: false, columns: { time: 0, price: 1, volume: 2 }, count: 3 }
const FIVE: RowLayout = { header: true, columns: { time: 0, price: 1, volume: 2, side: 3, orderType: 4 }, count: 5 }
const REST: RowLayout = {
  header: false,
  columns: { price: 0, volume: 1, time: 2, side: 3, orderType: 4, tradeId: 6 },
  count: 7,
}
/** An order of columns that the fast loop does not know. */
const ODD: RowLayout = { header: false, columns: { tradeId: 0, time: 1, volume: 2, price: 3 }, count: 4 }
const MIDNIGHT_SECONDS = 1_672_531_200

interface Row {
  readonly ordinal: number
  readonly time: string
  readonly price: string
  readonly volume: string
  readonly side: Side
}

function lineOf(row: Row, layout: RowLayout): string {
  const fields = Array<string>(layout.count).fill('')
  const { columns } = layout
  fields[columns.time] = row.time
  fields[columns.price] = row.price
  fields[columns.volume] = row.volume
  if (columns.side !== undefined) fields[columns.side] = row.side.slice(0, 1)
  if (columns.orderType !== undefined) fields[columns.orderType] = 'l'
  if (columns.tradeId !== undefined) fields[columns.tradeId] = String(row.ordinal)
  return fields.join()
}

/** The row as the trade that the archive reader would make of it, in the file's most decimals. */
function tradeOf(row: Row, layout: RowLayout, rows: readonly Row[]): Trade {
  const most = (name: 'price' | 'volume'): number =>
    Math.max(...rows.map((row) => (row[name].split('.')[1] ?? '').length))
  const padded = (text: string, decimals: number): DecimalText => {
    const [whole = '', fraction = ''] = text.split('.')
    return (decimals === 0 ? whole : `${whole}.${fraction.padEnd(decimals, '0')}`) as DecimalText
  }
  return {
    symbol: SYMBOL,
    idSpace: layout.columns.tradeId === undefined ? 'file:a' : 'venue',
    tradeId: row.ordinal,
    eventTime: parseSeconds(row.time),
    price: padded(row.price, most('price')),
    quantity: padded(row.volume, most('volume')),
    side: layout.columns.side === undefined ? undefined : row.side,
    orderType: undefined,
  }
}

function build(text: string, layout: RowLayout, intervals: readonly Interval[] = ['1m'], cuts: readonly number[] = []) {
  const builder = new ColumnarCandles({ symbol: SYMBOL, intervals, layout })
  const bytes = new TextEncoder().encode(text)
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  for (const [index, edge] of edges.slice(1).entries()) builder.push(bytes.subarray(edges[index], edge))
  builder.end()
  const candles = [...builder.candles()]
  return { candles, rejected: builder.rejected, rowCount: builder.rowCount, builder }
}

/** The candles as C1's CSV rows, their prices cut to so many decimals. */
function csvOf(candles: readonly Candle[], priceDecimals: number): string {
  const cut = (text: DecimalText): string => {
    const [whole = '', fraction = ''] = text.split('.')
    return priceDecimals === 0 ? whole : [whole, fraction.slice(0, priceDecimals)].filter(Boolean).join('.')
  }
  const fields = (candle: Candle) => [
    candle.symbol,
    candle.interval,
    formatTime(candle.openTime),
    formatTime(candle.closeTime),
    ...[candle.open, candle.high, candle.low, candle.close].map(cut),
    candle.volume,
    cut(candle.vwap),
    candle.tradeCount,
    candle.buyVolume,
    candle.firstTradeId,
    candle.lastTradeId,
    candle.revision,
    candle.state,
    candle.complete,
  ]
  return candles.map((candle) => `${fields(candle).join()}\n`).join('')
}

function textOf(plan: CandleRowsPlan | undefined): string {
  if (plan === undefined) throw new Error('The rows cannot be written at once.')
  return [...candleRows(plan)].map((part) => new TextDecoder().decode(part)).join('')
}

const plain = (whole: number, decimals: number): fc.Arbitrary<string> =>
  fc.tuple(fc.nat({ max: 10 ** whole - 1 }), fc.nat({ max: 10 ** decimals - 1 })).map(([integer, fraction]) => {
    return decimals === 0 ? String(integer) : `${integer}.${String(fraction).padStart(decimals, '0')}`
  })
const positive = (texts: fc.Arbitrary<string>): fc.Arbitrary<string> => texts.filter((text) => /[1-9]/.test(text))
const tidy = { price: positive(plain(6, 5)), volume: plain(2, 8) }
const untidy = {
  price: positive(fc.oneof(plain(6, 1), plain(9, 9), plain(3, 0), plain(5, 4))),
  volume: fc.oneof(plain(9, 9), plain(1, 8), plain(4, 0), fc.constant('123456789012345678.12345678')),
}

/** Rows in time order; with `back` some go back by up to that many seconds. */
function rowRuns(
  numbers: { price: fc.Arbitrary<string>; volume: fc.Arbitrary<string> },
  back = 0,
): fc.Arbitrary<Row[]> {
  const row = fc.record({
    step: fc.oneof(fc.constant(0), fc.nat({ max: 40 }), fc.nat({ max: 5000 }), fc.nat({ max: 90_000 })),
    back: fc.nat({ max: back }),
    fraction: fc.constantFrom('', '', '.5', '.0295', '.9999999'),
    side: fc.constantFrom<Side>('buy', 'sell'),
    ...numbers,
  })
  return fc.array(row, { minLength: 1, maxLength: 60 }).map((rows) => {
    let seconds = MIDNIGHT_SECONDS
    return rows.map(({ step, back, fraction, ...rest }, index) => {
      seconds += step
      return { ordinal: index + 1, time: `${seconds - back}${fraction}`, ...rest }
    })
  })
}

/** Many rows of few windows, whose numbers are of every length that the kernel reads at once, and of some that it does not. */
const denseRuns: fc.Arbitrary<Row[]> = fc
  .tuple(fc.nat({ max: 8 }), fc.nat({ max: 9 }))
  .chain(([whole, decimals]) => {
    const number = fc
      .tuple(fc.integer({ min: 1, max: whole + 1 }), fc.integer({ min: 1, max: decimals + 1 }))
      .chain(([whole, decimals]) => plain(whole, decimals))
    const row = fc.record({ step: fc.constantFrom(0, 0, 0, 1, 7), price: positive(number), volume: number })
    return fc.array(row, { minLength: 20, maxLength: 200 })
  })
  .map((rows) => {
    let seconds = MIDNIGHT_SECONDS
    return rows.map(({ step, price, volume }, index) => {
      seconds += step
      return { ordinal: index + 1, time: String(seconds), price, volume, side: 'buy' }
    })
  })

function byClose(a: Candle, b: Candle): number {
  return a.closeTime - b.closeTime || INTERVALS.indexOf(a.interval) - INTERVALS.indexOf(b.interval)
}

describe('ColumnarCandles', () => {
  it('gives the candles of CandleWindows, byte for byte and in the same order, for rows in time order', () => {
    const property = fc.property(
      fc.oneof(rowRuns(tidy), rowRuns(untidy)),
      fc.constantFrom(THREE, FIVE),
      (rows, layout) => {
        const messages = rows.map((row) => tradeMessage(tradeOf(row, layout, rows)))
        const last = rows.at(-1) as Row
        const eventTime = (parseSeconds(last.time) + 86_400 * MICROS_PER_SECOND) as Trade['eventTime']
        const heartbeat = { symbol: SYMBOL, idSpace: 'file:a', eventTime, lastTradeId: rows.length } as const
        const end = { kind: 'heartbeat', heartbeat } as const
        const expected = candlesOf(advanceAll(new CandleWindows({ intervals: INTERVALS }), [...messages, end]))
        const lines = rows.map((row) => `${lineOf(row, layout)}\n`)
        const { candles, rejected } = build((layout.header ? 'a,b,c,d,e\n' : '') + lines.join(''), layout, INTERVALS)
        expect(JSON.stringify(candles)).toBe(JSON.stringify(expected))
        expect(rejected.count).toBe(0)
      },
    )
    fc.assert(property, { numRuns: 150 })
  })

  it('gives the naive candles of long runs of rows, however long their numbers are', () => {
    const property = fc.property(denseRuns, (rows) => {
      const trades = rows.map((row) => tradeOf(row, THREE, rows))
      const expected = ['1m', '5m'].flatMap((interval) => naiveCandles(trades, interval as Interval, undefined))
      const text = rows.map((row) => `${lineOf(row, THREE)}\n`).join('')
      expect(build(text, THREE, ['1m', '5m']).candles).toEqual(expected.sort(byClose))
    })
    fc.assert(property, { numRuns: 150 })
  })

  it('writes the candles as rows without an object for each, the same bytes, prices in the decimals that they need', () => {
    const runs = fc.oneof(rowRuns(tidy), rowRuns(untidy), denseRuns)
    const property = fc.property(runs, fc.constantFrom(THREE, FIVE), (rows, layout) => {
      const lines = rows.map((row) => `${lineOf(row, layout)}\n`)
      const { builder, candles } = build((layout.header ? 'a,b,c,d,e\n' : '') + lines.join(''), layout, INTERVALS)
      const prices = candles.flatMap(({ close, high, low, open }) => [open, high, low, close])
      const needed = Math.max(...prices.map((price) => decimalsOf(trimDecimal(price))))
      expect(builder.usedPriceDecimals).toBe(needed)
      const plan = builder.rowsPlan(needed)
      if (plan !== undefined) expect(textOf(plan)).toBe(csvOf(candles, needed))
      expect(csvOf([...builder.candles(needed)], 99)).toBe(csvOf(candles, needed))
    })
    fc.assert(property, { numRuns: 150 })
  })

  it('writes rows of whatever archives hold nearly always', () => {
    fc.assert(
      fc.property(rowRuns(tidy), (rows) => {
        const { builder, candles } = build(rows.map((row) => `${lineOf(row, THREE)}\n`).join(''), THREE, INTERVALS)
        expect(textOf(builder.rowsPlan())).toBe(csvOf(candles, 5))
      }),
    )
  })

  it('gives the same from parts of the rows, read by several and absorbed in order, and from parts of the candles', () => {
    const runs = fc.oneof(rowRuns(tidy), rowRuns(untidy, 400), denseRuns)
    const cuts = fc.array(fc.nat({ max: 60 }), { maxLength: 4 })
    const property = fc.property(
      runs,
      cuts,
      fc.constantFrom('', 'x,1,1\n', '\n', '1672531200,2E-1,1\n'),
      (rows, cuts, odd) => {
        const lines = rows.flatMap((row, index) => [`${lineOf(row, THREE)}\n`, ...(index % 5 === 2 ? [odd] : [])])
        const whole = build(lines.join(''), THREE, INTERVALS)
        const options = { symbol: SYMBOL, intervals: INTERVALS, layout: THREE }
        const readers = [new ColumnarCandles(options), new ColumnarCandles(options)]
        const sum = new ColumnarCandles(options)
        const edges = [0, ...cuts.map((cut) => cut % (lines.length + 1)).sort((a, b) => a - b), lines.length]
        for (const [index, edge] of edges.slice(1).entries()) {
          const reader = readers[index % 2] as ColumnarCandles
          const bytes = new TextEncoder().encode(lines.slice(edges[index], edge).join(''))
          for (let at = 0; at < bytes.length; ) {
            const part = bytes.subarray(at, at + Math.min(reader.room.length, 100))
            reader.room.set(part)
            reader.filled(part.length)
            at += part.length
          }
          sum.absorb(structuredClone(reader.takePart()))
        }
        expect(JSON.stringify([...sum.candles()])).toBe(JSON.stringify(whole.candles))
        expect(sum.rowCount).toBe(whole.rowCount)
        expect({ ...sum.rejected, rows: sum.rejected.rows }).toEqual({ ...whole.rejected, rows: whole.rejected.rows })
        const plan = sum.rowsPlan()
        if (plan === undefined) return
        expect([...cutRows(plan, Math.ceil(rows.length / 4))].map(textOf).join('')).toBe(textOf(plan))
      },
    )
    fc.assert(property, { numRuns: 150 })
  })

  it('writes rows across the ends of days, months and years', () => {
    const days = ['2023-12-31', '2024-02-28', '2024-02-29', '2025-02-28', '2100-02-28']
    const rows = days.flatMap((day) =>
      ['23:59:59', '24:00:00'].map((time) => `${Date.parse(`${day}T${time}Z`) / 1000},1.5,2.25\n`),
    )
    const { builder, candles } = build(rows.join(''), THREE, INTERVALS)
    expect(textOf(builder.rowsPlan())).toBe(csvOf(candles, 1))
  })

  it('writes no rows where ids have to be proven, or where a number has very many digits', () => {
    expect(build(`5.0,1.0,${MIDNIGHT_SECONDS},b,l,,1\n`, REST).builder.rowsPlan()).toBeUndefined()
    expect(build(`${MIDNIGHT_SECONDS},1.0,12345678901234567.5\n`, THREE).builder.rowsPlan()).toBeUndefined()
  })

  it('loses no digit of a quantity beyond 2^53 units among rows that are as long', () => {
    const rows = ['1672531200,0.1,0.000000000', '1672531200,0.1,9007200.146207179', '1672531200,0.1,0.000000000']
    const { candles } = build(rows.map((row) => `${row}\n`).join(''), THREE, ['1m'])
    expect(candles.map(({ volume }) => volume)).toEqual(['9007200.146207179'])
  })

  it('gives the naive candles wherever the bytes are cut and however the rows go back in time', () => {
    const layouts = fc.constantFrom(THREE, FIVE, REST, ODD)
    const runs = fc.oneof(rowRuns(tidy, 400), rowRuns(untidy, 100_000))
    const cuts = fc.array(fc.nat({ max: 5000 }), { maxLength: 8 })
    const property = fc.property(runs, layouts, cuts, fc.constantFrom('\n', '\r\n'), (rows, layout, cuts, end) => {
      const header = layout.header ? `${end}a,b,c,d,e${end}` : ''
      const text = header + rows.map((row) => lineOf(row, layout)).join(end)
      const expected = INTERVALS.flatMap((interval) =>
        naiveCandles(
          rows.map((row) => tradeOf(row, layout, rows)),
          interval,
          undefined,
        ),
      )
      const candles = build(text, layout, INTERVALS, cuts).candles.map((candle) => ({ ...candle, complete: undefined }))
      expect(candles).toEqual(expected.sort(byClose))
    })
    fc.assert(property, { numRuns: 200 })
  })

  it('says of rows with ids what CandleWindows proves, and false of the rest', () => {
    const property = fc.property(rowRuns(tidy), fc.array(fc.nat({ max: 59 }), { maxLength: 3 }), (rows, lost) => {
      const kept = rows.filter(({ ordinal }) => !lost.includes(ordinal))
      fc.pre(kept.length > 0)
      const { candles } = build(kept.map((row) => `${lineOf(row, REST)}\n`).join(''), REST, INTERVALS)
      const windows = new CandleWindows({ intervals: INTERVALS })
      const proven = candlesOf(
        advanceAll(
          windows,
          kept.map((row) => tradeMessage(tradeOf(row, REST, kept))),
        ),
      )
      const complete = candles.filter(({ complete }) => complete)
      expect(complete).toEqual(expect.arrayContaining(proven))
      if (kept.length === rows.length) expect(complete).toHaveLength(proven.length)
      const lostTimes = rows.filter((row) => !kept.includes(row)).map((row) => parseSeconds(row.time))
      for (const { openTime, closeTime, complete } of candles) {
        expect(complete).toBeDefined()
        if (lostTimes.some((time) => openTime <= time && time < closeTime)) expect(complete).toBe(false)
      }
    })
    fc.assert(property, { numRuns: 100 })
  })

  it('counts an id once, wherever it is repeated', () => {
    const row = (id: number, seconds: number): string => `5.0,1.0,${MIDNIGHT_SECONDS + seconds},b,l,,${id}\n`
    const { candles } = build([row(1, 0), row(2, 1), row(1, 0), row(4, 3), row(3, 2), row(2, 1)].join(''), REST)
    expect(candles).toMatchObject([{ tradeCount: 4, volume: '4.0', firstTradeId: 1, lastTradeId: 4 }])
  })

  it('reads numbers of many digits among those of few', () => {
    const long = '1234567890123456789012345678901234567890'
    const rows = [
      '5.5,1.5',
      '5.5,1.5',
      `${long}.5,1.5`,
      '5.5,1.5',
      `5.5,${long}`,
      '5.12345678,1.87654321',
      '1234567.5,1.5',
    ]
    const trades = rows.map((row, index) => {
      const [price = '', volume = ''] = row.split(',')
      return { ordinal: index + 1, time: String(MIDNIGHT_SECONDS), price, volume, side: 'buy' } as const
    })
    const expected = naiveCandles(
      trades.map((row) => tradeOf(row, THREE, trades)),
      '1m',
      undefined,
    )
    expect(build(trades.map((row) => `${lineOf(row, THREE)}\n`).join(''), THREE).candles).toEqual(expected)
  })

  it('keeps the first and the last window', () => {
    const { candles } = build(`${MIDNIGHT_SECONDS + 30},1.0,1\n${MIDNIGHT_SECONDS + 61},1.0,1`, THREE)
    expect(candles).toMatchObject([{ revision: 1, complete: undefined }, { tradeCount: 1 }])
  })

  it('has no candle for a file without rows', () => {
    expect(build('', THREE)).toMatchObject({ candles: [], rowCount: 0 })
    expect(build('time,price,volume,side,type', FIVE)).toMatchObject({
      candles: [],
      rowCount: 0,
      rejected: { count: 0 },
    })
  })

  it.each([
    ['two fields', `${MIDNIGHT_SECONDS},1.0`, 'row_malformed'],
    ['four fields', `${MIDNIGHT_SECONDS},1.0,1.0,b`, 'row_malformed'],
    ['a price of zero', `${MIDNIGHT_SECONDS},0.0,1.0`, 'price_malformed'],
    ['a negative volume', `${MIDNIGHT_SECONDS},1.0,-1.0`, 'decimal_malformed'],
    ['no volume', `${MIDNIGHT_SECONDS},1.0,`, 'decimal_malformed'],
    ['two points', `${MIDNIGHT_SECONDS},1.0.0,1.0`, 'decimal_malformed'],
    ['a price without a digit before the point', `${MIDNIGHT_SECONDS},.5,1.0`, 'decimal_malformed'],
    ['a time that is none', 'NaN,1.0,1.0', 'time_malformed'],
    ['a time with a letter at its end', '167253120x,1.0,1.0', 'time_malformed'],
    ['a time with a letter at its start', 'x672531200,1.0,1.0', 'time_malformed'],
    ['bytes of zero', '\0\0\0\0\0\0\0\x0012,1.0,1.0', 'time_malformed'],
    ['a space', ' ', 'row_malformed'],
  ])('rejects a row with %s and goes on, counting it', (_, line, code) => {
    const good = `${MIDNIGHT_SECONDS},1.0,1.00\n`
    for (const text of [`${good}\n${line}\n${good}`, `${good}\n${line}`]) {
      const { candles, rejected } = build(text, THREE)
      expect(rejected.count).toBe(1)
      expect(rejected.rows).toMatchObject([{ line: 3, code, raw: new TextEncoder().encode(line) }])
      expect(candles).toMatchObject([{ firstTradeId: 1, lastTradeId: text.endsWith(good) ? 3 : 1 }])
    }
  })

  it.each([
    ['a side that is none', `1.0,1.0,${MIDNIGHT_SECONDS},x,l,,1`, 'side_malformed'],
    ['an order type that is none', `1.0,1.0,${MIDNIGHT_SECONDS},b,x,,1`, 'order_type_malformed'],
    ['an id of zero', `1.0,1.0,${MIDNIGHT_SECONDS},b,l,,0`, 'trade_id_malformed'],
    ['no id', `1.0,1.0,${MIDNIGHT_SECONDS},b,l,,`, 'trade_id_malformed'],
    ['an id that is no number', `1.0,1.0,${MIDNIGHT_SECONDS},b,l,,1x`, 'trade_id_malformed'],
  ])('rejects a row of REST with %s', (_, line, code) => {
    expect(build(line, REST)).toMatchObject({ candles: [], rejected: { count: 1, rows: [{ line: 1, code }] } })
  })

  it('reads words for sides, an empty side, exponents and short times as the archive reader does', () => {
    const lines = [
      `1.0,1.0,${MIDNIGHT_SECONDS},buy,market,,1`,
      `1.0,2E-1,${MIDNIGHT_SECONDS},sell,limit,,2`,
      '2.0,1.0,999999999,s,m,,3',
      `3.0,1.0,${MIDNIGHT_SECONDS + 60},,,,4`,
    ]
    const { candles, rejected } = build(lines.join('\n'), REST)
    expect(rejected.count).toBe(0)
    expect(candles).toMatchObject([
      { open: '2.0', buyVolume: '0.0', firstTradeId: 3 },
      { volume: '1.2', buyVolume: '1.0', tradeCount: 2 },
      { volume: '1.0', buyVolume: undefined },
    ])
  })

  it('keeps the first hundred rejected rows and counts the others', () => {
    const { rejected } = build('x\n'.repeat(250), THREE)
    expect(rejected.count).toBe(250)
    expect(rejected.rows.map(({ line }) => line)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
  })

  it('passes over a line that does not end, whole, as one rejected row', () => {
    const good = `${MIDNIGHT_SECONDS},1.0,1.00\n`
    const { candles, rejected, rowCount } = build(
      `${good}${'9'.repeat(700_000)}\n${good}`,
      THREE,
      ['1m'],
      [1000, 400_000],
    )
    expect(rejected).toMatchObject({ count: 1, rows: [{ line: 2, code: 'row_malformed' }] })
    expect(rejected.rows[0]?.raw.length).toBe(64 * 1024)
    expect(candles).toMatchObject([{ tradeCount: 2, firstTradeId: 1, lastTradeId: 3 }])
    expect(rowCount).toBe(3)
  })

  it.each([
    ['volumes', '1', '999999999.999999'],
    ['volumes of a low price', '0.00012', '9999999.99999999'],
    ['products', '1000000', '999999999.999999'],
    ['lower parts of products', '42949.67295', '99.99999999'],
    ['products of a large price', '99999.99999', '42.94967295'],
    ['what the loop does not read', '99999.99999', '999999.99999999'],
  ])('stays exact through more %s than a number can add up', (_, price, volume) => {
    const row = (index: number): Row => {
      return { ordinal: index + 1, time: `${MIDNIGHT_SECONDS + (index % 60)}`, price, volume, side: 'buy' }
    }
    const rows = Array.from({ length: 500 }, (_, index) => row(index))
    const { builder, candles } = build(rows.map((row) => `${lineOf(row, THREE)}\n`).join(''), THREE, ['1m', '1h'])
    const trades = rows.map((row) => tradeOf(row, THREE, rows))
    expect(candles).toEqual([...naiveCandles(trades, '1m', undefined), ...naiveCandles(trades, '1h', undefined)])
    const plan = builder.rowsPlan()
    if (plan !== undefined) expect(textOf(plan)).toBe(csvOf(candles, 9))
  })

  it('adds up rows that jump between two windows', () => {
    const rows = Array.from({ length: 200_000 }, (_, index) => `${MIDNIGHT_SECONDS + (index % 2) * 60},1.0,1\n`)
    const { candles } = build(rows.join(''), THREE)
    expect(candles).toMatchObject([
      { tradeCount: 100_000, firstTradeId: 1, lastTradeId: 199_999 },
      { tradeCount: 100_000, firstTradeId: 2, lastTradeId: 200_000 },
    ])
  })
})
