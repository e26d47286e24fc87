import { INTERVALS, type Interval, MalformedError, parseInterval, parseSpan } from '@c1/market'
import { z } from 'zod'
import type { LogLevel } from './logger.ts'

/** What can be set, from a flag, the environment, `c1.config.ts` or a default. Times are microseconds. */
export interface Settings {
  readonly symbols: readonly string[]
  /** Shortest first; features and predictions are made on the first. */
  readonly intervals: readonly Interval[]
  readonly horizon: number
  readonly source: string
  readonly dataDir: string
  readonly eventLog: 'embedded' | 'kafka'
  /** `HOST:PORT`. */
  readonly kafkaBrokers: readonly string[]
  /** Stands before every topic and consumer group. */
  readonly topicPrefix: string
  /** On as well where any other setting of TLS is given. */
  readonly kafkaTls: 'on' | 'off'
  /** Paths of PEM files; empty for none. */
  readonly kafkaTlsCaFile: string
  readonly kafkaTlsCertFile: string
  readonly kafkaTlsKeyFile: string
  readonly kafkaTlsServerName: string
  readonly kafkaSaslMechanism: '' | 'plain' | 'scram-sha-256' | 'scram-sha-512'
  readonly kafkaSaslUsername: string
  readonly kafkaSaslPassword: string
  readonly kafkaSaslPasswordFile: string
  /** Empty for values in JSON. */
  readonly schemaRegistryUrl: string
  readonly featureStore: 'embedded'
  readonly httpHost: string
  readonly httpPort: number
  readonly metricsPort: number
  readonly krakenRestUrl: string
  readonly krakenWsUrl: string
  /** How much history to fetch at the first start; 0 for none. */
  readonly backfill: number
  readonly trainEvery: number
  readonly trainWindow: number
  readonly trainMinRows: number
  readonly simulatorKind: 'noise' | 'signal'
  readonly simulatorSeed: number
  readonly simulatorSpeed: number
  /** Oldest segments of a topic go when it holds more bytes, or records older than this; 0 keeps everything. */
  readonly retentionBytes: number
  readonly retentionAge: number
  /** How many of its lengths after its close a window stays in memory, of live trades and of a file's rows. */
  readonly latenessLive: number
  readonly latenessFile: number
  readonly logLevel: LogLevel
}

export interface Setting<Key extends keyof Settings = keyof Settings> {
  readonly key: Key
  readonly env: string
  /** Absent: it has no flag. Without dashes. */
  readonly flag?: string
  readonly help: string
  /** As text, the way a user would write it. */
  readonly default: string
  readonly parse: (text: string) => Settings[Key]
  /** Its value, or the password in its URL, is never shown. */
  readonly secret?: true
}

/** A setting's text as it may be shown. */
export function shownText({ secret }: Pick<Setting, 'secret'>, text: string): string {
  if (secret === undefined || text === '') return text
  return text.includes('//') ? text.replace(/\/\/[^/]*@/, '//***@') : '***'
}

const span = (text: string): number => (text === '0' ? 0 : parseSpan(text))

function list(text: string): string[] {
  const items = text.split(',').map((item) => item.trim())
  if (items.includes('')) throw malformed('is a list with an empty entry: separate entries by single commas')
  return [...new Set(items)]
}

function intervals(text: string): Interval[] {
  const wanted = list(text).map(parseInterval)
  return INTERVALS.filter((interval) => wanted.includes(interval))
}

function oneOf<const Choice extends string>(...choices: Choice[]): (text: string) => Choice {
  return (text) => check(z.enum(choices), text, `must be ${choices.join(' or ')}`) as Choice
}

function wholeNumber(min: number, max: number): (text: string) => number {
  const schema = z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(min).max(max))
  return (text) => check(schema, text, `must be a whole number from ${min} to ${max}`)
}

function speed(text: string): number {
  const schema = z
    .string()
    .regex(/^\d+(\.\d+)?$/)
    .transform(Number)
    .pipe(z.number().positive().max(100_000))
  return check(schema, text, 'must be a number above 0, 100000 at most')
}

function brokers(text: string): string[] {
  const addresses = list(text)
  if (!addresses.every((address) => /^(\[[0-9a-fA-F:]+\]|[^\s:,]+):\d{1,5}$/.test(address))) {
    throw malformed('must be addresses like 127.0.0.1:9092, separated by commas')
  }
  return addresses
}

function topicPrefix(text: string): string {
  if (/^[A-Za-z0-9._-]{0,100}$/.test(text)) return text
  throw malformed('must be letters, digits, dots, hyphens or underscores, 100 at most')
}

function anything(text: string): string {
  return text
}

/** A mechanism, in any case; empty for no login. */
function saslMechanism(text: string): Settings['kafkaSaslMechanism'] {
  const known = ['', 'plain', 'scram-sha-256', 'scram-sha-512'] as const
  const mechanism = known.find((known) => known === text.toLowerCase())
  if (mechanism === undefined) throw malformed('must be plain, scram-sha-256 or scram-sha-512')
  return mechanism
}

