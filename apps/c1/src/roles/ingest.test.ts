import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DeadLetter, deadLettersCodec, type EventLog, openEmbeddedLog, TOPICS, tradesCodec } from '@c1/event-log'
import { Ingest, TradeLog } from '@c1/ingest-trades'
import { cursorAt, KrakenRest, VenueClock } from '@c1/kraken'
import {
  findInstrument,
  formatTime,
  type Heartbeat,
  type Instrument,
  type MarketMessage,
  MICROS_PER_HOUR,
  marketSymbol,
  type Outage,
  parseTime,
  systemTime,
  type Trade,
  unservedIds,
} from '@c1/market'
import { CheckpointStore, createLogger, Metrics } from '@c1/service'
import { type Simulator, startSimulator } from '@c1/simulator'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

vi.setConfig({ testTimeout: 20_000 })

const SOURCE = 'simulator'
const BTC = marketSymbol('BTC/USD')
/** Most of its minutes are empty. */
const KAVA = marketSymbol('KAVA/USD')
const START = parseTime('2026-03-04T10:28:30Z')
/** One hour of history and what of the hour before completes it. */
const HISTORY_START = parseTime('2026-03-04T09:00:00Z')
/** Simulated seconds a second: a minute ends every second. */
const SPEED = 60

/** Tampers with REST answers of `Trades` on their way. */
type Tamper = (rows: unknown[][]) => unknown[][]

let folder: string
let venue: Simulator
let log: EventLog
let tamper: Tamper
let tradeCalls: number
const running: Running[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'c1-live-'))
  venue = await startSimulator({ start: START, speed: SPEED, seed: 5 })
  log = await openEmbeddedLog({ directory: join(folder, 'log'), onWarning: (message) => expect.fail(message) })
  tamper = (rows) => rows
  tradeCalls = 0
})
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
  await venue.close()
  await log.close()
  rmSync(folder, { recursive: true })
})

interface Running {
  readonly ingest: Ingest
  readonly trades: TradeLog
  readonly metrics: Metrics
  stop(): Promise<void>
}

const tampering: typeof fetch = async (input, init) => {
  const response = await fetch(input, init)
  if (!String(input).includes('/Trades?')) return response
  tradeCalls += 1
  const body = (await response.json()) as { result: Record<string, unknown> }
  for (const [key, rows] of Object.entries(body.result)) if (Array.isArray(rows)) body.result[key] = tamper(rows)
  return new Response(JSON.stringify(body))
}

async function start(...symbols: Instrument['symbol'][]): Promise<Running> {
  const direct = new KrakenRest({ baseUrl: venue.restUrl, minIntervalMs: 0 })
  const listed = await direct.instruments()
  const clock = new VenueClock(systemTime)
  clock.observe(venue.now(), systemTime())
  const trades = await TradeLog.open({
    log,
    checkpoints: new CheckpointStore(join(folder, 'checkpoints')),
    source: SOURCE,
  })
  const metrics = new Metrics()
  const ingest = new Ingest({
    trades,
    rest: new KrakenRest({ baseUrl: venue.restUrl, minIntervalMs: 0, fetch: tampering }),
    wsUrl: venue.wsUrl,
    instruments: symbols.map((symbol) => findInstrument(listed, symbol)),
    clock,
    backfill: MICROS_PER_HOUR,
    pingIntervalMs: 100,
    logger: createLogger('silent'),
    metrics,
  })
  const stop = new AbortController()
  const done = ingest.run(stop.signal)
  done.catch(() => {})
  let stopped: Promise<void> | undefined
  const end = async (): Promise<void> => {
    stop.abort()
    await done
    await trades.close()
  }
  const one = { ingest, trades, metrics, stop: () => (stopped ??= end()) }
  running.push(one)
  return one
}

/** Reads the trades topic until the messages so far are what is waited for. */
async function seen(enough: (messages: readonly MarketMessage[]) => boolean): Promise<readonly MarketMessage[]> {
  const codec = tradesCodec(SOURCE)
  const messages: MarketMessage[] = []
  for await (const { records } of await log.consumer(TOPICS.trades, { from: 'earliest' })) {
    for (const record of records) messages.push(codec.decode(record))
    if (enough(messages)) break
  }
  return messages
}

const tradesOf = (messages: readonly MarketMessage[], symbol = BTC): Trade[] =>
  messages.flatMap((message) => (message.kind === 'trade' && message.trade.symbol === symbol ? [message.trade] : []))
const heartbeatsOf = (messages: readonly MarketMessage[], symbol = BTC): Heartbeat[] =>
  messages.flatMap((message) =>
    message.kind === 'heartbeat' && message.heartbeat.symbol === symbol ? [message.heartbeat] : [],
  )

