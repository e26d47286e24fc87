import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { program } from '../program.ts'
import { temporaryFolder } from '../test-support/command.ts'

const folder = temporaryFolder()
/** 2018-05-08T00:00:00Z */
const START = 1_525_737_600
const MINUTES = 300
const lines = Array.from(
  { length: MINUTES * 4 },
  (_, at) => `${START + at * 15},${9000 + (at % 37)}.1,0.0${1 + (at % 9)}`,
)

beforeAll(async () => {
  vi.stubEnv('INIT_CWD', folder.path)
  vi.stubEnv('C1_LOG_LEVEL', 'error')
  writeFileSync(join(folder.path, 'XBTUSD.csv'), `${lines.join('\n')}\n`)
  await run('import', 'XBTUSD.csv', '--quiet')
  await run('train', '--symbols', 'BTC/USD', '--train-min-rows', '100', '--quiet')
})
afterEach(() => vi.restoreAllMocks())
afterAll(() => {
  vi.unstubAllEnvs()
  folder.remove()
})

/** Runs a command in this process and gives its standard output. */
async function run(...args: string[]): Promise<string> {
  let out = ''
  const write = (text: unknown, done?: unknown): boolean => {
    out += String(text)
    if (typeof done === 'function') done()
    return true
  }
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation(write)
  try {
    await program(new AbortController().signal).parseAsync(args, { from: 'user' })
  } finally {
    spy.mockRestore()
  }
  return out
}

const exported = (what: string, ...options: string[]): Promise<string> =>
  run('export', what, '--symbols', 'BTC/USD', ...options)
const header = (csv: string): string => csv.slice(0, csv.indexOf('\n'))
const rowsIn = (text: string): string[] => text.trimEnd().split('\n')

const CANDLES =
  'symbol,interval,openTime,closeTime,open,high,low,close,volume,vwap,tradeCount,buyVolume,firstTradeId,lastTradeId,revision,state,complete'

describe('export', () => {
  it('has the columns of the contract, in its order', async () => {
    expect(header(await exported('trades'))).toBe('symbol,tradeId,eventTime,price,quantity,side,orderType')
    expect(header(await exported('candles'))).toBe(CANDLES)
    expect(header(await exported('features'))).toMatch(/^symbol,eventTime,availableAt,revision,\w+/)
    expect(header(await exported('predictions'))).toMatch(
      /^symbol,madeAt,asOf,horizon,model,version,value,lower,upper,coverage,outcome,error,covered(,|$)/,
    )
  })

  it('gives the rows in range, as CSV and as JSON lines', async () => {
    const range = ['--from', '2018-05-08T01:00:00Z', '--to', '2018-05-08T01:02:00Z']
    const csv = rowsIn(await exported('candles', '--interval', '1m', ...range)).slice(1)
    expect(csv.map((line) => line.split(',')[2])).toEqual([
      '2018-05-08T01:00:00.000000Z',
      '2018-05-08T01:01:00.000000Z',
    ])
    const json = rowsIn(await exported('candles', '--interval', '1m', '--format', 'jsonl', ...range)).map((line) =>
      JSON.parse(line),
    )
    expect(
      json.map((row) =>
        Object.values(row)
          .map((value) => value ?? '')
          .join(),
      ),
    ).toEqual(csv)
    expect(Object.keys(json[0]).join()).toBe(CANDLES)
  })

  it('writes Parquet to a file that appears whole', async () => {
    const out = join(folder.path, 'candles.parquet')
    await exported('candles', '--format', 'parquet', '--out', out, '--quiet')
    const bytes = readFileSync(out)
    expect([bytes.subarray(0, 4).toString(), bytes.subarray(-4).toString()]).toEqual(['PAR1', 'PAR1'])
    expect(bytes.includes('openTime')).toBe(true)
  })

  it("in Kraken's layout gives the trades as they were read, and candles as Kraken's files have them", async () => {
    expect(rowsIn(await exported('trades', '--layout', 'kraken'))).toEqual(
      lines.map((line) => expect.stringMatching(`^${line}0*$`)),
    )
    const [first = ''] = rowsIn(await exported('candles', '--layout', 'kraken', '--interval', '1h'))
    expect(first).toMatch(/^1525737600,9000\.1,9036\.1,9000\.1,\d+\.1,\d+\.\d+,240$/)
    const straight = await run('candles', 'XBTUSD.csv', '--interval', '1h', '--layout', 'kraken', '--quiet')
    expect(await exported('candles', '--layout', 'kraken', '--interval', '1h')).toBe(straight)
  })

  it('with --fill flat has marked rows for windows without trades, for candles only', async () => {
    const rows = [0, 170, 200, 400].map((second) => `${START + second},200.5,1.25`)
    writeFileSync(join(folder.path, 'ETHUSD.csv'), `${rows.join('\n')}\n`)
    await run('import', 'ETHUSD.csv', '--quiet')
    const options = ['--symbols', 'ETH/USD', '--interval', '1m', '--from', '2018-05-08T00:01:00Z', '--fill', 'flat']
    expect(rowsIn(await run('export', 'candles', ...options)).slice(0, 3)).toEqual([
      `${CANDLES},filled`,
      'ETH/USD,1m,2018-05-08T00:01:00.000000Z,2018-05-08T00:02:00.000000Z,200.5,200.5,200.5,200.5,0.00,0.0,0,,,,1,final,,true',
      'ETH/USD,1m,2018-05-08T00:02:00.000000Z,2018-05-08T00:03:00.000000Z,200.5,200.5,200.5,200.5,1.25,200.5,1,,2,2,1,final,,false',
    ])
    const same = rowsIn(await exported('candles')).slice(1)
    expect(rowsIn(await exported('candles', '--fill', 'flat')).slice(1)).toEqual(same.map((row) => `${row},false`))
    await expect(exported('candles', '--fill', 'zero')).rejects.toThrow('Choose flat')
    await expect(exported('trades', '--fill', 'flat')).rejects.toThrow('says nothing of trades')
    await expect(exported('candles', '--fill', 'flat', '--layout', 'kraken')).rejects.toThrow('no rows without trades')
  })

  it('of features as known before they were is empty', async () => {
    expect(rowsIn(await exported('features', '--known-at', '2018-05-08T00:00:00Z'))).toHaveLength(1)
    expect(rowsIn(await exported('features', '--known-at', '2018-05-09T00:00:00Z')).length).toBeGreaterThan(100)
  })
})