function optionalUrl(...protocols: string[]): (text: string) => string {
  const parse = url(...protocols)
  return (text) => (text === '' ? '' : parse(text))
}

function nonEmpty(text: string): string {
  return check(z.string().trim().min(1), text, 'must not be empty')
}

function url(...protocols: string[]): (text: string) => string {
  return (text) => {
    const valid = URL.canParse(text) && protocols.includes(new URL(text).protocol)
    if (!valid) throw malformed(`must be a URL starting with ${protocols.map((name) => `${name}//`).join(' or ')}`)
    return text.replace(/\/+$/, '')
  }
}

function source(text: string): string {
  if (text === 'auto' || text === 'kraken' || text === 'simulator' || /^replay:.+/.test(text)) return text
  throw malformed('must be kraken, simulator or replay:FILE')
}

function check<Value>(schema: z.ZodType<Value>, value: unknown, problem: string): Value {
  const result = schema.safeParse(value)
  if (!result.success) throw malformed(problem)
  return result.data
}

function malformed(problem: string): MalformedError {
  return new MalformedError('setting_malformed', problem)
}

const setting = <Key extends keyof Settings>(entry: Setting<Key>): Setting => entry as unknown as Setting

/** Every setting there is, in the order in which `c1 config` prints them. */
export const SETTINGS: readonly Setting[] = [
  setting({
    key: 'symbols',
    env: 'C1_SYMBOLS',
    flag: 'symbols',
    default: 'BTC/USD,ETH/USD,SOL/USD',
    parse: list,
    help: 'markets, like BTC/USD,ETH/USD, or all',
  }),
  setting({
    key: 'intervals',
    env: 'C1_INTERVALS',
    flag: 'interval',
    default: INTERVALS.join(','),
    parse: intervals,
    help: `candle lengths: ${INTERVALS.join(' ')}; features are made on the shortest`,
  }),
  setting({
    key: 'horizon',
    env: 'C1_HORIZON',
    flag: 'horizon',
    default: '1m',
    parse: span,
    help: 'how far ahead a prediction looks, at least one candle',
  }),
  setting({
    key: 'source',
    env: 'C1_SOURCE',
    flag: 'source',
    default: 'auto',
    parse: source,
    help: 'kraken, simulator or replay:FILE; auto is Kraken, or the simulator where Kraken cannot be reached',
  }),
  setting({
    key: 'dataDir',
    env: 'C1_DATA_DIR',
    flag: 'data-dir',
    default: '.c1',
    parse: nonEmpty,
    help: 'where everything is kept',
  }),
  setting({
    key: 'eventLog',
    env: 'C1_EVENT_LOG',
    default: 'embedded',
    parse: oneOf('embedded', 'kafka'),
    help: 'event log adapter: embedded, or kafka for Kafka and Redpanda',
  }),
  setting({
    key: 'kafkaBrokers',
    env: 'C1_KAFKA_BROKERS',
    default: '127.0.0.1:9092',
    parse: brokers,
    help: 'addresses of some brokers, HOST:PORT,HOST:PORT',
  }),
  setting({
    key: 'topicPrefix',
    env: 'C1_TOPIC_PREFIX',
    default: '',
    parse: topicPrefix,
    help: 'stands before the names of topics and consumer groups; a simulated or replayed source adds its own name',
  }),
  setting({
    key: 'kafkaTls',
    env: 'C1_KAFKA_TLS',
    default: 'off',
    parse: oneOf('on', 'off'),
    help: 'on: brokers are reached over TLS; the other settings of TLS turn it on too',
  }),
  setting({
    key: 'kafkaTlsCaFile',
    env: 'C1_KAFKA_TLS_CA_FILE',
    default: '',
    parse: anything,
    help: "PEM file of the authority that signed the brokers' certificates, where Node does not know it",
  }),
  setting({
    key: 'kafkaTlsCertFile',
    env: 'C1_KAFKA_TLS_CERT_FILE',
    default: '',
    parse: anything,
    help: 'PEM file of our certificate, for brokers that ask for one',
  }),
  setting({
    key: 'kafkaTlsKeyFile',
    env: 'C1_KAFKA_TLS_KEY_FILE',
    default: '',
    parse: anything,
    help: 'PEM file of its key',
  }),
  setting({
    key: 'kafkaTlsServerName',
    env: 'C1_KAFKA_TLS_SERVER_NAME',
    default: '',
    parse: anything,
    help: "name in the brokers' certificates, where it is not their address",
  }),
  setting({
    key: 'kafkaSaslMechanism',
    env: 'C1_KAFKA_SASL_MECHANISM',
    default: '',
    parse: saslMechanism,
    help: 'how to log in: plain, scram-sha-256 or scram-sha-512; empty for no login',
  }),
  setting({
    key: 'kafkaSaslUsername',
    env: 'C1_KAFKA_SASL_USERNAME',
    default: '',
    parse: anything,
    help: 'who logs in',
  }),
  setting({
    key: 'kafkaSaslPassword',
    env: 'C1_KAFKA_SASL_PASSWORD',
    default: '',
    parse: anything,
    help: 'the password; better in a file',
    secret: true,
  }),
  setting({
    key: 'kafkaSaslPasswordFile',
    env: 'C1_KAFKA_SASL_PASSWORD_FILE',
    default: '',
    parse: anything,
    help: 'file that holds the password; a line end is cut off',
  }),
  setting({
    key: 'schemaRegistryUrl',
    env: 'C1_SCHEMA_REGISTRY_URL',
    default: '',
    parse: optionalUrl('http:', 'https:'),
    help: 'Confluent-compatible schema registry: values on Kafka are Avro then; empty for JSON',
    secret: true,
  }),
  setting({
    key: 'featureStore',
    env: 'C1_FEATURE_STORE',
    default: 'embedded',
    parse: oneOf('embedded'),
    help: 'feature store adapter',
  }),
  setting({
    key: 'httpHost',
    env: 'C1_HTTP_HOST',
    flag: 'http-host',
    default: '127.0.0.1',
    parse: nonEmpty,
    help: 'address of the API and page',
  }),
  setting({
    key: 'httpPort',
    env: 'C1_HTTP_PORT',
    flag: 'http-port',
    default: '7070',
    parse: wholeNumber(0, 65_535),
    help: 'port of the API and page; 0 takes a free one',
  }),
  setting({
    key: 'metricsPort',
    env: 'C1_METRICS_PORT',
    flag: 'metrics-port',
    default: '7071',
    parse: wholeNumber(0, 65_535),
    help: 'port of /metrics and /healthz of a role run alone; 0 takes a free one',
  }),
  setting({
    key: 'krakenRestUrl',
    env: 'KRAKEN_REST_URL',
    default: 'https://api.kraken.com',
    parse: url('http:', 'https:'),
    help: 'REST address of the venue',
  }),
  setting({
    key: 'krakenWsUrl',
    env: 'KRAKEN_WS_URL',
    default: 'wss://ws.kraken.com/v2',
    parse: url('ws:', 'wss:'),
    help: 'WebSocket v2 address of the venue',
  }),
  setting({
    key: 'backfill',
    env: 'C1_BACKFILL',
    flag: 'backfill',
    default: '12h',
    parse: span,
    help: 'history to fetch at the first start, 0 for none',
  }),
  setting({
    key: 'trainEvery',
    env: 'C1_TRAIN_EVERY',
    flag: 'train-every',
    default: '1h',
    parse: span,
    help: 'how often a new model version is trained, in market time',
  }),
  setting({
    key: 'trainWindow',
    env: 'C1_TRAIN_WINDOW',
    flag: 'train-window',
    default: '30d',
    parse: span,
    help: 'how far back training rows reach',
  }),
  setting({
    key: 'trainMinRows',
    env: 'C1_TRAIN_MIN_ROWS',
    flag: 'train-min-rows',
    default: '300',
    parse: wholeNumber(50, 10_000_000),
    help: 'fewest labelled rows to train on',
  }),
  setting({
    key: 'simulatorKind',
    env: 'C1_SIMULATOR_KIND',
    flag: 'simulator-kind',
    default: 'signal',
    parse: oneOf('noise', 'signal'),
    help: 'noise (nothing is predictable) or signal (a known part is)',
  }),
  setting({
    key: 'simulatorSeed',
    env: 'C1_SIMULATOR_SEED',
    flag: 'simulator-seed',
    default: '1',
    parse: wholeNumber(0, 2 ** 31),
    help: 'seed of the simulated market',
  }),
  setting({
    key: 'simulatorSpeed',
    env: 'C1_SIMULATOR_SPEED',
    flag: 'simulator-speed',
    default: '1',
    parse: speed,
    help: 'how many times faster than real time a simulated or replayed market runs',
  }),
  setting({
    key: 'retentionBytes',
    env: 'C1_RETENTION_BYTES',
    default: '0',
    parse: wholeNumber(0, Number.MAX_SAFE_INTEGER),
    help: 'bytes a topic may hold, 0 for no limit',
  }),
  setting({
    key: 'retentionAge',
    env: 'C1_RETENTION_AGE',
    default: '0',
    parse: span,
    help: 'age at which records go, 0 for never',
  }),
  setting({
    key: 'latenessLive',
    env: 'C1_LATENESS_LIVE',
    default: '2',
    parse: wholeNumber(0, 10_000),
    help: 'window lengths that a final candle of live trades stays in memory; a later trade is looked up in the log',
  }),
  setting({
    key: 'latenessFile',
    env: 'C1_LATENESS_FILE',
    default: '2',
    parse: wholeNumber(0, 10_000),
    help: 'the same for candles of imported files',
  }),
  setting({
    key: 'logLevel',
    env: 'C1_LOG_LEVEL',
    flag: 'log-level',
    default: 'warn',
    parse: oneOf('debug', 'info', 'warn', 'error', 'silent'),
    help: 'debug, info, warn, error or silent',
  }),
]
