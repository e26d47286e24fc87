import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readArchive } from '@c1/kraken'
import { type EpochMicros, MICROS_PER_HOUR, marketSymbol, parseTime, type Trade } from '@c1/market'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ArchiveFormat } from './archive.ts'
import { Venue } from './venue.ts'

const START = parseTime('2026-03-04T10:00:00Z')
const FROM = (START - 2 * MICROS_PER_HOUR) as EpochMicros
const BTC = marketSymbol('BTC/USD')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'c1-archive-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function linesOf(venue: Venue, format: ArchiveFormat, from: EpochMicros, to: EpochMicros): Promise<string[]> {
  const lines = [...venue.archive(BTC, format, from, to)]
  venue.close()
  return lines
}

/** What C1 reads of such a file. */
async function read(lines: readonly string[]): Promise<Trade[]> {
  const path = join(folder, 'XBTUSD.csv')
  await writeFile(path, `${lines.join('\n')}\n`)
  const trades: Trade[] = []
  for await (const batch of readArchive(path, { market: BTC })) trades.push(...batch.trades)
  return trades
}

describe('an archive file of the simulator', () => {
  it('of seven columns holds the trades of the time as they happened, under a header of six names', async () => {
    const venue = await Venue.open({ start: START, seed: 3 })
    const happened = venue.truth(BTC, venue.lastId(BTC, FROM) + 1, venue.lastId(BTC, START))
    const lines = await linesOf(venue, 'seven-columns', FROM, START)
    expect(lines[0]?.split(',')).toHaveLength(6)
    expect(lines[1]?.split(',')).toHaveLength(7)
    const facts = ({ orderType, price, quantity, side, tradeId }: Trade) =>
      [tradeId, Number(price), quantity, side, orderType].join()
    expect((await read(lines)).map(facts)).toEqual(happened.map(facts))
    expect(happened.length).toBeGreaterThan(5000)
  })

  it('of three columns has whole seconds, in the order in which the trades happened', async () => {
    const venue = await Venue.open({ start: START, seed: 3 })
    const happened = venue.truth(BTC, venue.lastId(BTC, FROM) + 1, venue.lastId(BTC, START))
    const lines = await linesOf(venue, 'three-columns', FROM, START)
    expect(lines).toHaveLength(happened.length)
    expect(lines[0]).toMatch(/^\d{10},\d+\.\d{5},\d+\.\d{8}$/)
    const times = lines.map((line) => Number(line.split(',')[0]))
    expect(times).toEqual(happened.map(({ eventTime }) => Math.floor(eventTime / 1e6)))
  })

  it('repeats the rows of trades that are the same in every column', async () => {
    const rows = [
      '1672531200,16541.40000,0.10000000',
      '1672531200,16541.40000,0.10000000',
      '1672531201,16541.50000,1.00000000',
    ]
    const path = join(folder, 'XBTUSD_replayed.csv')
    await writeFile(path, `${rows.join('\n')}\n`)
    const venue = await Venue.open({ replay: path, symbol: 'BTC/USD' })
    const [from, to] = [1_672_531_200e6, 1_672_531_202e6] as EpochMicros[]
    expect(await linesOf(venue, 'three-columns', from as EpochMicros, to as EpochMicros)).toEqual(rows)
  })
})