const exceptionsOf = (messages: readonly MarketMessage[]): Outage[] =>
  messages.flatMap((message) =>
    message.kind === 'outage' && unservedIds(message.outage) !== undefined ? [message.outage] : [],
  )

const tradeRow = ({ side, price, quantity, orderType, tradeId, eventTime }: Trade, sign = ''): string =>
  `{"symbol":"BTC/USD","side":"${side}","price":${sign}${price},"qty":${quantity},"ord_type":"${orderType}",` +
  `"trade_id":${tradeId},"timestamp":"${formatTime(eventTime)}"}`
const tradeFrame = (trade: Trade): string => `{"channel":"trade","type":"update","data":[${tradeRow(trade)}]}`

/** Every id between the first and the last is there, once. */
function isDense(trades: readonly Trade[]): boolean {
  const ids = trades.map(({ tradeId }) => tradeId).sort((a, b) => a - b)
  return ids.length > 0 && ids.every((id, at) => id === (ids[0] as number) + at)
}

function holds(messages: readonly MarketMessage[], ids: Iterable<number>): boolean {
  const known = new Set(tradesOf(messages).map(({ tradeId }) => tradeId))
  return [...ids].every((id) => known.has(id))
}

/** History joined with live trades, up to a trade that happened after the given moment. */
function joined(messages: readonly MarketMessage[], after: number, symbol = BTC): boolean {
  const trades = tradesOf(messages, symbol)
  return trades.some(({ eventTime }) => eventTime > after) && isDense(trades)
}

/** What the venue's own history says of the same ids. */
async function served(trades: readonly Trade[], symbol = BTC): Promise<Trade[]> {
  const rest = new KrakenRest({ baseUrl: venue.restUrl, minIntervalMs: 0 })
  const instrument = findInstrument(await rest.instruments(), symbol)
  const ids = new Set(trades.map(({ tradeId }) => tradeId))
  const found: Trade[] = []
  const from = cursorAt(Math.min(...trades.map(({ eventTime }) => eventTime)) as Trade['eventTime'])
  for await (const page of rest.pages(instrument, from))
    found.push(...page.trades.filter(({ tradeId }) => ids.has(tradeId)))
  return found
}

/** By id, without the time: REST tells it as a float, which is up to a microsecond from what the feed told. */
const facts = (trades: readonly Trade[]): Omit<Trade, 'eventTime'>[] =>
  trades.toSorted((a, b) => a.tradeId - b.tradeId).map(({ eventTime: _, ...trade }) => trade)

/** Every heartbeat says the truth: trades up to its id happened before it, later ones at or after it. */
function falseHeartbeats(messages: readonly MarketMessage[], symbol = BTC): Heartbeat[] {
  const trades = tradesOf(messages, symbol)
  return heartbeatsOf(messages, symbol).filter(({ eventTime, lastTradeId }) =>
    trades.some((trade) => (trade.tradeId <= lastTradeId ? trade.eventTime >= eventTime : trade.eventTime < eventTime)),
  )
}

/** Trades happen that the feed does not bring, until the venue's history has some of them. */
async function pauseFor(count: number): Promise<{ readonly missed: readonly Trade[] }> {
  const rest = new KrakenRest({ baseUrl: venue.restUrl, minIntervalMs: 0 })
  const instrument = findInstrument(await rest.instruments(), BTC)
  const from = venue.now()
  venue.pauseFeed()
  for (;;) {
    const { trades } = await rest.tradesPage(instrument, cursorAt(from))
    if (trades.length >= count) return { missed: trades }
  }
}

const count = (metrics: Metrics, name: string): Promise<string> => metrics.registry.getSingleMetricAsString(name)

describe('a fresh start', () => {
  it('joins history from the whole hour with live trades: no id missing, none twice, each as the venue tells it', async () => {
    const { ingest, trades } = await start(BTC)
    const messages = await seen((messages) => joined(messages, START + 60_000_000))
    const all = tradesOf(messages)
    expect(trades.ledger.spans(BTC, 'venue')).toHaveLength(1)
    expect(ingest.status()).toMatchObject({ connected: true, holes: [], refused: [] })
    expect(messages[0]).toMatchObject({ kind: 'heartbeat', heartbeat: { eventTime: HISTORY_START } })
    expect(heartbeatsOf(messages)[0]?.lastTradeId).toBe(Math.min(...all.map(({ tradeId }) => tradeId)) - 1)
    expect(facts(all)).toEqual(facts(await served(all)))
    expect(falseHeartbeats(messages)).toEqual([])
  })

  it('leaves out what the snapshot repeats from before the history, and lets silent minutes pass', async () => {
    const { trades } = await start(KAVA)
    const messages = await seen((messages) => heartbeatsOf(messages, KAVA).length >= 3)
    expect(tradesOf(messages, KAVA).every(({ eventTime }) => eventTime >= HISTORY_START)).toBe(true)
    expect(trades.ledger.hasHole(KAVA)).toBe(false)
    const minutes = heartbeatsOf(messages, KAVA).map(({ eventTime }) => eventTime / 60_000_000)
    expect(minutes.every(Number.isInteger)).toBe(true)
    expect(minutes).toEqual([...new Set(minutes)].sort((a, b) => a - b))
    expect(falseHeartbeats(messages, KAVA)).toEqual([])
  })
})

