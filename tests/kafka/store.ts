import { randomUUID } from 'node:crypto'
import { type EventLog, openKafkaLog } from '@c1/event-log'
import type { EventLogStore } from '@c1/testkit'
import { Admin } from '@platformatic/kafka'
import { inject } from 'vitest'

export interface Store extends EventLogStore {
  readonly prefix: string
  readonly warnings: string[]
}

/** Topics of their own under a new prefix, on the tests' broker. */
export async function newStore({
  partitions,
  topics = ['trades.v1', 'candles.v1'],
}: {
  readonly partitions: number
  readonly topics?: readonly string[]
}): Promise<Store> {
  const prefix = `t${randomUUID().slice(0, 8)}.`
  const admin = newAdmin()
  const names = topics.map((topic) => `${prefix}${topic}`)
  await admin.createTopics({ topics: names, partitions, replicas: 1, configs: [{ name: 'retention.ms', value: '-1' }] })
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

export function newAdmin(): Admin {
  return new Admin({ clientId: 'tests', bootstrapBrokers: [inject('kafkaBroker')], strict: true })
}
