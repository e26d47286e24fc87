import { TOPICS } from '@c1/event-log'
import { TradeLog } from '@c1/ingest-trades'
import { decimalText, type EpochMicros, marketSymbol, parseTime, type Trade } from '@c1/market'
import type { FaultEntry } from '@c1/simulator'
import { describe, expect, it, vi } from 'vitest'
import { Host } from './faults/host.ts'
import { SOURCE } from './faults/process.ts'
import { Random } from './faults/random.ts'
import { runSchedule } from './faults/run-schedule.ts'
import { failureText, runSchedules } from './faults/run-schedules.ts'
import { type Schedule, scheduleOf } from './faults/schedule.ts'
import { VirtualTime } from './faults/virtual-time.ts'

vi.setConfig({ testTimeout: 120_000 })

const BTC = marketSymbol('BTC/USD')
const KAVA = marketSymbol('KAVA/USD')

/** A calm schedule but for what is given. */
const schedule = (given: Partial<Schedule>): Schedule => ({
  seed: 1,
  activity: 4,
  start: parseTime('2026-03-04T10:02:10Z'),
  symbols: [BTC, KAVA],
  backfill: 1,
  sinceInclusive: true,
  restCallsPerSecond: undefined,
  skewMs: 0,
  diskMs: 2,
  feedIntervalMs: 100,
  minutes: 2,
  faults: [],
  crashes: [],
  ...given,
})

async function wrongAfter(given: Partial<Schedule>): Promise<readonly string[]> {
  return (await runSchedule(schedule(given))).wrong
}

describe('on virtual time, the log holds what happened, every id once,', () => {
  it('after each of 100 random schedules of faults and crashes', async () => {
    const report = await runSchedules(1, 100, 1)
    expect(report.failed, failureText(report)).toBe(0)
    expect(report.trades).toBeGreaterThan(100_000)
  })

  it('after nothing at all', async () => {
    expect(await wrongAfter({})).toEqual([])
  })

  it('after power cuts', async () => {
    const crashes = [30_000, 31_500, 33_500].map((at) => ({ at, downMs: 100, remains: 'power-cut' }) as const)
    for (const seed of [1, 2, 3]) expect(await wrongAfter({ seed, crashes })).toEqual([])
  })

  it('when a symbol is refused after a restart: its silence is not known', async () => {
    const faults: FaultEntry[] = [{ at: '+30000ms', for: '55000ms', fault: 'refuse-symbol', symbols: [BTC] }]
    // Ten seconds later history is asked, and three seconds after that a minute ends.
    const crashes = [{ at: 37_000, downMs: 100, remains: 'newest' }] as const
    expect(await wrongAfter({ faults, crashes })).toEqual([])
  })

  it('when more trades happen at one instant than can be asked for, while nobody listens', async () => {
    const faults: FaultEntry[] = [
      { at: '+20000ms', for: '10000ms', fault: 'drop' },
      { at: '+22000ms', fault: 'burst', symbols: [BTC], trades: 1700 },
      { at: '+70000ms', for: '15000ms', fault: 'rest-zero-ids', every: 2 },
    ]
    for (const sinceInclusive of [true, false])
      expect(await wrongAfter({ activity: 10, faults, sinceInclusive })).toEqual([])
  })

  it('when rows of history have no ids for a while: nobody says that they are not served', async () => {
    const faults: FaultEntry[] = [{ at: '+9482ms', for: '7728ms', fault: 'rest-no-ids', every: 1 }]
    const start = parseTime('2026-03-04T10:19:19.512Z')
    const slow = { restCallsPerSecond: 1, sinceInclusive: false, diskMs: 1500 }
    expect(await wrongAfter({ activity: 1, start, backfill: 3_600_000_000, faults, ...slow })).toEqual([])
  })

  it('when live trades are there long before their history: no heartbeat tells of later trades', async () => {
    const start = parseTime('2026-03-04T10:24:21.715Z')
    const symbols = [KAVA, marketSymbol('DOGE/USD'), BTC]
    const faults: FaultEntry[] = [{ at: '+1000ms', for: '20000ms', fault: 'rest-error' }]
    expect(await wrongAfter({ activity: 1, start, symbols, faults, restCallsPerSecond: 0.5 })).toEqual([])
  })

  it('when a price of hundreds of digits comes beside the true ones', async () => {
    const faults: FaultEntry[] = [
      { at: '+20000ms', for: '30000ms', fault: 'malformed-frames', kinds: ['absurd-price'], replaces: true },
    ]
    expect(await wrongAfter({ faults })).toEqual([])
  })

  it('and equal seeds make equal runs', async () => {
    const [first, second] = [await runSchedule(scheduleOf(4)), await runSchedule(scheduleOf(4))]
    expect(second).toEqual(first)
    expect(first.trace.length).toBeGreaterThan(10)
  })
})

it('the checkpoint of a log that lost its end is replaced before the log grows again', async () => {
  const host = new Host(new VirtualTime(0 as EpochMicros), new Random(1))
  const open = async (): Promise<TradeLog> =>
    TradeLog.open({ log: await host.store.open(), checkpoints: host.checkpoints, source: SOURCE })
  const first = await open()
  await first.appendTrades([1, 2, 3, 4, 5].map(trade))
  await first.close()
  host.store.cut(TOPICS.trades, 2)
  await open()
  expect(host.checkpoints.load()).toMatchObject({ position: { 0: 2 } })
})

function trade(tradeId: number): Trade {
  const [price, quantity] = [decimalText('1.0'), decimalText('2.0')]
  return {
    symbol: BTC,
    idSpace: 'venue',
    tradeId,
    eventTime: tradeId as EpochMicros,
    price,
    quantity,
    side: 'buy',
    orderType: 'limit',
  }
}
