import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EventLog, type KafkaConnection, openKafkaLog } from '@c1/event-log'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type Broker, startBroker } from '../../tools/broker/broker.ts'
import { kafkaTool } from '../../tools/broker/kafka-tool.ts'
import { SASL_USER, SECURE_LISTENERS, type SecureListener } from '../../tools/broker/listeners.ts'

const TOPIC = 'trades.v1'
const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const
const record = { key: 'BTC/USD', value: Buffer.from('{}'), timestamp: 1_762_779_600_123_000 as never, headers: {} }

describe('a broker with secure listeners', () => {
  let folder = ''
  let broker: Broker
  let pem: { readonly ca: string; readonly cert: string; readonly key: string }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'c1-secure-'))
    broker = await startBroker({ folder, listeners: SECURE_LISTENERS })
    const text = (file = ''): string => readFileSync(file, 'utf8')
    const { ca, clientCert, clientKey } = broker.certificates ?? {}
    pem = { ca: text(ca), cert: text(clientCert), key: text(clientKey) }
    await kafkaTool('topics', ['--bootstrap-server', broker.bootstrap, '--create', '--topic', TOPIC])
  })

  afterAll(async () => {
    await broker?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const at = (listener: SecureListener): readonly string[] => [broker.secure[listener] as string]

  async function open(connection: KafkaConnection): Promise<EventLog> {
    const log = await openKafkaLog({ connection, onWarning: () => {}, patienceMs: 1000 })
    onTestFinished(() => log.close())
    return log
  }

  /** Writes a record and reads it back, over connections of the producer, the consumer and the administration. */
  async function isUsable(connection: KafkaConnection): Promise<void> {
    const log = await open(connection)
    const { end } = await log.bounds(TOPIC)
    const producer = await log.producer(TOPIC)
    await producer.append([record])
    for await (const { records } of await log.consumer(TOPIC, { from: end })) {
      expect(records.map(({ key, timestamp }) => [key, timestamp])).toEqual([[record.key, record.timestamp]])
      break
    }
  }

  it('is written and read over TLS', () => isUsable({ brokers: at('tls'), tls: { ca: pem.ca } }))

  it('is written and read over mutual TLS', () => isUsable({ brokers: at('mtls'), tls: pem }))

  it('is asked for by the name in its certificate where that is another than its address', () =>
    isUsable({ brokers: at('tls'), tls: { ca: pem.ca, serverName: 'localhost' } }))

  it.each(MECHANISMS)('is written and read after a login by %s, plain and over TLS', async (mechanism) => {
    const sasl = { mechanism, ...SASL_USER }
    await isUsable({ brokers: at('sasl'), sasl })
    await isUsable({ brokers: at('sasl-tls'), sasl, tls: { ca: pem.ca } })
  })

  it.each(MECHANISMS)(
    'refuses a wrong password by %s, at once and in one message that does not show it',
    async (mechanism) => {
      const warnings: string[] = []
      const sasl = { mechanism, username: SASL_USER.username, password: 'not-the-right-one' }
      const log = await openKafkaLog({
        connection: { brokers: at('sasl'), sasl },
        onWarning: (told) => warnings.push(told),
      })
      onTestFinished(() => log.close())
      for (const call of [
        () => log.bounds(TOPIC),
        () => log.producer(TOPIC),
        () => log.consumer(TOPIC, { from: 'earliest' }),
      ]) {
        const error = await call().catch((error: Error) => error)
        expect(error).toMatchObject({
          code: 'kafka_unauthenticated',
          message: expect.stringMatching(
            /^Cannot look up .*: Kafka does not accept these credentials .*C1_KAFKA_SASL_MECHANISM/,
          ),
        })
        expect(String(error)).not.toContain('not-the-right-one')
      }
      expect(warnings).toEqual([])
    },
  )

  it.each([
    ['speaks TLS only', () => ({ brokers: at('tls') }), /Broker requires TLS\. Set C1_KAFKA_TLS=on/],
    [
      'has a certificate of an unknown authority',
      () => ({ brokers: at('tls'), tls: {} }),
      /unable to verify.*C1_KAFKA_TLS_CA_FILE/,
    ],
    [
      'has a certificate of another name',
      () => ({ brokers: at('tls'), tls: { ca: pem.ca, serverName: 'kafka.example' } }),
      /kafka\.example.*C1_KAFKA_TLS_SERVER_NAME/,
    ],
  ] as [string, () => KafkaConnection, RegExp][])('that %s is told of at once', async (_, connection, message) => {
    const log = await open(connection())
    await expect(log.bounds(TOPIC)).rejects.toMatchObject({
      code: 'kafka_tls',
      message: expect.stringMatching(message),
    })
  })

  it.each([
    ['a certificate of ours', () => ({ brokers: at('mtls'), tls: { ca: pem.ca } })],
    ['a login', () => ({ brokers: at('sasl') })],
  ] as [string, () => KafkaConnection][])(
    'that wants %s and gets none closes: the message says what may be missing',
    async (_, connection) => {
      const log = await open(connection())
      await expect(log.bounds(TOPIC)).rejects.toMatchObject({
        code: 'log_unreachable',
        message: expect.stringMatching(/wants a login \(C1_KAFKA_SASL_\*\) or a certificate \(C1_KAFKA_TLS_\*\)/),
      })
    },
  )
})