describe('looking', () => {
  it('models list and show tell the trained version', async () => {
    expect(await run('models', 'list')).toMatch(/^BTC-USD-return-1m v1 {2}\S+ {2}in force from 2018-05-08T05:0/)
    const [listed] = rowsIn(await run('models', 'list', '--json')).map((line) => JSON.parse(line))
    expect(listed).toMatchObject({ name: 'BTC-USD-return-1m', version: 1, card: { source: 'kraken' } })
    const shown = await run('models', 'show', 'BTC-USD-return-1m', '--version', '1')
    for (const word of ['BTC-USD-return-1m v1', 'walk-forward', 'no-change', 'baseline', 'digest'])
      expect(shown).toContain(word)
    expect(JSON.parse(await run('models', 'show', 'BTC-USD-return-1m', '--json'))).toMatchObject({ version: 1 })
    await expect(run('models', 'show', 'ETH')).rejects.toThrow('There is no model "ETH". Models: BTC-USD-return-1m.')
    await expect(run('models', 'show', 'BTC-USD-return-1m', '--version', '7')).rejects.toThrow('version 7')
  })

  it('status tells what is there', async () => {
    const report = JSON.parse(await run('status', '--json', '--symbols', 'BTC/USD'))
    expect(report).toMatchObject({
      source: 'kraken',
      symbols: [{ symbol: 'BTC/USD', trades: MINUTES * 4, missing: [], newestFeatures: '2018-05-08T05:00:00.000000Z' }],
    })
    expect(await run('status', '--symbols', 'BTC/USD')).toContain('BTC/USD: 1,200 trades')
  })

  it('config tells each value and where it comes from', async () => {
    vi.stubEnv('C1_HORIZON', '5m')
    const settings = JSON.parse(await run('config', '--json', '--symbols', 'ETH/USD')) as Record<string, string>[]
    const of = (key: string) => settings.find((setting) => setting.key === key)
    expect(of('horizon')).toMatchObject({ value: '5m', origin: 'environment', env: 'C1_HORIZON' })
    expect(of('symbols')).toMatchObject({ value: 'ETH/USD', origin: 'flag' })
    expect(of('dataDir')).toMatchObject({ value: '.c1', origin: 'default' })
    vi.stubEnv('C1_HORIZON', undefined)
  })
})
