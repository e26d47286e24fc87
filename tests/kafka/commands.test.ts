import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { candlesCodec, openKafkaLog, TOPICS } from '@c1/event-log'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import * as examples from '../../packages/event-log/src/messages/examples.fixture.ts'
import { startLocalRegistry } from '../../packages/event-log/src/schemas/local-registry.fixture.ts'
import { type Broker, startBroker } from '../../tools/broker/broker.ts'
import { kafkaTool } from '../../tools/broker/kafka-tool.ts'
import { SASL_USER } from '../../tools/broker/listeners.ts'
import { run } from '../../tools/broker/run.ts'

const MAIN = fileURLToPath(new URL('../../apps/c1/src/main.ts', import.meta.url))
const candles = candlesCodec('kraken')

let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'c1-commands-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

interface Ended {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

/** Runs a command with nothing of the developer's own environment. */
function c1(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(C1_|KRAKEN_|INIT_CWD)/.test(name))
  const own = { C1_EVENT_LOG: 'kafka', C1_DATA_DIR: join(folder, 'data'), ...env }
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env: { ...Object.fromEntries(inherited), ...own },
  })
  let [output, errors] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text
  })
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output, errors })))
}

const newPrefix = (): string => `t${randomUUID().slice(0, 8)}.`

describe('the source of a set of topics', () => {
  const venue = { KRAKEN_REST_URL: 'http://127.0.0.1:9', KRAKEN_WS_URL: 'ws://127.0.0.1:9' }

  it('is the simulator where Kraken cannot be reached, and that is what every later command finds', async () => {
    const env = { ...venue, C1_KAFKA_BROKERS: inject('kafkaBroker'), C1_TOPIC_PREFIX: newPrefix() }
    const made = await c1(['topics', 'create'], env)
    expect(made.errors).toContain('every price below is SIMULATED')
    expect(made.errors).toContain(`Created ${env.C1_TOPIC_PREFIX}simulator.trades.v1.`)
    const checked = await c1(['topics', 'check'], env)
    expect(checked).toMatchObject({
      code: 0,
      output: expect.stringContaining(`${env.C1_TOPIC_PREFIX}simulator.candles.v1: 8 partitions`),
    })
    const again = await c1(['topics', 'create'], env)
    expect(again.errors).toContain('Every topic is there already.')
  })

  it('is asked for where topics of two are there', async () => {
    const env = { C1_KAFKA_BROKERS: inject('kafkaBroker'), C1_TOPIC_PREFIX: newPrefix() }
    for (const source of ['kraken', 'simulator'])
      expect(await c1(['topics', 'create', '--source', source], env)).toMatchObject({ code: 0 })
    expect(await c1(['topics', 'check'], env)).toMatchObject({
      code: 2,
      errors: expect.stringContaining('choose one with --source'),
    })
    expect(await c1(['topics', 'check', '--source', 'simulator'], env)).toMatchObject({ code: 0 })
  })
})

describe('a broker that wants TLS and a login', () => {
  let broker: Broker

  beforeAll(async () => {
    broker = await startBroker({ folder: join(folder, 'broker'), listeners: ['sasl-tls'] })
    await writeFile(join(folder, 'password'), `${SASL_USER.password}\n`)
    await writeFile(join(folder, 'wrong'), 'a-wrong-password\n')
  })

  afterAll(() => broker?.stop())

  const env = (passwordFile: string): Record<string, string> => ({
    C1_SOURCE: 'kraken',
    C1_KAFKA_BROKERS: broker.secure['sasl-tls'] as string,
    C1_KAFKA_TLS_CA_FILE: broker.certificates?.ca as string,
    C1_KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
    C1_KAFKA_SASL_USERNAME: SASL_USER.username,
    C1_KAFKA_SASL_PASSWORD_FILE: passwordFile,
  })

  it('is used with what the settings say, files read from where the user stands', async () => {
    expect(await c1(['topics', 'create'], env('password'))).toMatchObject({ code: 0 })
  })

  it('refuses a wrong password: exit code 2, one message, which does not show it', async () => {
    const { code, errors } = await c1(['topics', 'check'], { ...env('wrong'), C1_LOG_LEVEL: 'debug' })
    expect(code).toBe(2)
    expect(errors).toMatch(/Kafka does not accept these credentials/)
    expect(errors).not.toContain('a-wrong-password')
  })

  it('is not tried where the file of the password is missing', async () => {
    const { code, errors } = await c1(['topics', 'check'], env('nowhere'))
    expect(code).toBe(2)
    expect(errors).toMatch(/C1_KAFKA_SASL_PASSWORD_FILE names a file that cannot be read/)
  })

  it('has its password masked by c1 config', async () => {
    const { C1_KAFKA_SASL_PASSWORD_FILE: _, ...open } = env('')
    const secrets = { C1_KAFKA_SASL_PASSWORD: 'hunter2', C1_SCHEMA_REGISTRY_URL: 'http://c1:hunter3@registry:8081' }
    for (const format of [[], ['--json']]) {
      const { code, output } = await c1(['config', ...format], { ...open, ...secrets })
      expect(code).toBe(0)
      expect(output).not.toMatch(/hunter/)
      expect(output).toContain('http://***@registry:8081')
    }
  })
})

