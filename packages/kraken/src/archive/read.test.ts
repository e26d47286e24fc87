import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type Instrument, type MarketSymbol, marketSymbol, type Trade, UsageError } from '@c1/market'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { archiveNames } from '../names.ts'
import { collect } from '../test-support/collect.ts'
import { instrument, restRow, restTrades } from '../test-support/instruments.ts'
import { zipBytes } from '../test-support/zip-bytes.ts'
import { openArchive } from './open.ts'
import { type ArchiveBatch, readArchive } from './read.ts'

const BTC = marketSymbol('BTC/USD')
const THREE = '1672531436,90.540000,1.10448420\n1672531471,90.450000,1.00000000\n'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'c1-archive-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

async function read(path: string, market: Instrument | MarketSymbol = BTC) {
  const batches = await collect(readArchive(path, { market }))
  return {
    trades: batches.flatMap(({ trades }) => trades),
    rejected: batches.flatMap(({ rejected }) => rejected),
    outOfOrder: batches.reduce((sum, { outOfOrder }) => sum + outOfOrder, 0),
    batches,
  }
}

const lastBatch = ({ batches }: { readonly batches: readonly ArchiveBatch[] }) => batches.at(-1) as ArchiveBatch
const ids = (trades: readonly Trade[]) => trades.map(({ tradeId }) => tradeId)

describe('an archive file', () => {
  it('without ids gives ordinals in an id space of its own, and no side', async () => {
    const { trades, rejected } = await read(await file('XBTUSD.csv', THREE))
    expect(trades).toEqual([
      {
        symbol: 'BTC/USD',
        idSpace: expect.stringMatching(/^file:[0-9a-f]{12}$/),
        tradeId: 1,
        eventTime: 1_672_531_436_000_000,
        price: '90.540000',
        quantity: '1.10448420',
        side: undefined,
        orderType: undefined,
      },
      expect.objectContaining({ tradeId: 2, eventTime: 1_672_531_471_000_000, price: '90.450000' }),
    ])
    expect(rejected).toEqual([])
  })

  it('with ids keeps them, in REST columns', async () => {
    const rows = '90.5,1,1672531436.1234567,b,l,,17\n90.4,2,1672531437,sell,market,,18\n'
    const { trades } = await read(await file('seven.csv', rows), instrument())
    expect(trades[0]).toEqual({
      symbol: 'BTC/USD',
      idSpace: 'venue',
      tradeId: 17,
      eventTime: 1_672_531_436_123_456,
      price: '90.5',
      quantity: '1.00000000',
      side: 'buy',
      orderType: 'limit',
    })
    expect(trades[1]).toMatchObject({ tradeId: 18, side: 'sell', orderType: 'market' })
  })

  it('keeps equal rows: they are distinct trades', async () => {
    const { trades } = await read(await file('equal.csv', '1672531436,90.5,1\n'.repeat(3)))
    expect(ids(trades)).toEqual([1, 2, 3])
  })

  it('is read alike with CR LF, empty lines, a byte order mark and no last line end', async () => {
    const plain = await read(await file('plain.csv', THREE))
    const odd = await read(await file('odd.csv', `\ufeff\r\n${THREE.trimEnd().replaceAll('\n', '\r\n\r\n')}`))
    const known = ({ idSpace: _, ...trade }: Trade) => trade
    expect(odd.trades.map(known)).toEqual(plain.trades.map(known))
  })

  it('gives rejected rows with line and reason, and their ordinal to nobody', async () => {
    const bad = [
      '1672531437,-1,2',
      '1672531437,90.5',
      '1672531437,90.5,2,3',
      'x,90.5,2',
      '1672531437,0.0,2',
      '1672531437,é,2',
    ]
    const rows = ['time,price,volume', '1672531436,90.5,1', '', ...bad, '1672531438,90.6,1']
    const { trades, rejected } = await read(await file('bad.csv', rows.join('\n')))
    expect(ids(trades)).toEqual([1, 8])
    expect(rejected.map(({ raw }) => raw)).toEqual(bad)
    expect(rejected.map(({ line }) => line)).toEqual([4, 5, 6, 7, 8, 9])
    expect(rejected.map(({ code }) => code)).toEqual([
      'decimal_malformed',
      'row_malformed',
      'row_malformed',
      'time_malformed',
      'price_malformed',
      'decimal_malformed',
    ])
  })

  it('with ids rejects the rows that have none', async () => {
    const rows = '90.5,1,1672531436,b,l,,17\n90.5,1,1672531436,b,l,,0\n90.5,1,1672531436,b,l,,\n'
    const { trades, rejected } = await read(await file('ids.csv', rows))
    expect(ids(trades)).toEqual([17])
    expect(rejected.map(({ code }) => code)).toEqual(['trade_id_malformed', 'trade_id_malformed'])
  })

  it('counts rows out of the order of time and takes them', async () => {
    const rows = '1672531436,90.5,1\n1672531439,90.5,1\n1672531437,90.5,1\n1672531437,90.5,1\n'
    const { trades, outOfOrder } = await read(await file('order.csv', rows))
    expect({ count: trades.length, outOfOrder }).toEqual({ count: 4, outOfOrder: 1 })
  })

  it('gets the decimals of the market, and more only where it was traded at a finer step', async () => {
    const rows = '1385579841.7774,1023.82219,0.00435995\n1672531436,90.540000,1\n1672531437,90.500000,1e-3\n'
    const { trades } = await read(await file('steps.csv', rows), instrument())
    expect(trades.map(({ price }) => price)).toEqual(['1023.82219', '90.54', '90.5'])
    expect(trades.map(({ quantity }) => quantity)).toEqual(['0.00435995', '1.00000000', '0.00100000'])
  })

  it('is one id space whether packed or not, and when it goes on; another by name or content', async () => {
    const space = async (path: string) => lastBatch(await read(path)).idSpace
    const long = Array.from({ length: 4_000 }, (_, index) => `${1672531436 + index},90.5,1\n`).join('')
    const name = 'BTCUSD.csv'
    const plain = await space(await file(name, long))
    expect(await space(await file(`${name}.gz`, gzipSync(long)))).toBe(plain)
    expect(await space(await file('all.zip', zipBytes({ [`TimeAndSales_Combined/${name}`]: long })))).toBe(plain)
    expect(await space(await file(name, `${long}1672599999,90.5,1\n`))).toBe(plain)
    expect(await space(await file(name, long.replace('90.5', '90.6')))).not.toBe(plain)
    expect(await space(await file('other.csv', long))).not.toBe(plain)
  })

  it('tells how far it is', async () => {
    const rows = THREE.repeat(10_000)
    for (const path of [await file('far.csv', rows), await file('far.csv.gz', gzipSync(rows))]) {
      const { batches } = await read(path)
      expect(batches.length).toBeGreaterThan(1)
      expect(lastBatch({ batches }).bytesRead).toBe(lastBatch({ batches }).bytesTotal)
    }
  })
})

