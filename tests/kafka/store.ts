import { randomUUID } from 'node:crypto'
import { type EventLog, openKafkaLog } from '@c1/event-log'
import type { EventLogStore } from '@c1/testkit'
import { Admin } from '@platformatic/kafka'
import { inject } from 'vitest'

export interface Store extends EventLogStore {
  readonly prefix: string
  readonly warnings: string[]
}

export interface StoreOptions {
  readonly partitions: number
  readonly topics?: readonly string[]
  readonly configs?: Readonly<Record<string, string>>
}

/** Topics of their own under a new prefix, on the tests' broker. */
export async function newStore({
  configs = {},
  partitions,
  topics = ['trades.v1', 'candles.v1'],
}: StoreOptions): Promise<Store> {
  const prefix = `t${randomUUID().slice(0, 8)}.`
  const admin = newAdmin()
  await admin.createTopics({
    topics: topics.map((topic) => `${prefix}${topic}`),
    partitions,
    replicas: 1,
    configs: Object.entries({ 'retention.ms': '-1', ...configs }).map(([name, value]) => ({ name, value })),
  })
  await admin.close()
  const warnings: string[] = []
  return { prefix, warnings, open: () => openLog(prefix, warnings) }
}

export function openLog(prefix: string, warnings: string[] = []): Promise<EventLog> {
  return openKafkaLog({
    connection: { brokers: [inject('kafkaBroker')] },
    prefix,
    onWarning: (message) => warnings.push(message),
  })
}

export function newAdmin(broker: string = inject('kafkaBroker')): Admin {
  return new Admin({ clientId: 'tests', bootstrapBrokers: [broker], strict: true })
}
