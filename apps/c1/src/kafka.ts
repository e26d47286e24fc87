import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import {
  type EventLog,
  type KafkaConnection,
  KafkaTopics,
  openKafkaLog,
  openSchemaRegistry,
  refuseProblems,
  withAvroValues,
} from '@c1/event-log'
import type { Settings } from '@c1/service'
import type { Context } from './context.ts'
import { unlessStopped } from './interrupt.ts'
import { kafkaSecurity } from './kafka-security.ts'

/** A command gives up sooner than a role, which waits for a broker that comes later. */
export const COMMAND_PATIENCE_MS = 15_000

export function kafkaConnection({ path, settings }: Pick<Context, 'path' | 'settings'>): KafkaConnection {
  return { brokers: settings.kafkaBrokers, ...kafkaSecurity(settings, path) }
}

/** Topics of another source than Kraken itself bear its name: simulated data never mixes with real. */
export function topicPrefix({ topicPrefix }: Settings, source: string): string {
  return source === 'kraken' ? topicPrefix : `${topicPrefix}${source}.`
}

/** Names this process in every record that it writes. */
export const WRITER: string = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`

/** The log of a source on Kafka. It waits for a broker that is not there yet. @throws UsageError `topics_unfit` */
export async function openKafka(context: KafkaContext, source: string): Promise<EventLog> {
  const { logger, patienceMs, settings, signal } = context
  const connection = kafkaConnection(context)
  const prefix = topicPrefix(settings, source)
  const onWarning = (message: string): void => logger.warn(message)
  const topics = await KafkaTopics.open({ connection, prefix, patienceMs, onWarning })
  try {
    refuseProblems((await unlessStopped(topics.check(), signal)).problems)
  } finally {
    await topics.close()
  }
  const headers = { 'c1-writer': WRITER }
  const log = await openKafkaLog({ connection, prefix, patienceMs, onWarning, headers })
  const url = settings.schemaRegistryUrl
  return url === ''
    ? log
    : withAvroValues(log, { registry: openSchemaRegistry({ url, patienceMs, onWarning }), prefix })
}

type KafkaContext = Pick<Context, 'logger' | 'path' | 'settings' | 'signal'> & { readonly patienceMs: number }
