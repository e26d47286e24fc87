import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer } from '../apps/show-dashboard/src/index.ts'
import { madePrediction } from '../apps/show-dashboard/src/made-market.fixture.ts'
import { busyView, MINUTES, serverOptions } from './browser/market.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const C1 = join(root, 'apps/c1/src/main.ts')
const OWN = join(root, 'examples/own-feature-and-model')
const HOURS = 10
const DAY = Date.UTC(2025, 10, 10) / 1000

const scratch = mkdtempSync(join(tmpdir(), 'c1-examples-'))
const dataDir = join(scratch, 'data')
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** Runs as a user would, without what npm or the shell of the test run have set. */
async function node(args: readonly string[], cwd: string = OWN): Promise<string> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => name !== 'INIT_CWD' && !name.startsWith('C1_')),
  )
  const { stdout } = await promisify(execFile)(process.execPath, [...args], { cwd, env, maxBuffer: 1 << 24 })
  return stdout
}

const c1 = (...args: string[]): Promise<string> => node([C1, ...args, '--data-dir', dataDir])

/** Rows as Kraken's REST gives them: five trades a minute, whose price follows what the takers of the minute before did. */
function archiveRows(): string {
  let seed = 7
  const random = (): number => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed / 2_147_483_647
  }
  const rows: string[] = []
  let [price, pressure] = [100_000, 0]
  for (let minute = 0; minute < HOURS * 60; minute += 1) {
    price *= Math.exp(0.0005 * pressure + 0.0003 * (random() - 0.5))
    pressure = 0
    for (let trade = 0; trade < 5; trade += 1) {
      const bought = random() < 0.5
      pressure += bought ? 0.2 : -0.2
      const time = (DAY + minute * 60 + trade * 10).toFixed(4)
      rows.push(`${price.toFixed(1)},0.10000000,${time},${bought ? 'b' : 's'},m,,${rows.length + 1}`)
    }
  }
  return `${rows.join('\n')}\n`
}

describe('own-feature-and-model', () => {
  beforeAll(async () => {
    const archive = join(scratch, 'XBTUSD.csv')
    writeFileSync(archive, archiveRows())
    await c1('import', archive, '--quiet')
  })

  it('sets what its c1.config.ts says', async () => {
    const settings = JSON.parse(await c1('config', '--json')) as { key: string; value: string; origin: string }[]
    const own = settings.filter(({ origin }) => origin === 'c1.config.ts').map(({ key, value }) => [key, value])
    expect(own).toEqual([
      ['symbols', 'BTC/USD'],
      ['trainEvery', '30m'],
    ])
  })

  it('trains its model beside the standard ones, on its feature too', async () => {
    const version = JSON.parse(await c1('train', '--json', '--quiet'))
    expect(version.card.features).toContain('efficiencyRatio20')
    const kinds = version.card.scores.map(({ kind }: { kind: string }) => kind)
    expect(kinds).toEqual(['no-change', 'historical-mean', 'elastic-net', 'one-input'])
    const own = version.card.scores.at(-1)
    expect(own.skill).toBeGreaterThan(0.5)
    expect(own.tStatistic).toBeGreaterThan(2)
  }, 30_000)

  it('stores its feature, which is what its description says', async () => {
    const rows = (await c1('export', 'features', '--format', 'jsonl'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(rows.length).toBeGreaterThan(400)
    const closes = rows.map(({ close }) => close as number)
    const steps = closes.map((close, at) => (at === 0 ? 0 : Math.abs(close - (closes[at - 1] as number))))
    for (const [at, { efficiencyRatio20 }] of rows.entries()) {
      if (at < 20) continue
      const path = steps.slice(at - 19, at + 1).reduce((sum, step) => sum + step, 0)
      const net = Math.abs((closes[at] as number) - (closes[at - 20] as number))
      expect(efficiencyRatio20).toBeCloseTo(net / path, 9)
    }
  })

  it('read-candles prints the candles that c1 exports', async () => {
    const printed = await node(
      [join(root, 'examples/read-candles.ts'), join(dataDir, 'kraken'), 'BTC/USD', '1h'],
      scratch,
    )
    const exported = (await c1('export', 'candles', '--interval', '1h', '--format', 'jsonl')).trim().split('\n')
    const lines = exported.map((line) => {
      const { close, openTime, tradeCount, volume } = JSON.parse(line)
      return `${openTime}  close ${close}  volume ${volume}  trades ${tradeCount}`
    })
    // The last hour of the file has no later trade that would prove it complete.
    expect(lines).toHaveLength(HOURS - 1)
    expect(printed.trim().split('\n')).toEqual(lines)
  })
})

it('follow-stream prints predictions as they are made', async () => {
  const view = busyView({ name: 'simulator', simulated: true })
  const server = await startServer(serverOptions(view))
  const example = spawn(process.execPath, [join(root, 'examples/follow-stream.ts'), server.url])
  try {
    const clients = async (): Promise<string> => (await fetch(`${server.url}/metrics`)).text()
    await expect.poll(clients, { timeout: 5000 }).toContain('c1_stream_clients 1')
    const printed = once(example.stdout, 'data')
    view.applyPrediction(madePrediction(MINUTES + 1, { value: 0.000123 }))
    expect(String(await printed)).toMatch(/^SIMULATED BTC\/USD \S+ predicted 1\.23e-4\n$/)
  } finally {
    example.kill()
    await server.close()
  }
})
