import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import {
  C1Error,
  type DecimalText,
  type EpochMicros,
  type Instrument,
  type MarketMessage,
  marketSymbol,
  parseTime,
  type Trade,
} from '@c1/market'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dollarMarket, Place } from '../test-support.ts'
import { type ImportFinding, type ImportOptions, importArchive } from './import-archive.ts'
import type { TradesFrom } from './prove-ids.ts'

const BTC = dollarMarket('BTC', 'XBTUSD')
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

async function importFile(path: string, options: Partial<ImportOptions> = {}) {
  const trades = await place.open()
  try {
    return await importArchive(path, {
      trades,
      checkpoints: place.checkpoints,
      market: BTC,
      signal: new AbortController().signal,
      onProgress: () => {},
      ...options,
    })
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
    const onProgress = () => {
      throw new Error('interrupted')
    }
    const interrupted = importFile(path, { onProgress })
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

/** The venue's trades: each of a second has a neighbour, and every third pair of rows is equal. */
const VENUE: readonly Trade[] = Array.from({ length: 4000 }, (_, index) => ({
  symbol: BTC.symbol,
  idSpace: 'venue',
  tradeId: 501 + index,
  eventTime: ((START + Math.floor(index / 2)) * 1e6 + 250_000 * (1 + (index % 2))) as EpochMicros,
  price: `900${Math.floor(index / 2) % 7}.1` as DecimalText,
  quantity: (index % 6 === 0 ? '0.02000000' : '0.01000000') as DecimalText,
  side: 'sell',
  orderType: 'limit',
}))
const venue: TradesFrom = async (time, count) => VENUE.filter(({ eventTime }) => eventTime >= time).slice(0, count)
const archiveRow = ({ eventTime, price, quantity }: Trade): string =>
  `${Math.floor(eventTime / 1e6)},${price}0000,${quantity}\n`
const archived = (from: number, to: number): string => VENUE.slice(from, to).map(archiveRow).join('')

/** Imports, and gives the trades of the log with what was found out about their ids. */
async function importProven(path: string, options: Partial<ImportOptions> = {}) {
  const findings: ImportFinding[] = []
  const progress = await importFile(path, { venue, onFinding: (finding) => findings.push(finding), ...options })
  const messages = await place.messages()
  const trades = messages.flatMap((message) => (message.kind === 'trade' ? [message.trade] : []))
  return { progress, findings, messages, trades, ids: trades.map(({ tradeId }) => tradeId) }
}
const range = (from: number, to: number): number[] => seconds(from, to + 1)

describe('rows without ids, beside a venue', () => {
  it('are its trades, once the rows at the ends and between them are', async () => {
    const { findings, ids, messages, progress, trades } = await importProven(file('XBTUSD.csv', archived(0, 3000)))
    expect(progress).toMatchObject({ added: 3000, known: 0, leftOut: 0 })
    expect(findings).toMatchObject([{ kind: 'ids-proven', rows: 3000, proven: [{ from: 1, to: 3000, offset: 500 }] }])
    expect(ids).toEqual(range(501, 3500))
    expect(trades[1]).toEqual({
      ...VENUE[1],
      eventTime: START * 1e6,
      side: undefined,
      orderType: undefined,
    })
    // No trade of the venue came between midnight and the first row.
    expect(messages[0]).toEqual({
      kind: 'heartbeat',
      heartbeat: {
        symbol: BTC.symbol,
        idSpace: 'venue',
        eventTime: parseTime('2018-05-08T00:00:00Z'),
        lastTradeId: 500,
      },
    })
  })

  it('begin at their first second where trades of the day came before', async () => {
    const { messages } = await importProven(file('XBTUSD.csv', archived(100, 3000)))
    expect(messages[0]).toMatchObject({ heartbeat: { eventTime: (START + 50) * 1e6, lastTradeId: 600 } })
    expect((await importProven(file('XBTUSD_2.csv', archived(3001, 4000)))).ids).toEqual([
      ...range(601, 3500),
      ...range(3502, 4500),
    ])
  })

  it('join by id with what came from the venue itself, and nothing of it contradicts them', async () => {
    const log = await place.open()
    await log.appendTrades(VENUE.slice(2000, 2500))
    await log.close()
    const { ids, progress } = await importProven(file('XBTUSD.csv', archived(0, 3000)))
    expect(progress).toMatchObject({ added: 2500, known: 500, leftOut: 0 })
    expect([...ids].sort((a, b) => a - b)).toEqual(range(501, 3500))
    const again = await place.open()
    expect(await again.appendTrades(VENUE)).toBe(3000)
    expect(again.ledger.spans(BTC.symbol, 'venue')).toMatchObject([{ first: 501, last: 4500 }])
    await again.close()
    expect(await place.deadLetters()).toEqual([])
  })

  it('that the venue does not have are left out, and what the file lacks is a hole', async () => {
    const rows = archived(0, 1000) + row(500).repeat(2) + archived(1000, 2004) + archived(2005, 3000)
    // They are equal to a trade of their second, which makes no difference: there are two more than trades.
    expect(row(500)).toBe(
      archiveRow(VENUE[1001] as Trade)
        .replace('0000,', ',')
        .replace('0.01000000', '0.01'),
    )
    const { findings, ids, progress } = await importProven(file('XBTUSD.csv', rows))
    expect(progress).toMatchObject({ added: 2999, leftOut: 2 })
    expect(findings).toMatchObject([{ proven: [{ offset: 500 }, { offset: 498 }, { offset: 499 }] }])
    expect(ids).toEqual([...range(501, 2504), ...range(2506, 3500)])
    const log = await place.open()
    expect(log.ledger.holes(BTC.symbol)).toMatchObject([{ first: 2505, last: 2505 }])
    await log.close()
  })

  it('of another market, or of a venue that does not answer, stay without ids, and it is said why', async () => {
    const other = await importProven(file('XBTUSD.csv', rows(0, 1000).replaceAll(',9', ',8')))
    expect(other.findings).toEqual([
      { kind: 'ids-unknown', label: expect.any(String), reason: "of 1000 rows the venue's trades prove 0" },
    ])
    expect(other.trades[0]?.idSpace).toMatch(/^file:/)
    await place.remove()
    place = new Place()
    const gone: TradesFrom = () => Promise.reject(new C1Error('kraken_unreachable', 'Nobody answers.'))
    const { findings, progress } = await importProven(file('XBTUSD.csv', archived(0, 1000)), { venue: gone })
    expect(findings).toMatchObject([{ kind: 'ids-unknown', reason: 'Nobody answers.' }])
    expect(progress).toMatchObject({ added: 1000 })
  })

  it('stay without ids where the log has such rows of the time already: ids would count them twice', async () => {
    await importFile(file('XBTUSD.csv', archived(0, 1000)))
    const { findings, ids, progress } = await importProven(file('XBTUSD_all.csv', archived(0, 3000)))
    expect(findings).toMatchObject([
      { kind: 'ids-unknown', reason: expect.stringContaining('without ids already') },
      { kind: 'overlap', same: 1, different: 0 },
    ])
    expect(progress).toMatchObject({ added: 2000, known: 1000 })
    expect(ids).toHaveLength(3000)
  })
})

describe('an import that was begun', () => {
  it('goes on where it was killed, with what was proven, and asks nobody again', async () => {
    const path = file('XBTUSD.csv', archived(0, 3000))
    const stop = new AbortController()
    await importProven(path)
    // As if the process had been killed after it had kept its first 1,000 rows.
    const saved = join(place.folder, 'checkpoints', 'archive-imports-BTC-USD.json')
    const state = JSON.parse(readFileSync(saved, 'utf8'))
    const begun = archived(0, 1000)
    const crc = crc32(begun)
    Object.assign(state.records[0], {
      isWhole: false,
      lastId: 1500,
      place: { bytes: begun.length, lines: 1000, rows: 1000, crc },
    })
    writeFileSync(saved, JSON.stringify(state))
    const never: TradesFrom = () => expect.fail('asked')
    const { findings, ids, progress } = await importProven(path, { venue: never, signal: stop.signal })
    expect(findings).toEqual([])
    expect(progress).toMatchObject({ added: 0, known: 3000 })
    expect(ids).toEqual(range(501, 3500))
  })

  it('takes what a later edition adds, proven like the rest', async () => {
    const path = file('XBTUSD.csv', archived(0, 2000))
    await importProven(path)
    expect((await importProven(path)).progress).toMatchObject({ added: 0, known: 2000 })
    appendFileSync(path, archived(2000, 3000))
    const { ids, progress } = await importProven(path)
    expect(progress).toMatchObject({ added: 1000, known: 2000 })
    expect(ids).toEqual(range(501, 3500))
  })

  it('is not mixed with another file of its name', async () => {
    const path = file('XBTUSD.csv', `${rows(0, 5000)}${row(5000)}`)
    await importFile(path)
    writeFileSync(path, `${rows(0, 4999)}${row(7000)}${row(7001)}`)
    await expect(importFile(path)).rejects.toMatchObject({ code: 'archive_changed' })
    expect(times(await place.messages())).toEqual(seconds(0, 5001))
  })

  it('is begun again where the log does not have what was imported', async () => {
    const path = file('XBTUSD.csv', archived(0, 2000))
    await importProven(path)
    await place.abandon()
    rmSync(join(place.folder, 'log'), { recursive: true })
    rmSync(join(place.folder, 'checkpoints', 'trade-ledger.json'))
    const { ids } = await importProven(path)
    expect(ids).toEqual(range(501, 2500))
  })
})

describe('two files without ids', () => {
  const unknown = { venue: undefined }
  /** A row every six hours and its equal, from a day on. */
  const days = (from: number, to: number): string =>
    seconds(4 * from, 4 * to)
      .map((quarter) => row(quarter * 21_600).repeat(2))
      .join('')

  it('join within a second where one ends and the other goes on: equal rows are distinct trades', async () => {
    await importFile(file('XBTUSD.csv', archived(0, 1001)))
    const { findings, progress } = await importProven(file('XBTUSD_all.csv', archived(0, 3000)), unknown)
    expect(findings).toContainEqual(
      expect.objectContaining({ kind: 'overlap', member: 'XBTUSD.csv', same: 1, different: 0 }),
    )
    expect(progress).toMatchObject({ added: 1999, known: 1001 })
    const messages = await place.messages()
    const logged = messages.flatMap((message) => (message.kind === 'trade' ? [message.trade] : []))
    expect(logged.map(archiveRow).join('')).toBe(archived(0, 3000))
  })

  it('that cover the same days are compared day by day, and a quarter adds its own days', async () => {
    await importFile(file('XBTUSD.csv', days(0, 90)))
    const { findings, progress } = await importProven(file('XBTUSD_Q2.csv', days(60, 150)), unknown)
    expect(findings.at(-1)).toMatchObject({ same: 30, different: 0 })
    expect(progress).toMatchObject({ added: 8 * 60, known: 8 * 30 })
    expect((await importProven(file('XBTUSD_all.csv', days(0, 200)), unknown)).progress).toMatchObject({
      added: 8 * 50,
    })
    expect(times(await place.messages())).toEqual(times(await place.messages()).toSorted((a, b) => a - b))
  })

  it('that differ are kept apart: what was there first stands, and it is said', async () => {
    await importFile(file('XBTUSD.csv', days(0, 10)))
    const lacking = days(0, 4) + days(4, 5).slice(0, -row(0).length) + days(5, 7) + days(8, 12)
    const { findings, progress } = await importProven(file('XBTUSD_2.csv', lacking), unknown)
    // The day that it does not have at all is none that it has otherwise.
    expect(findings.at(-1)).toMatchObject({ member: 'XBTUSD.csv', same: 8, different: 1 })
    expect(progress).toMatchObject({ added: 16 })
    expect(await place.messages()).toHaveLength(8 * 12 + 2)
  })
})

const SAMPLES = join(import.meta.dirname, '../../../../../shared/data/kraken/archive_csv')

it.skipIf(!existsSync(SAMPLES))(
  'real excerpts of two quarters keep all their rows, 49 of which repeat another',
  async () => {
    const BCH: Instrument = { ...BTC, symbol: marketSymbol('BCH/EUR'), priceDecimals: 6, aliases: ['BCHEUR'] }
    const [first, second] = [join(SAMPLES, 'BCHEUR.csv'), join(SAMPLES, 'incremental_q2', 'BCHEUR.csv')]
    expect(await importFile(first, { market: BCH })).toMatchObject({ added: 148 })
    expect(await importFile(second, { market: BCH })).toMatchObject({ added: 486, known: 0 })
    const whole = file('BCHEUR_whole.csv', readFileSync(first, 'utf8') + readFileSync(second, 'utf8'))
    expect(await importFile(whole, { market: BCH })).toMatchObject({ added: 0, known: 634 })
  },
)