describe('a zip', () => {
  it('gives the members named like the market, in any folder, one after the other', async () => {
    const members = {
      'TimeAndSales_Combined/XBTUSD.csv': THREE,
      'XBTUSD_1.csv': 'candles',
      'ETHUSD.csv': 'other',
      'Q2/xbtusd.csv': '1672620536,90.07,1.1\n',
      'readme.txt': 'text',
    }
    const { batches, trades } = await read(await file('history.zip', zipBytes(members)))
    expect([...new Set(batches.map(({ member }) => member))]).toEqual([
      'TimeAndSales_Combined/XBTUSD.csv',
      'Q2/xbtusd.csv',
    ])
    expect(ids(trades)).toEqual([1, 2, 1])
    expect(new Set(trades.map(({ idSpace }) => idSpace)).size).toBe(2)
    expect(lastBatch({ batches })).toMatchObject({ bytesRead: THREE.length + 21, bytesTotal: THREE.length + 21 })
  })

  it('without such a member is refused with what it holds', async () => {
    const path = await file('none.zip', zipBytes({ 'XBTUSD_1.csv': 'candles' }))
    await expect(read(path)).rejects.toThrow('has no member BTCUSD.csv, XBTUSD.csv; it holds XBTUSD_1.csv.')
    await expect(read(await file('no.zip', zipBytes({ a: '' })))).rejects.toThrow('it holds no .csv file')
  })

  it('whose member does not fit its checksum is damaged', async () => {
    const bytes = zipBytes({ 'XBTUSD.csv': THREE })
    // The checksum in the central directory, which is the one that is read.
    bytes.writeUInt32LE(7, bytes.indexOf(Buffer.from('504b0102', 'hex')) + 16)
    await expect(read(await file('sum.zip', bytes))).rejects.toMatchObject({
      code: 'archive_damaged',
      details: { file: join(folder, 'sum.zip/XBTUSD.csv'), position: THREE.length },
    })
  })
})

