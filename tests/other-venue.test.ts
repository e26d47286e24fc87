import { type EpochMicros, type Instrument, type MarketMessage, marketSymbol, parseTime, type Trade } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { messagesOf } from './faults/check.ts'
import { Host } from './faults/host.ts'
import { type Habits, OtherVenue } from './faults/other-venue.ts'
import { IngestProcess } from './faults/process.ts'
import { Random } from './faults/random.ts'
import { VirtualTime } from './faults/virtual-time.ts'

const START = parseTime('2026-03-04T10:02:10Z')
const SECOND = 1_000_000
const [BTC, KAVA] = ['BTC/USD', 'KAVA/USD'].map(marketSymbol) as [Trade['symbol'], Trade['symbol']]
/** Six trades a second, and three in four minutes. */
const PERIODS = new Map([
  [BTC, 0.5 * SECOND],
  [KAVA, 240 * SECOND],
])
const instruments = [BTC, KAVA].map((symbol): Instrument => {
  const [base = '', quote = ''] = symbol.split('/')
  return { symbol, base, quote, status: 'online', priceDecimals: 1, quantityDecimals: 8, aliases: [] }
})

/** Follows the venue for some minutes, over two lost connections and a `kill -9`. */
async function followed(habits: Partial<Habits>): Promise<{ venue: OtherVenue; messages: readonly MarketMessage[] }> {
  const time = new VirtualTime(START)
  const venue = new OtherVenue(time, PERIODS, habits)
  const random = new Random(1)
  const host = new Host(time, random)
  const start = (): Promise<IngestProcess> =>
    IngestProcess.start({ host, venue, time, random, instruments, backfill: 1, skew: 0, tell: () => {} })
  const pass = (seconds: number): Promise<void> => time.pass((time.now() + seconds * SECOND) as EpochMicros)

  const first = await start()
  await pass(40)
  venue.hangUp()
  await pass(30)
  await first.kill()
  await pass(20)
  const second = await start()
  await pass(20)
  venue.hangUp()
  await pass(120)
  expect(second.failure).toBeUndefined()
  expect(second.ingest.status()).toMatchObject({ connected: true, refused: [], backfill: [], holes: [] })
  await second.kill()
  return { venue, messages: await messagesOf(host) }
}

const tradesOf = (messages: readonly MarketMessage[], symbol: Trade['symbol']): Trade[] =>
  messages
    .flatMap((message) => (message.kind === 'trade' && message.trade.symbol === symbol ? message.trade : []))
    .sort((a, b) => a.tradeId - b.tradeId)

const BY_THE_BOOK: Partial<Habits> = {
  resultKey: 'XXBTZUSD',
  sinceInclusive: true,
  frames: 'market',
  isTerse: false,
  isEager: false,
  isReversed: false,
  timeDigits: 6,
  isSilent: false,
}

describe('against a venue of other habits the log holds every trade once, as it happened:', () => {
  it.each<[string, Partial<Habits>]>([
    ['the documented ones', BY_THE_BOOK],
    ['the opposite of each', {}],
    ['a trade a frame', { frames: 'single' }],
    ['markets mixed in a frame, newest first', { frames: 'mixed', isReversed: true, sinceInclusive: true }],
    ['small pages', { pageRows: 100 }],
    ['small pages, `since` included', { pageRows: 100, sinceInclusive: true }],
    ['pages without `last`', { last: 'absent' }],
    ['`last` as a number', { last: 'number' }],
    ['times in milliseconds, answers that name nothing', { timeDigits: 3, isTerse: true }],
    ['no heartbeats', { ...BY_THE_BOOK, isSilent: true }],
  ])('%s', async (_, habits) => {
    const { messages, venue } = await followed(habits)
    for (const symbol of [BTC, KAVA]) {
      const stored = tradesOf(messages, symbol)
      const ids = stored.map(({ tradeId }) => tradeId)
      const first = ids[0] as number
      expect(ids).toEqual(
        Array.from({ length: venue.lastId(symbol) - first + 1 }, (_, at) => first + at).slice(0, ids.length),
      )
      expect(stored).toEqual(ids.map((id) => venue.trade(symbol, id)))
      expect(ids.at(-1)).toBeGreaterThanOrEqual(venue.lastId(symbol, (START + 225 * SECOND) as EpochMicros))
    }
    expect(tradesOf(messages, BTC).length).toBeGreaterThan(2000)
    for (const message of messages) {
      if (message.kind !== 'heartbeat') continue
      const { eventTime, lastTradeId, symbol } = message.heartbeat
      expect(venue.lastId(symbol, eventTime)).toBe(lastTradeId)
    }
  })
})