describe('values as Avro', () => {
  it('are written and read by commands where a schema registry is set', async () => {
    const registry = await startLocalRegistry()
    const env = {
      C1_SOURCE: 'kraken',
      C1_KAFKA_BROKERS: inject('kafkaBroker'),
      C1_TOPIC_PREFIX: newPrefix(),
      C1_SCHEMA_REGISTRY_URL: registry.url,
    }
    try {
      expect(await c1(['topics', 'create'], env)).toMatchObject({ code: 0 })
      const archive = join(folder, 'XBTUSD.csv')
      await writeFile(archive, '1700000000,37000.1,0.5\n1700000061,37001.0,0.25\n')
      expect(await c1(['import', archive, '--symbols', 'BTC/USD'], env)).toMatchObject({ code: 0 })
      expect([...registry.subjects.keys()]).toEqual([`${env.C1_TOPIC_PREFIX}trades.v1-value`])
      const exported = await c1(['export', 'trades', '--symbols', 'BTC/USD'], env)
      expect(exported.output).toContain('37001.0,0.25')
      const { C1_SCHEMA_REGISTRY_URL: _, ...without } = env
      const unread = await c1(['export', 'trades', '--symbols', 'BTC/USD'], without)
      expect(unread.errors).toContain('its value is Avro: set C1_SCHEMA_REGISTRY_URL')
      expect(unread.code).not.toBe(0)
    } finally {
      await registry.close()
    }
  })
})

/** Candles on the broker, read by programs that know nothing of C1. */
describe('foreign tools', () => {
  const prefix = newPrefix()
  const topic = `${prefix}${TOPICS.candles}`
  const record = candles.encode({ kind: 'candle', candle: examples.candle })

  beforeAll(async () => {
    await kafkaTool('topics', [
      '--bootstrap-server',
      inject('kafkaBroker'),
      '--create',
      '--topic',
      topic,
      '--config',
      'retention.ms=-1',
    ])
    const log = await openKafkaLog({ connection: { brokers: [inject('kafkaBroker')] }, prefix, onWarning: () => {} })
    const producer = await log.producer(TOPICS.candles)
    await producer.append([record])
    await log.close()
  })

  const kcat = (process.env.PATH ?? '').split(':').some((path) => existsSync(join(path, 'kcat')))
  if (!kcat) console.warn('SKIPPED: kcat is not on the PATH (Debian: apt-get install kcat), so it reads no candles.')

  it.skipIf(!kcat)('as kcat read key, time, headers and JSON', async () => {
    const { text } = await run('kcat', ['-b', inject('kafkaBroker'), '-t', topic, '-C', '-e', '-q', '-J'])
    const read = JSON.parse(text.trim().split('\n').at(-1) ?? '')
    expect(read).toMatchObject({ topic, key: 'BTC/USD', ts: examples.candle.closeTime / 1000 })
    expect(read.headers).toEqual(
      expect.arrayContaining(['c1-kind', 'candle', 'c1-schema', 'candles.v1', 'c1-source', 'kraken']),
    )
    expect(JSON.parse(read.payload)).toEqual(JSON.parse(Buffer.from(record.value).toString()))
  })

  it("as Kafka's own console consumer read them too", async () => {
    const from = [
      '--bootstrap-server',
      inject('kafkaBroker'),
      '--topic',
      topic,
      '--from-beginning',
      '--max-messages',
      '1',
    ]
    const read = await kafkaTool('console-consumer', [
      ...from,
      '--formatter-property',
      'print.key=true',
      '--timeout-ms',
      '20000',
    ])
    expect(read).toContain(`BTC/USD\t${Buffer.from(record.value).toString()}`)
  })
})