describe('a damaged or foreign file', () => {
  it('that is cut off gives what came before, then names the place', async () => {
    const rows = Array.from(
      { length: 40_000 },
      (_, index) => `${1672531436 + index},${(index * 7919) % 1000}.5,${index}.25\n`,
    )
    const packed = gzipSync(rows.join(''))
    const path = await file('cut.csv.gz', packed.subarray(0, packed.length - 1_000))
    let trades = 0
    const reading = async () => {
      for await (const batch of readArchive(path, { market: BTC })) trades += batch.trades.length
    }
    await expect(reading()).rejects.toMatchObject({
      code: 'archive_damaged',
      details: { file: path, position: packed.length - 1_000 },
    })
    expect(trades).toBeGreaterThan(10_000)
    const zip = zipBytes({ 'XBTUSD.csv': rows.join('') })
    await expect(read(await file('cut.zip', zip.subarray(0, zip.length - 1_000)))).rejects.toMatchObject({
      code: 'archive_damaged',
    })
  })

  it.each([
    ['image.csv', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')],
    ['empty.csv', ''],
    ['columns.csv', 'a,b,c\n1,2,3\n'],
    ['answer.json', '{"error":["EQuery:Unknown asset pair"],"result":null}'],
    [
      'candles.json',
      '{"error":[],"result":{"XXBTZUSD":[[1762777020,"1.0","1.0","1.0","1.0","0.0","0.0",0]],"last":1}}',
    ],
    ['broken.json', '{"error":[],"result":{"XXBTZ'],
  ])('%s is refused by name', async (name, content) => {
    const reading = read(await file(name, content))
    await expect(reading).rejects.toThrow(UsageError)
    await expect(reading).rejects.toThrow(name)
  })

  it('that is not there, or is a folder, is refused', async () => {
    await expect(read(join(folder, 'nothing.csv'))).rejects.toMatchObject({ code: 'archive_not_found' })
    await expect(read(folder)).rejects.toMatchObject({ code: 'archive_not_found' })
  })
})

describe('a stored REST answer', () => {
  it('gives its trades with their ids', async () => {
    const path = await file('trades.json', restTrades([restRow(7), 'null', restRow(8)], '1'))
    const { trades, rejected } = await read(path, instrument())
    expect(trades[0]).toMatchObject({
      idSpace: 'venue',
      tradeId: 7,
      price: '83930.3',
      eventTime: 1_790_359_840_939_291,
    })
    expect(ids(trades)).toEqual([7, 8])
    expect(rejected).toMatchObject([{ line: 2, raw: 'null' }])
  })

  it('of the years without ids has an id space of its own', async () => {
    const row = '["1023.82219","0.00435995",1385579841.7774,"s","l",""]'
    const { trades } = await read(await file('old.json', restTrades([row, row], '1385579841777400000')))
    expect(ids(trades)).toEqual([1, 2])
    expect(trades[0]).toMatchObject({ price: '1023.82219', side: 'sell', idSpace: expect.stringMatching(/^file:/) })
  })
})

describe('an opened archive', () => {
  it('gives the bytes as they are, with their layout', async () => {
    const path = await file('bytes.csv.gz', gzipSync(`\ufeff${THREE}`))
    const parts: Uint8Array[] = []
    for await (const archive of openArchive(path, { aliases: archiveNames(BTC) })) {
      expect(archive).toMatchObject({ member: 'bytes.csv.gz', layout: { header: false, count: 3 } })
      parts.push(...(await collect(archive.chunks)))
    }
    expect(Buffer.concat(parts).toString()).toBe(THREE)
  })

  it('can be left before its end', async () => {
    const path = await file('left.csv', THREE.repeat(20_000))
    for await (const { trades } of readArchive(path, { market: BTC })) {
      expect(trades.length).toBeGreaterThan(0)
      break
    }
    for await (const { chunks } of openArchive(path, { aliases: [] })) expect(chunks).toBeDefined()
  })
})

const shared = (name: string) => new URL(`../../../../../shared/data/kraken/${name}`, import.meta.url).pathname

describe.skipIf(!existsSync(shared('README.md')))('real files', () => {
  it.each([
    ['trades/XBTUSD_2018-05-08_2018-05-22.csv.gz', 152_019, 'b', '9431.10000'],
    ['trades/EOSUSD_2018-05-07_2018-06-19.csv.gz', 104_503, 's', '17.8'],
    ['archive_csv/BCHEUR.csv', 148, undefined, '90.540000'],
    ['archive_csv/incremental_q2/BCHEUR.csv', 486, undefined, '90.070000'],
    ['rest/Trades_XBTUSDT_2025-11-10.json', 1_000, 'b', '105433.60000'],
    ['rest/Trades_XXBTZUSD_2013-11-27.json', 14, 's', '1023.82219'],
  ])('%s holds %i trades', async (name, count, side, price) => {
    const { trades, rejected, outOfOrder } = await read(shared(name))
    expect({ count: trades.length, rejected, outOfOrder }).toEqual({ count, rejected: [], outOfOrder: 0 })
    expect(trades[0]?.side?.[0]).toBe(side)
    expect(trades[0]?.price).toBe(price)
  })

  it('with candles are refused', async () => {
    await expect(read(shared('ohlcvt/XBTUSD_60_to_2019-05-31.csv.gz'))).rejects.toMatchObject({
      code: 'archive_foreign',
    })
  })
})