describe('a later start', () => {
  it('is an outage from the newest that the log knows to the new connection, stated when nothing is missing any more', async () => {
    const first = await start(BTC)
    await seen((messages) => joined(messages, START))
    await first.stop()
    const { aliveTo, newest } = { aliveTo: first.trades.ledger.aliveTo(BTC), newest: first.trades.ledger.newest(BTC) }
    await pauseFor(200)
    venue.resumeFeed()
    const startedAt = venue.now()
    const second = await start(BTC)
    const isOutage = ({ kind }: MarketMessage): boolean => kind === 'outage'
    const messages = await seen((messages) => messages.some(isOutage))
    const outage = messages.find((message) => message.kind === 'outage')?.outage
    expect(outage).toMatchObject({ symbol: BTC, from: aliveTo })
    expect(outage?.to).toBeGreaterThanOrEqual(startedAt)
    const before = tradesOf(messages.slice(0, messages.findIndex(isOutage)))
    expect(isDense(before)).toBe(true)
    expect(Math.max(...before.map(({ tradeId }) => tradeId))).toBeGreaterThan((newest?.id ?? 0) + 200)
    expect(second.trades.outages.all).toEqual([])
    expect(second.ingest.completeness()[0]).toMatchObject({ outages: [outage], openOutages: [], holes: [] })
  })

  it('goes on where the log ends and brings what happened meanwhile', async () => {
    const first = await start(BTC)
    await seen((messages) => joined(messages, START))
    await first.stop()
    await pauseFor(200)
    venue.resumeFeed()
    const second = await start(BTC)
    const messages = await seen((messages) => joined(messages, venue.now() - 60_000_000))
    expect(second.trades.ledger.spans(BTC, 'venue')).toHaveLength(1)
    expect(facts(tradesOf(messages))).toEqual(facts(await served(tradesOf(messages))))
    expect(falseHeartbeats(messages)).toEqual([])
  })
})

describe('a broken feed', () => {
  it('is an outage in the log, and what it did not bring is fetched; what comes again is refused and counted', async () => {
    const { metrics } = await start(BTC)
    await seen((messages) => joined(messages, START))
    const droppedAt = venue.now()
    venue.dropConnections()
    const messages = await seen(
      (messages) => messages.some(({ kind }) => kind === 'outage') && joined(messages, venue.now() - 5_000_000),
    )
    const outage = messages.find((message) => message.kind === 'outage')
    expect(outage).toMatchObject({ outage: { symbol: BTC } })
    expect(outage?.outage.to).toBeGreaterThan(outage?.outage.from as number)
    expect(Math.max(...tradesOf(messages).map(({ eventTime }) => eventTime))).toBeGreaterThan(droppedAt)
    expect(facts(tradesOf(messages))).toEqual(facts(await served(tradesOf(messages))))
    expect(await count(metrics, 'c1_duplicate_trades_total')).toMatch(/c1_duplicate_trades_total [1-9]/)
  })

  it('with a hole has it filled from history, as soon as history has it', async () => {
    const { trades } = await start(BTC)
    await seen((messages) => joined(messages, START))
    const { missed } = await pauseFor(100)
    const ids = new Set(missed.map(({ tradeId }) => tradeId))
    let lagging = true
    tamper = (rows) =>
      lagging ? rows.filter((row) => !ids.has(Number(row[6])) && Number(row[6]) < Math.max(...ids)) : rows
    const callsBefore = tradeCalls
    venue.resumeFeed()
    await seen((messages) => {
      if (tradeCalls >= callsBefore + 3) lagging = false
      return !lagging && isDense(tradesOf(messages)) && holds(messages, ids)
    })
    expect(trades.ledger.hasHole(BTC)).toBe(false)
  })

  it('with a hole that the venue does not serve states it in the log and asks no more; later holes are filled all the same', async () => {
    const { ingest, metrics, trades } = await start(BTC)
    await seen((messages) => joined(messages, START))
    const first = await pauseFor(60)
    const withheld = first.missed.slice(20, 24).map(({ tradeId }) => tradeId)
    const ids = { first: Math.min(...withheld), last: Math.max(...withheld) }
    const withhold: Tamper = (rows) => rows.filter((row) => !withheld.includes(Number(row[6])))
    tamper = withhold
    venue.resumeFeed()
    const around = (missed: readonly Trade[]) =>
      missed.map(({ tradeId }) => tradeId).filter((id) => !withheld.includes(id))
    const has = (ids: readonly number[]) => (messages: readonly MarketMessage[]) => holds(messages, ids)
    await seen(has(around(first.missed)))
    // What is asked for the first hole meanwhile does not bring the second one before the feed is back.
    const pausedAt = venue.now() / 1e6
    tamper = (rows) => withhold(rows).filter((row) => Number(row[2]) < pausedAt)
    const second = await pauseFor(60)
    tamper = withhold
    venue.resumeFeed()
    await seen(has(around(second.missed)))
    const messages = await seen((messages) => exceptionsOf(messages).length > 0)
    const timeOf = (id: number) => tradesOf(messages).find(({ tradeId }) => tradeId === id)?.eventTime
    expect(exceptionsOf(messages)).toEqual([
      {
        symbol: BTC,
        from: timeOf(ids.first - 1),
        to: timeOf(ids.last + 1),
        firstTradeId: ids.first,
        lastTradeId: ids.last,
      },
    ])
    const later = async (micros: number) => {
      const end = venue.now() + micros
      await seen((messages) => tradesOf(messages).some(({ eventTime }) => eventTime > end))
    }
    await later(10_000_000)
    expect(ingest.completeness()[0]).toMatchObject({ holes: [], exceptions: [ids] })
    expect(await count(metrics, 'c1_trade_id_exceptions_total')).toContain('c1_trade_id_exceptions_total 4')
    expect(await count(metrics, 'c1_holes_open')).toContain('c1_holes_open{symbol="BTC/USD"} 0')
    expect(await count(metrics, 'c1_trades_repaired_total')).toMatch(/c1_trades_repaired_total [1-9]\d/)
    expect(await count(metrics, 'c1_hole_repair_seconds')).toMatch(/c1_hole_repair_seconds_count [1-9]/)
    const callsBefore = tradeCalls
    await later(120_000_000)
    expect(tradeCalls).toBe(callsBefore)
    venue.send(tradeFrame(first.missed[20] as Trade))
    await seen(has([ids.first]))
    expect(trades.ledger.exceptions(BTC)).toMatchObject([{ first: ids.first + 1, last: ids.last }])
  })
})

