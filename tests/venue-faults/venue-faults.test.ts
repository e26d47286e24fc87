import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pass } from 'node:timers/promises'
import { type EpochMicros, formatTime, marketSymbol, parseTime, systemTime } from '@c1/market'
import { type Simulator, startSimulator } from '@c1/simulator'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Random } from '../faults/random.ts'
import { c1, end, startC1 } from '../recovery/processes.ts'
import { naiveCandles } from './naive-candles.ts'

/** `C1_TEST_MINUTES` sets for how long faults and kills go on, `C1_TEST_SEED` repeats them. */
const MINUTES = Number(process.env.C1_TEST_MINUTES ?? 10)
const SEED = Number(process.env.C1_TEST_SEED ?? Date.now() % 1_000_000)
const SYMBOLS = ['BTC/USD', 'ETH/USD', 'KAVA/USD'].map(marketSymbol)
const INTERVALS = ['1m', '5m', '15m']
/** BTC/USD then has three trades a second. */
const ACTIVITY = 3
/** So long after the last fault everything must be repaired. */
const PATIENCE_MS = 180_000
/** REST tells times as floats, which are up to a microsecond from the true ones. */
const SAME_TIME = 1

describe(`c1 up against ${MINUTES} minutes of faults, killed with -9 each minute (seed ${SEED})`, () => {
  let folder = ''
  let venue: Simulator
  let until: EpochMicros
  let kills = 0
  let child: ChildProcess | undefined
  let isWanted = true

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'c1-venue-faults-'))
    const faults = { seed: SEED, minutes: MINUTES }
    venue = await startSimulator({ seed: SEED, activity: ACTIVITY, start: systemTime(), faults })
    const running = keepRunning()
    await killEachMinute()
    until = venue.now()
    await awaitRepair()
    isWanted = false
    await end(child as ChildProcess, 'SIGINT')
    await running
  })

  afterAll(async () => {
    isWanted = false
    if (child !== undefined) await end(child, 'SIGKILL')
    await venue?.close()
    await rm(folder, { recursive: true, force: true })
  })

  const env = (): Record<string, string> => ({ KRAKEN_REST_URL: venue.restUrl, KRAKEN_WS_URL: venue.wsUrl })
  const options = (): string[] => ['--data-dir', folder, '--source', 'kraken', '--symbols', SYMBOLS.join(',')]

  /** Starts the process whenever it is not there, as a supervisor does: a venue that answers nothing also ends a start. */
  async function keepRunning(): Promise<void> {
    while (isWanted) {
      const own = ['--backfill', '5m', '--http-port', '0', '--log-level', 'silent', '--quiet']
      child = startC1(['up', ...options(), ...own], env())
      child.stdout?.resume()
      child.stderr?.resume()
      await once(child, 'exit')
      if (isWanted) await pass(300)
    }
  }

  async function killEachMinute(): Promise<void> {
    const random = new Random(SEED)
    for (let minute = 0; minute < MINUTES; minute += 1) {
      const moment = random.whole(5_000, 55_000)
      await pass(moment)
      if (child?.exitCode === null && child.kill('SIGKILL')) kills += 1
      await pass(60_000 - moment)
    }
  }

  async function awaitRepair(): Promise<void> {
    const end = Date.now() + PATIENCE_MS
    while (Date.now() < end && !(await isRepaired())) await pass(3_000)
  }

  /** Each symbol is complete up to the newest trade of before the last fault's end. */
  async function isRepaired(): Promise<boolean> {
    const { symbols } = JSON.parse(await c1(['status', ...options(), '--json'], env())) as Status
    return SYMBOLS.every((symbol) => {
      const status = symbols.find((one) => one.symbol === symbol)
      return status?.missing.length === 0 && (status.completeToId ?? 0) >= venue.lastId(symbol, until)
    })
  }

  /** Rows of an export, without their header. */
  async function rows(what: string, ...own: string[]): Promise<string[][]> {
    const text = await c1(['export', what, ...options(), ...own], env())
    const lines = text.trimEnd().split('\n')
    return lines.slice(1).map((line) => line.split(','))
  }

  it('was killed each minute', () => {
    // A venue that did not answer may just have ended it at that moment.
    expect(kills).toBeGreaterThanOrEqual(Math.floor(MINUTES * 0.8))
  })

  it.each(SYMBOLS)('leaves every trade of %s in the log once, as it happened', async (symbol) => {
    const stored = (await rows('trades')).filter(([name]) => name === symbol)
    const ids = stored.map(([, id]) => Number(id))
    const truth = venue.truth(symbol, ids[0] as number, ids.at(-1))
    expect(stored.map(([, id, , ...facts]) => [id, ...facts].join(','))).toEqual(
      truth.map(({ orderType, price, quantity, side, tradeId }) =>
        [tradeId, price, quantity, side, orderType].join(','),
      ),
    )
    const moved = stored.filter(
      ([, , time = ''], at) => Math.abs(parseTime(time) - (truth[at]?.eventTime ?? 0)) > SAME_TIME,
    )
    expect(moved).toEqual([])
    expect(ids.at(-1)).toBeGreaterThanOrEqual(venue.lastId(symbol, until))
  })

  it.each(SYMBOLS)('leaves candles of %s final and complete, each as computed from what happened', async (symbol) => {
    const all = await rows('candles', '--interval', INTERVALS.join(','), '--to', formatTime(until))
    const candles = all.filter(([name]) => name === symbol)
    expect(candles.filter((row) => row.slice(-2).join() !== 'final,true')).toEqual([])
    for (const interval of INTERVALS) {
      const own = candles.filter((row) => row[1] === interval).map((row) => row.slice(2, 14).join(','))
      const [from, to] = [own[0]?.split(',')[0] as string, own.at(-1)?.split(',')[1] as string]
      const [first, last] = [from, to].map((time) => venue.lastId(symbol, parseTime(time)))
      expect(own).toEqual(naiveCandles(venue.truth(symbol, (first as number) + 1, last), interval))
    }
    expect(candles.length).toBeGreaterThan(symbol === 'KAVA/USD' ? 3 : MINUTES)
  })
})

interface Status {
  readonly symbols: readonly {
    readonly symbol: string
    readonly missing: readonly unknown[]
    readonly completeToId: number | null
  }[]
}
