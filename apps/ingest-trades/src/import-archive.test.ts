import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Instrument, type MarketMessage, marketSymbol, parseTime } from '@c1/market'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ImportProgress, importArchive } from './import-archive.ts'
import { Place } from './test-support.ts'

const BTC: Instrument = {
  symbol: marketSymbol('BTC/USD'),
  base: 'BTC',
  quote: 'USD',
  priceDecimals: 1,
  quantityDecimals: 8,
  status: 'online',
  aliases: ['XBTUSD'],
}
/** 2018-05-08T04:00:00Z */
const START = 1_525_752_000
const ROWS = 30_000

const row = (second: number): string => `${START + second},${9000 + (second % 7)}.1,0.01\n`
const rows = (from: number, to: number): string => Array.from({ length: to - from }, (_, at) => row(from + at)).join('')

let place: Place
beforeEach(() => {
  place = new Place()
})
afterEach(() => place.remove())

function file(name: string, text: string): string {
  const path = join(place.folder, name)
  writeFileSync(path, text)
  return path
}

async function importFile(path: string, onProgress: (progress: ImportProgress) => void = () => {}) {
  const trades = await place.open()
  try {
    return await importArchive(path, { trades, market: BTC, signal: new AbortController().signal, onProgress })
  } finally {
    await trades.close()
  }
}

function times(messages: readonly MarketMessage[]): number[] {
  return messages.flatMap((message) => (message.kind === 'trade' ? [message.trade.eventTime / 1_000_000 - START] : []))
}
const seconds = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, at) => from + at)

describe('an archive file', () => {
  it('is imported whole, and its last day is closed by a heartbeat', async () => {
    expect(await importFile(file('XBTUSD.csv', rows(0, ROWS)))).toMatchObject({ added: ROWS, known: 0, rejected: 0 })
    const messages = await place.messages()
    expect(times(messages)).toEqual(seconds(0, ROWS))
    expect(messages.at(-1)).toMatchObject({
      kind: 'heartbeat',
      heartbeat: { lastTradeId: ROWS, eventTime: parseTime('2018-05-09T00:00:00Z') },
    })
  })

  it('imported twice adds no trade', async () => {
    const path = file('XBTUSD.csv', rows(0, 100))
    await importFile(path)
    expect(await importFile(path)).toMatchObject({ added: 0, known: 100 })
    expect(times(await place.messages())).toEqual(seconds(0, 100))
  })

  it('interrupted half-way goes on where it stopped', async () => {
    const path = file('XBTUSD.csv', rows(0, ROWS))
    const interrupted = importFile(path, () => {
      throw new Error('interrupted')
    })
    await expect(interrupted).rejects.toThrow('interrupted')
    const before = times(await place.messages()).length
    expect(before).toBeGreaterThan(0)
    expect(before).toBeLessThan(ROWS)
    expect(await importFile(path)).toMatchObject({ added: ROWS - before, known: before })
    expect(times(await place.messages())).toEqual(seconds(0, ROWS))
  })

  it('adds of a time that another file covers nothing', async () => {
    await importFile(file('XBTUSD_first.csv', rows(0, 100)))
    expect(await importFile(file('XBTUSD_second.csv', rows(50, 150)))).toMatchObject({ added: 50, known: 50 })
    expect(times(await place.messages())).toEqual(seconds(0, 150))
  })

  it('with the venue ids joins by id with what the log holds', async () => {
    const withId = (id: number): string => `9000.10000,0.01,${START + id}.5,b,l,,${id}\n`
    const ids = (from: number, to: number): string => seconds(from, to).map(withId).join('')
    await importFile(file('first.csv', ids(1, 11)))
    expect(await importFile(file('second.csv', ids(6, 21)))).toMatchObject({ added: 10, known: 5 })
    const messages = await place.messages()
    expect(messages.every((message) => message.kind === 'trade' && message.trade.idSpace === 'venue')).toBe(true)
    expect(times(messages)).toEqual(seconds(1, 21).map((id) => id + 0.5))
    expect(messages[0]).toMatchObject({ trade: { tradeId: 1, price: '9000.1', quantity: '0.01000000', side: 'buy' } })
  })

  it('has its unreadable rows as dead letters with their bytes, beside the trades around them', async () => {
    const bad = [`${START + 1},-5,1`, `${START + 2},abc,1`, 'half a row']
    const text = `${row(0)}${bad.join('\n')}\n${row(4)}`
    expect(await importFile(file('XBTUSD.csv', text))).toMatchObject({ added: 2, rejected: 3 })
    expect(times(await place.messages())).toEqual([0, 4])
    const letters = await place.deadLetters()
    expect(letters.map(({ raw }) => Buffer.from(raw).toString())).toEqual(bad)
    expect(letters.map(({ origin, reason }) => [origin, reason.split(':')[0]])).toEqual([
      ['XBTUSD.csv', 'line 2'],
      ['XBTUSD.csv', 'line 3'],
      ['XBTUSD.csv', 'line 4'],
    ])
  })
})
