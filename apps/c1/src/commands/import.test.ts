import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openEmbeddedLog, TOPICS, tradesCodec } from '@c1/event-log'
import { marketSymbol, parseTime, type Trade } from '@c1/market'
import { type Simulator, startSimulator, type TrueTrade } from '@c1/simulator'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { c1, ended, startC1, temporaryFolder } from '../test-support/command.ts'

vi.setConfig({ testTimeout: 240_000 })

const BTC = marketSymbol('BTC/USD')

let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(() => folder.remove())

const logFolder = (): string => join(folder.path, '.c1', 'kraken', 'log')

/** The trades of the log, in its order. */
async function logged(): Promise<Trade[]> {
  const log = await openEmbeddedLog({ directory: logFolder(), onWarning: (message) => expect.fail(message) })
  const codec = tradesCodec('kraken')
  const trades: Trade[] = []
  for await (const { records } of await log.consumer(TOPICS.trades, { from: 'earliest', until: 'end' })) {
    for (const record of records) {
      const message = codec.decode(record)
      if (message.kind === 'trade') trades.push(message.trade)
    }
  }
  await log.close()
  return trades
}

async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isSo())) await sleep(100)
}

/** As Kraken's archive has it: whole seconds, padded prices, nothing else. */
function archiveOf(trades: readonly TrueTrade[]): string {
  return trades
    .map(({ eventTime, price, quantity }) => `${Math.floor(eventTime / 1e6)},${price}0000,${quantity}\n`)
    .join('')
}

describe('c1 import beside a venue', () => {
  let venue: Simulator
  let env: Record<string, string>
  beforeEach(async () => {
    venue = await startSimulator({ start: parseTime('2026-03-04T10:28:30Z'), speed: 20, seed: 5, activity: 3 })
    env = { KRAKEN_REST_URL: venue.restUrl, KRAKEN_WS_URL: venue.wsUrl, C1_LOG_LEVEL: 'error' }
  })
  afterEach(() => venue.close())

  async function newestId(): Promise<number> {
    const answer = await fetch(`${venue.restUrl}/0/public/Trades?pair=XBTUSD`)
    const { result } = (await answer.json()) as { result: Record<string, unknown[][]> }
    const rows = Object.values(result).find(Array.isArray) as unknown[][]
    return rows.at(-1)?.[6] as number
  }

  it('archive, history and live trades join without a missing or doubled trade', async () => {
    const newest = await newestId()
    const [first, last] = [newest - 5000, newest - 2500]
    const archive = join(folder.path, 'XBTUSD.csv')
    writeFileSync(archive, archiveOf(venue.truth(BTC, first, last)))

    const imported = await c1(folder.path, ['import', archive, '--source', 'kraken'], env)
    expect(imported).toMatchObject({ code: 0, out: '' })
    expect(imported.err).toContain(`ids proven at 16 places: its rows are trades ${first} to ${last}.`)
    expect(imported.err).toContain('BTC/USD: 2,501 trades added')

    const live = startC1(
      folder.path,
      ['run', 'ingest-trades', '--source', 'kraken', '--symbols', 'BTC/USD', '--metrics-port', '0'],
      env,
    )
    const outcome = ended(live)
    const target = (await newestId()) + 100
    // History fills what is between the archive and the first live trade, while more come.
    await until(async () => {
      const ids = (await logged()).map(({ tradeId }) => tradeId)
      const newest = ids.reduce((a, b) => Math.max(a, b))
      return live.exitCode !== null || (newest > target && new Set(ids).size > newest - first)
    })
    live.kill('SIGINT')
    expect(await outcome).toMatchObject({ code: 130 })

    const trades = (await logged()).toSorted((a, b) => a.tradeId - b.tradeId)
    const end = trades.at(-1)?.tradeId as number
    expect(trades.every(({ idSpace }) => idSpace === 'venue')).toBe(true)
    const told = ({ tradeId, price, quantity, eventTime }: Trade) => [
      tradeId,
      price,
      quantity,
      Math.floor(eventTime / 1e6),
    ]
    expect(trades.map(told)).toEqual(venue.truth(BTC, first, end).map(told))
    const status = await c1(folder.path, ['status', '--json', '--symbols', 'BTC/USD', '--source', 'kraken'], env)
    expect(JSON.parse(status.out).symbols).toMatchObject([{ symbol: 'BTC/USD', missing: [] }])
  })

  it('asks nobody unless a venue is named, and says that ids are unknown', async () => {
    const archive = join(folder.path, 'XBTUSD.csv')
    writeFileSync(archive, archiveOf(venue.truth(BTC, 1_000, 1_100)))
    const nobody = { C1_LOG_LEVEL: 'error' }
    const imported = await c1(folder.path, ['import', archive], nobody)
    expect(imported).toMatchObject({ code: 0 })
    expect(imported.err).toContain('ids unknown (the venue was not asked)')
    const refused = await c1(folder.path, ['import', archive, '--source', 'simulator', '--prove-ids', 'always'], nobody)
    expect(refused).toMatchObject({ code: 2 })
    expect(refused.err).toContain('import into --source kraken')
  })
})

it('an import that is killed goes on where it was, and each row is there once', async () => {
  const rows = 400_000
  const archive = join(folder.path, 'XBTUSD.csv')
  writeFileSync(archive, Array.from({ length: rows }, (_, at) => `${1_525_752_000 + (at >> 2)},9000.1,0.01\n`).join(''))
  const killed = startC1(folder.path, ['import', archive, '--quiet'])
  const outcome = ended(killed)
  const topic = join(logFolder(), TOPICS.trades)
  const bytes = (): number => {
    if (!existsSync(topic)) return 0
    return readdirSync(topic).reduce((sum, file) => sum + statSync(join(topic, file)).size, 0)
  }
  await until(() => bytes() > 8_000_000 || killed.exitCode !== null)
  killed.kill('SIGKILL')
  await outcome
  const before = await logged()
  expect(before.length).toBeGreaterThan(0)
  expect(before.length).toBeLessThan(rows)
  const again = await c1(folder.path, ['import', archive])
  expect(again).toMatchObject({ code: 0 })
  const ids = (await logged()).map(({ tradeId }) => tradeId)
  expect(ids.length).toBe(rows)
  expect(ids.every((id, index) => id === index + 1)).toBe(true)
})
