import { INTERVALS, MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, UsageError } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { type Configuration, type ConfigurationSources, resolveConfiguration } from './configuration.ts'
import { SETTINGS, type Settings, shownText } from './settings.ts'

const resolve = (sources: Partial<ConfigurationSources> = {}): Configuration =>
  resolveConfiguration({ flags: {}, env: {}, file: {}, ...sources })

/** The lines under the heading of the error. */
function problems(sources: Partial<ConfigurationSources>): string[] {
  try {
    resolve(sources)
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError)
    expect(error).toMatchObject({ code: 'configuration_invalid' })
    const [heading, ...lines] = (error as UsageError).message.split('\n')
    expect(heading).toBe('The configuration is not valid:')
    return lines.map((line) => line.replace(/^ {2}- /, ''))
  }
  return []
}

const flagOf = (key: keyof Settings, text: string): string[] => problems({ flags: { [key]: text } })

describe('resolveConfiguration', () => {
  it('gives the defaults where nothing is said', () => {
    const { settings, origins } = resolve()
    expect(settings).toStrictEqual({
      symbols: ['BTC/USD', 'ETH/USD', 'SOL/USD'],
      intervals: [...INTERVALS],
      horizon: MICROS_PER_MINUTE,
      source: 'auto',
      dataDir: '.c1',
      eventLog: 'embedded',
      kafkaBrokers: ['127.0.0.1:9092'],
      topicPrefix: '',
      kafkaTls: 'off',
      kafkaTlsCaFile: '',
      kafkaTlsCertFile: '',
      kafkaTlsKeyFile: '',
      kafkaTlsServerName: '',
      kafkaSaslMechanism: '',
      kafkaSaslUsername: '',
      kafkaSaslPassword: '',
      kafkaSaslPasswordFile: '',
      schemaRegistryUrl: '',
      featureStore: 'embedded',
      httpHost: '127.0.0.1',
      httpPort: 7070,
      metricsPort: 7071,
      krakenRestUrl: 'https://api.kraken.com',
      krakenWsUrl: 'wss://ws.kraken.com/v2',
      backfill: 12 * MICROS_PER_HOUR,
      trainEvery: MICROS_PER_HOUR,
      trainWindow: 30 * MICROS_PER_DAY,
      trainMinRows: 300,
      simulatorKind: 'signal',
      simulatorSeed: 1,
      simulatorSpeed: 1,
      retentionBytes: 0,
      retentionAge: 0,
      latenessLive: 2,
      latenessFile: 2,
      logLevel: 'warn',
    })
    expect(new Set(Object.values(origins))).toStrictEqual(new Set(['default']))
    expect(Object.isFrozen(settings)).toBe(true)
  })

  it('takes flags over environment over c1.config.ts over defaults, and tells which', () => {
    const file = { httpPort: 3, dataDir: 'file', logLevel: 'debug' }
    const env = { C1_HTTP_PORT: '2', C1_DATA_DIR: 'env' }
    const { settings, origins } = resolve({ flags: { httpPort: '1' }, env, file })
    expect(settings).toMatchObject({ httpPort: 1, dataDir: 'env', logLevel: 'debug', metricsPort: 7071 })
    expect(origins).toMatchObject({
      httpPort: 'flag',
      dataDir: 'environment',
      logLevel: 'c1.config.ts',
      metricsPort: 'default',
    })
  })

  it('takes an empty variable as not set', () => {
    const { settings, origins } = resolve({ env: { C1_HTTP_PORT: '', HOME: '/home' } })
    expect([settings.httpPort, origins.httpPort]).toStrictEqual([7070, 'default'])
  })

  it('takes text, numbers and lists from c1.config.ts', () => {
    const file = { symbols: ['BTC/USD', 'ETH/USD'], httpPort: 0, horizon: '5m', intervals: '1h,1m' }
    expect(resolve({ file }).settings).toMatchObject({
      symbols: ['BTC/USD', 'ETH/USD'],
      httpPort: 0,
      horizon: 5 * MICROS_PER_MINUTE,
      intervals: ['1m', '1h'],
    })
  })

  it('reads every key from a flag, a variable and the file alike', () => {
    for (const { key, env, flag, default: text } of SETTINGS) {
      expect(resolve({ env: { [env]: text } }).settings[key]).toStrictEqual(resolve().settings[key])
      expect(resolve({ file: { [key]: text } }).settings[key]).toStrictEqual(resolve().settings[key])
      expect(flag ?? 'no-flag').toMatch(/^[a-z]+(-[a-z]+)*$/)
    }
    for (const names of [SETTINGS.map(({ env }) => env), SETTINGS.flatMap(({ flag = [] }) => flag)]) {
      expect(new Set(names).size).toBe(names.length)
    }
  })

  it('reports every bad value and unknown key at once, each with where it came from', () => {
    const found = problems({
      flags: { httpPort: '70700', intervals: '2m' },
      env: { C1_HORIZON: 'soon', C1_HORIZN: '1m', C1_SYMBOLS: 'BTC/USD,,ETH/USD' },
      file: { logLevel: 'loud', tradeWindow: '7d', dataDir: { path: '.c1' } },
    })
    expect(found).toStrictEqual([
      'C1_HORIZN: no such setting. Did you mean C1_HORIZON?',
      'c1.config.ts tradeWindow: no such setting. Did you mean trainWindow?',
      "c1.config.ts dataDir { path: '.c1' }: must be text, a number or a list, like '.c1'",
      'C1_SYMBOLS "BTC/USD,,ETH/USD": is a list with an empty entry: separate entries by single commas',
      '--interval "2m": Unknown interval "2m". Choose from 1m, 5m, 15m, 30m, 1h, 4h, 12h, 1d.',
      'C1_HORIZON "soon": "soon" is not a span of time: write it like 90s, 5m, 24h or 7d.',
      '--http-port "70700": must be a whole number from 0 to 65535',
      'c1.config.ts logLevel "loud": must be debug or info or warn or error or silent',
    ])
  })

  it.each([
    ['C1_HTTPPORT', 'C1_HTTP_PORT'],
    ['C1_INTERVAL', 'C1_INTERVALS'],
    ['C1_DATADIR', 'C1_DATA_DIR'],
    ['C1_TRAIN_ROWS', 'C1_TRAIN_MIN_ROWS'],
    ['C1_LOGLEVEL', 'C1_LOG_LEVEL'],
  ])('takes %s for a slip of %s', (name, meant) => {
    expect(problems({ env: { [name]: '1' } })).toStrictEqual([`${name}: no such setting. Did you mean ${meant}?`])
  })

  it.each<[keyof Settings, string, string]>([
    ['httpPort', '', 'must be a whole number from 0 to 65535'],
    ['httpPort', ' ', 'must be a whole number from 0 to 65535'],
    ['httpPort', '0x50', 'must be a whole number from 0 to 65535'],
    ['httpPort', '8e1', 'must be a whole number from 0 to 65535'],
    ['httpPort', '80.5', 'must be a whole number from 0 to 65535'],
    ['httpPort', '-1', 'must be a whole number from 0 to 65535'],
    ['trainMinRows', '49', 'must be a whole number from 50 to 10000000'],
    ['simulatorSpeed', '0', 'must be a number above 0, 100000 at most'],
    ['simulatorSpeed', 'fast', 'must be a number above 0, 100000 at most'],
    ['simulatorSpeed', '100001', 'must be a number above 0, 100000 at most'],
    ['dataDir', '', 'must not be empty'],
    ['httpHost', ' ', 'must not be empty'],
    ['source', 'binance', 'must be kraken, simulator or replay:FILE'],
    ['source', 'replay:', 'must be kraken, simulator or replay:FILE'],
    ['simulatorKind', 'sine', 'must be noise or signal'],
    ['krakenRestUrl', 'ws://x', 'must be a URL starting with http:// or https://'],
    ['krakenWsUrl', 'localhost', 'must be a URL starting with ws:// or wss://'],
    ['eventLog', 'redpanda', 'must be embedded or kafka'],
    ['kafkaBrokers', 'localhost', 'must be addresses like 127.0.0.1:9092, separated by commas'],
    ['topicPrefix', 'a/b', 'must be letters, digits, dots, hyphens or underscores, 100 at most'],
  ])('refuses %s "%s"', (key, text, problem) => {
    const [line, ...more] = flagOf(key, text)
    expect(line).toMatch(/^--\S+ "/)
    expect(line?.endsWith(`"${text}": ${problem}`)).toBe(true)
    expect(more).toStrictEqual([])
  })

  it.each<[keyof Settings, string, unknown]>([
    ['simulatorSpeed', '2.5', 2.5],
    ['source', 'replay:trades.csv', 'replay:trades.csv'],
    ['krakenRestUrl', 'http://127.0.0.1:8080/', 'http://127.0.0.1:8080'],
    ['symbols', 'XBTUSD, ETH/USD,XBTUSD', ['XBTUSD', 'ETH/USD']],
    ['intervals', '1h,1m,1h', ['1m', '1h']],
    ['backfill', '0', 0],
    ['retentionAge', '7d', 7 * MICROS_PER_DAY],
  ])('reads %s "%s"', (key, text, value) => {
    expect(resolve({ flags: { [key]: text } }).settings[key]).toStrictEqual(value)
  })
})

describe('settings that contradict each other', () => {
  it.each(['30s', '0', '90s'])('are a horizon of %s and candles of one minute', (horizon) => {
    expect(flagOf('horizon', horizon)).toStrictEqual([
      `horizon ${horizon === '0' ? '0s' : horizon}: predictions are made on 1m candles, so it must be 1m or a whole multiple of it`,
    ])
  })

  it('are none of the horizon and the training that nobody set: they follow the candles', () => {
    const { settings } = resolveConfiguration({ flags: { intervals: '1d' }, env: {}, file: {} })
    expect([settings.horizon, settings.trainEvery]).toStrictEqual([MICROS_PER_DAY, MICROS_PER_DAY])
  })

  it('are a horizon that is no multiple of the shortest of several intervals', () => {
    expect(problems({ flags: { intervals: '1h,5m', horizon: '7m' } })).toStrictEqual([
      'horizon 7m: predictions are made on 5m candles, so it must be 5m or a whole multiple of it',
    ])
    expect(problems({ flags: { intervals: '1h,5m', horizon: '1h' } })).toStrictEqual([])
  })

  it('are training more often than candles come', () => {
    expect(problems({ flags: { intervals: '1h', horizon: '1h', trainEvery: '30m' } })).toStrictEqual([
      'trainEvery 30m: must not be shorter than the shortest candle, 1h',
    ])
  })

  it('are reported once every value is valid by itself', () => {
    expect(problems({ flags: { horizon: '90s', httpPort: 'x' } })).toHaveLength(1)
  })
})

describe('the login at Kafka', () => {
  const login = { kafkaSaslMechanism: 'SCRAM-SHA-256', kafkaSaslUsername: 'c1' }

  it('is told whole, with the password or the file that holds it', () => {
    expect(resolve({ file: { ...login, kafkaSaslPassword: 'p' } }).settings.kafkaSaslMechanism).toBe('scram-sha-256')
    expect(problems({ file: { ...login, kafkaSaslPasswordFile: '/run/secrets/kafka' } })).toEqual([])
    const half = 'kafkaSaslMechanism, kafkaSaslUsername and a password: a login needs all three'
    expect(problems({ file: login })).toEqual([half])
    expect(problems({ env: { C1_KAFKA_SASL_PASSWORD: 'p' } })).toEqual([half])
    expect(problems({ file: { ...login, kafkaSaslPassword: 'p', kafkaSaslPasswordFile: 'f' } })).toEqual([
      'kafkaSaslPassword and kafkaSaslPasswordFile: give one of them',
    ])
    expect(problems({ file: { kafkaTlsCertFile: 'cert.pem' } })).toEqual([
      'kafkaTlsCertFile and kafkaTlsKeyFile: a certificate needs its key, and a key its certificate',
    ])
    expect(problems({ file: { kafkaSaslMechanism: 'gssapi' } })).toEqual([
      'c1.config.ts kafkaSaslMechanism "gssapi": must be plain, scram-sha-256 or scram-sha-512',
    ])
  })

  it('shows no password, not even in an address that is wrong', () => {
    const [problem = ''] = problems({ env: { C1_SCHEMA_REGISTRY_URL: 'ftp://c1:hunter2@registry' } })
    expect(problem).toBe('C1_SCHEMA_REGISTRY_URL "ftp://***@registry": must be a URL starting with http:// or https://')
    const password = SETTINGS.find(({ key }) => key === 'kafkaSaslPassword')
    expect(shownText(password ?? {}, 'hunter2')).toBe('***')
    expect(shownText(password ?? {}, '')).toBe('')
  })
})
