import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pass } from 'node:timers/promises'
import { formatTime, MICROS_PER_MINUTE, parseTime } from '@c1/market'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { c1, end, type RunningSimulator, startC1, startSimulatorProcess } from './processes.ts'

const KILLS = Number(process.env.C1_TEST_KILLS ?? 50)
const SEED = Number(process.env.C1_TEST_SEED ?? Date.now() % 1_000_000)
/** Simulated minutes pass each second, so that candles close, models are trained and predictions fall due all the time. */
const SPEED = 60
/** Just after a cut-off: both runs must have begun before the next one, half a minute of the host's later, to train the same versions. */
const START = '2026-03-04T10:01:00Z'
const SYMBOLS = 'BTC/USD,ETH/USD,KAVA/USD'
const OPTIONS = `--source kraken --symbols ${SYMBOLS} --http-port 0 --train-every 30m --log-level error`.split(' ')

/**
 * Two runs of `c1 up` against one simulated venue: one is left alone, the other is killed with -9 at random moments. Both are
 * stopped, and all that they hold of the time that both have seen must be the same.
 *
 * `C1_TEST_KILLS` sets how many kills, `C1_TEST_SEED` repeats the moments of a run.
 */
describe(`kill -9 at ${KILLS} random moments (seed ${SEED})`, () => {
  let folder = ''
  let simulator: RunningSimulator
  let until = ''

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'c1-kill-'))
    simulator = await startSimulatorProcess(`--kind signal --seed 11 --speed ${SPEED} --start ${START}`.split(' '))
    const calm = startRun('calm')
    const killed = await killAgainAndAgain()
    until = await settle()
    await Promise.all([end(calm, 'SIGINT'), end(killed, 'SIGINT')])
    await simulator.stop()
  })

  afterAll(async () => {
    await simulator?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  function startRun(name: string): ChildProcess {
    const child = startC1(['up', '--data-dir', join(folder, name), ...OPTIONS], simulator.env)
    child.stderr?.on('data', (text) => process.stderr.write(`[${name}] ${text}`))
    return child
  }

  /** From a kill during the start to one after some simulated hours. */
  async function killAgainAndAgain(): Promise<ChildProcess> {
    const random = generator(SEED)
    let child = startRun('killed')
    for (let kill = 0; kill < KILLS; kill++) {
      await pass(200 + random() ** 2 * 6000)
      await end(child, 'SIGKILL')
      child = startRun('killed')
    }
    return child
  }

  /** Lets both catch up, and tells up to when. */
  async function settle(): Promise<string> {
    const response = await fetch(`${simulator.restUrl}/0/public/Time`)
    const { result } = (await response.json()) as { result: { unixtime: number } }
    await pass(12_000)
    return formatTime(parseTime(new Date(result.unixtime * 1000).toISOString()))
  }

  function rows(name: string, what: string, ...options: string[]): Promise<string> {
    const common = `--data-dir ${join(folder, name)} --source kraken --symbols ${SYMBOLS} --to ${until}`.split(' ')
    return c1(['export', what, ...common, ...options], { ...simulator.env, C1_LOG_LEVEL: 'error' })
  }

  it('leaves every trade in the log once', async () => {
    const trades = await rows('killed', 'trades')
    expect(trades).toBe(await rows('calm', 'trades'))
    expect(trades.split('\n').length).toBeGreaterThan(10_000)
  })

  it('leaves final candles of every interval equal, byte for byte', async () => {
    const intervals = ['--interval', '1m,5m,15m,30m,1h,4h']
    const candles = await rows('killed', 'candles', ...intervals)
    expect(candles).toBe(await rows('calm', 'candles', ...intervals))
    expect(candles.split('\n').length).toBeGreaterThan(1000)
    expect(candles).not.toContain(',false')
  })

  it('leaves feature rows equal, byte for byte', async () => {
    const features = await rows('killed', 'features')
    expect(features).toBe(await rows('calm', 'features'))
    expect(features.split('\n').length).toBeGreaterThan(500)
  })

  it('leaves predictions equal but for the moment they were made and the late mark', async () => {
    const [killed, calm] = [table(await rows('killed', 'predictions')), table(await rows('calm', 'predictions'))]
    const timeless = (rows: Row[]): Row[] => rows.map(({ madeAt: _, late: __, ...row }) => row)
    expect(timeless(killed)).toEqual(timeless(calm))
    expect(killed.length).toBeGreaterThan(KILLS)
    expect(new Set(killed.map(({ version }) => version)).size).toBeGreaterThan(1)
  })

  it('marks as late exactly the predictions that were made after the next candle had closed', async () => {
    for (const name of ['killed', 'calm']) {
      for (const { asOf, late, madeAt } of table(await rows(name, 'predictions'))) {
        const afterNext = parseTime(madeAt as string) >= parseTime(asOf as string) + MICROS_PER_MINUTE
        expect(late).toBe(String(afterNext))
      }
    }
  })
})

type Row = Readonly<Record<string, string>>

function table(csv: string): Row[] {
  const [header = '', ...lines] = csv.trimEnd().split('\n')
  const names = header.split(',')
  return lines.map((line) => Object.fromEntries(line.split(',').map((value, at) => [names[at], value])))
}

/** Park and Miller's generator, [0, 1). */
function generator(seed: number): () => number {
  let state = (seed % 2147483646) + 1
  return () => {
    state = (state * 48271) % 2147483647
    return state / 2147483647
  }
}