describe('a malformed frame', () => {
  it('is a dead letter with its bytes, and the good trades beside the bad one are kept', async () => {
    const { metrics, trades } = await start(BTC)
    await seen((messages) => joined(messages, START))
    const { missed } = await pauseFor(20)
    const good = missed.at(-2) as Trade
    const bad = missed.at(-1) as Trade
    venue.send(`{"channel":"trade","type":"update","data":[${tradeRow(good)},${tradeRow(bad, '-')}]}`)
    venue.send('{"channel":"trade",')
    await seen((messages) => tradesOf(messages).some(({ tradeId }) => tradeId === good.tradeId))
    const letters = await deadLetters(2)
    expect(letters.map(({ origin, raw }) => [origin, Buffer.from(raw).toString()])).toEqual([
      ['kraken-websocket', tradeRow(bad, '-')],
      ['kraken-websocket', '{"channel":"trade",'],
    ])
    expect(await count(metrics, 'c1_dead_letters_total')).toContain(
      'c1_dead_letters_total{origin="kraken-websocket"} 2',
    )
    expect(trades.ledger.newest(BTC)?.id).toBe(good.tradeId)
  })
})

describe('a trade that comes again', () => {
  it('and says something else is a dead letter with both versions; the stored one stands', async () => {
    const { metrics } = await start(BTC)
    const trade = tradesOf(await seen((messages) => joined(messages, START + 30_000_000))).at(-1) as Trade
    const other = { ...trade, side: trade.side === 'buy' ? 'sell' : 'buy' } as const
    venue.send(tradeFrame(trade))
    venue.send(tradeFrame(other))
    const [letter] = await deadLetters(1)
    expect(letter).toMatchObject({ origin: 'trade-log', code: 'trade_contradicts' })
    expect(JSON.parse(Buffer.from(letter?.raw ?? []).toString())).toMatchObject({
      stored: { tradeId: trade.tradeId, side: trade.side },
      received: { tradeId: trade.tradeId, side: other.side },
    })
    const messages = await seen((messages) => joined(messages, trade.eventTime))
    expect(tradesOf(messages).filter(({ tradeId }) => tradeId === trade.tradeId)).toEqual([trade])
    expect(await count(metrics, 'c1_trades_contradicted_total')).toContain('c1_trades_contradicted_total 1')
  })
})

async function deadLetters(wanted: number): Promise<DeadLetter[]> {
  const codec = deadLettersCodec(SOURCE)
  const letters: DeadLetter[] = []
  for await (const { records } of await log.consumer(TOPICS.deadLetters, { from: 'earliest' })) {
    for (const record of records) letters.push(codec.decode(record))
    if (letters.length >= wanted) break
  }
  return letters
}
