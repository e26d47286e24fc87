import { KafkaTopics, TOPICS } from '@c1/event-log'
import { UsageError } from '@c1/market'
import type { Context } from './context.ts'
import { unlessStopped } from './interrupt.ts'
import { kafkaConnection, topicPrefix } from './kafka.ts'
import { type MarketSource, pinnedSource, reachableSource } from './source.ts'

const KRAKEN: MarketSource = { kind: 'kraken', folder: 'kraken' }
const SIMULATOR: MarketSource = { kind: 'simulator', folder: 'simulator' }

/**
 * The pinned source; else the one whose topics are on the broker, so that roles on any machine agree without asking each other or
 * the venue; else Kraken. A replay is never guessed.
 *
 * @throws UsageError `source_ambiguous` when topics of several are there
 */
export async function sourceOnBroker(context: Context, patienceMs: number): Promise<MarketSource> {
  return pinnedSource(context.settings, context.path) ?? (await madeBefore(context, patienceMs)) ?? KRAKEN
}

/** As `sourceOnBroker`, for whoever makes the topics: where there are none, Kraken if it answers, else the simulator. */
export async function sourceForBroker(
  context: Context,
  patienceMs: number,
  tell: (line: string) => void,
): Promise<MarketSource> {
  const { path, settings } = context
  const known = pinnedSource(settings, path) ?? (await madeBefore(context, patienceMs))
  return known ?? reachableSource(settings, path, tell)
}

async function madeBefore(context: Context, patienceMs: number): Promise<MarketSource | undefined> {
  const { logger, settings } = context
  const topics = await KafkaTopics.open({
    connection: kafkaConnection(context),
    prefix: '',
    patienceMs,
    onWarning: (message) => logger.warn(message),
  })
  try {
    const names = await unlessStopped(topics.names(), context.signal)
    const found = [KRAKEN, SIMULATOR].filter(({ folder }) =>
      names.includes(`${topicPrefix(settings, folder)}${TOPICS.trades}`),
    )
    if (found.length > 1) throw ambiguous(settings.kafkaBrokers)
    return found[0]
  } finally {
    await topics.close()
  }
}

function ambiguous(brokers: readonly string[]): UsageError {
  return new UsageError(
    'source_ambiguous',
    `Topics of kraken and of simulator are on ${brokers.join(',')}: choose one with --source or C1_SOURCE.`,
  )
}
