import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { reportFailure } from './failure.ts'
import { program } from './program.ts'
import { c1, type Ended, temporaryFolder } from './test-support/command.ts'

vi.setConfig({ testTimeout: 60_000 })

const folder = temporaryFolder()
const file = (name: string): string => join(folder.path, name)

beforeAll(() => {
  vi.stubEnv('INIT_CWD', folder.path)
  writeFileSync(file('photo_XBTUSD.csv'), 'JFIF not trades\nat all\n')
  const whole = gzipSync(
    Array.from({ length: 2000 }, (_, at) => `${1_525_752_000 + at},9000.${at % 10},0.1\n`).join(''),
  )
  writeFileSync(file('XBTUSD.csv.gz'), whole.subarray(0, whole.length / 2))
  writeFileSync(file('ETHUSD.csv'), '1525752000,700.1,1\n1525752001,700.2,2\n')
  writeFileSync(file('faults.json'), '[{"at":"+1s","fault":"close","code":1006}]')
  for (const source of ['kraken', 'simulator']) mkdirSync(file(`both/${source}/log`), { recursive: true })
})
afterEach(() => vi.restoreAllMocks())
afterAll(() => {
  vi.unstubAllEnvs()
  folder.remove()
})

/** As `main.ts` does it, in this process. */
async function command(...args: string[]): Promise<Ended> {
  let [out, err] = ['', '']
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += String(text)
    return true
  })
  try {
    await program(new AbortController().signal).parseAsync(args, { from: 'user' })
    return { code: 0, out, err }
  } catch (error) {
    return { code: reportFailure(error, false), out, err }
  }
}

describe('wrong usage ends with exit code 2 and one message that names the value and the remedy', () => {
  it.each([
    ['an unknown command', ['frobnicate'], "unknown command 'frobnicate'", '--help'],
    ['an unknown option', ['up', '--frob'], "unknown option '--frob'", '--help'],
    ['an option without its value', ['up', '--symbols'], "'--symbols <value>' argument missing", '--help'],
    ['a missing argument', ['export'], "missing required argument 'what'", '--help'],
    ['an argument too many', ['status', 'now'], 'too many arguments', 'now'],
    ['an unknown role', ['run', 'frob'], '"frob"', 'ingest-trades'],
    ['an unknown export', ['export', 'frob'], '"frob"', 'candles'],
    ['a malformed symbol', ['status', '--symbols', 'B!'], '"B!/"', 'BTC/USD'],
    ['an unknown interval', ['candles', 'ETHUSD.csv', '--interval', '3m'], '"3m"', '1m, 5m'],
    ['an unknown format', ['candles', 'ETHUSD.csv', '--format', 'xml'], '"xml"', 'jsonl'],
    ['an unknown layout', ['candles', 'ETHUSD.csv', '--layout', 'frob'], '"frob"', 'kraken'],
    ['parquet to standard output', ['candles', 'ETHUSD.csv', '--format', 'parquet'], 'Parquet', '--out'],
    ['a malformed time', ['export', 'trades', '--from', 'noon'], '--from "noon"', '2025-11-10T13:00:00Z'],
    ['a range that ends first', ['export', 'trades', '--from', '-1h', '--to', '-2h'], '-1h', 'swap'],
    ['a layout that Kraken has not', ['export', 'features', '--layout', 'kraken'], 'features', 'trades and candles'],
    ['an option that says nothing', ['export', 'trades', '--interval', '1h'], '--interval', 'leave it out'],
    ['a file that is missing', ['candles', 'XBTEUR.csv'], 'XBTEUR.csv', ''],
    [
      'a file of something else',
      ['candles', 'photo_XBTUSD.csv', '--symbols', 'BTC/USD'],
      'photo_XBTUSD.csv',
      'time,price',
    ],
    ['a damaged file', ['candles', 'XBTUSD.csv.gz'], 'XBTUSD.csv.gz', ''],
    ['a folder', ['import', '.', '--symbols', 'BTC/USD'], 'folder', ''],
    ['a file whose name tells no market', ['import', 'photo_XBTUSD.csv'], 'photo_XBTUSD.csv', '--symbols BTC/USD'],
    ['a data directory without data', ['status', '--data-dir', 'none'], 'none', 'c1 import'],
    ['several sources', ['status', '--data-dir', 'both'], 'kraken, simulator', '--source'],
    ['an unknown source', ['status', '--source', 'nyse'], '"nyse"', 'kraken, simulator or replay:FILE'],
    ['a port that is none', ['simulator', '--port', '99999'], '99999', '65535'],
    ['a start that is no time', ['simulator', '--start', 'noon'], '--start "noon"', '2025-11-10T13:00:00Z'],
    ['a history that is no span', ['simulator', '--history', 'long'], '--history "long"', '24h'],
    ['faults without a seed', ['simulator', '--faults', 'random:x'], '--faults "random:x"', 'random:7'],
    ['a fault file that is none', ['simulator', '--faults', 'ETHUSD.csv'], 'ETHUSD.csv', 'JSON'],
    ['a wrong fault', ['simulator', '--faults', 'faults.json'], 'Fault 0: code was 1006', 'use drop'],
    ['an unknown kind of simulator', ['simulator', '--kind', 'frob'], 'frob', 'noise, signal'],
    ['a version that is no number', ['models', 'show', 'm', '--version', 'x'], '"x"', '3'],
  ])('%s', async (_, args, value, remedy) => {
    const { code, err, out } = await command(...args)
    expect(err).toContain(value)
    expect(err).toContain(remedy)
    expect({ code, out, stack: /^\s+at /m.test(err) }).toEqual({ code: 2, out: '', stack: false })
  })

  it('every wrong key of flags, environment and c1.config.ts, at once', async () => {
    const own = temporaryFolder()
    writeFileSync(join(own.path, 'c1.config.ts'), "export default { horizon: '7x', colour: 'red' }\n")
    const { code, err, out } = await c1(own.path, ['config', '--interval', '7m'], {
      C1_HORIZN: '5m',
      C1_HTTP_PORT: 'x',
    })
    for (const wrong of ['--interval "7m"', 'C1_HORIZN', 'C1_HTTP_PORT "x"', '7x', 'colour'])
      expect(err).toContain(wrong)
    expect(err).not.toMatch(/^\s+at /m)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    own.remove()
  })

  it('without a stack trace of the library that reads the command line', async () => {
    expect(await c1(folder.path, ['frobnicate'])).toEqual({
      code: 2,
      out: '',
      err: "error: unknown command 'frobnicate'\nAdd --help for the options.\n",
    })
  })

  it('a command line without a command, which shows what there is', async () => {
    const { code, err } = await command()
    expect(code).toBe(2)
    expect(err).toContain('Usage: c1')
  })
})

describe('help', () => {
  it.each([
    ['up'],
    ['run'],
    ['import'],
    ['candles'],
    ['export'],
    ['train'],
    ['models list'],
    ['models show'],
    ['status'],
    ['config'],
    ['simulator'],
  ])('of %s is on standard output, has an example, and is no failure', async (name) => {
    const { code, err, out } = await command(...name.split(' '), '--help')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(new RegExp(`Example:\\n  (C1_\\w+=\\S+ )?c1 ${name}`))
  })

  it('and the version are no failures', async () => {
    const version = await c1(folder.path, ['--version'])
    expect(version).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: '' })
    expect((await command('--help')).code).toBe(0)
  })
})
