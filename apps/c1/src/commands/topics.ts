import {
  KafkaTopics,
  type Position,
  refuseProblems,
  type StoredRecord,
  TOPICS,
  type TopicProblem,
  type TopicState,
} from '@c1/event-log'
import { formatTime, UsageError } from '@c1/market'
import type { Context } from '../context.ts'
import { COMMAND_PATIENCE_MS, kafkaConnection, topicPrefix } from '../kafka.ts'
import type { MarketSource } from '../source.ts'
import { sourceForBroker, sourceOnBroker } from '../source-on-broker.ts'
import { openWorkspace, ROLES, storedFolder } from '../workspace.ts'

/** What a symbol set of some hundred needs, and enough to share out among a few processes. */
const PARTITIONS = 8
const REPLICAS = 1

/** Makes the topics of the source that are not there yet, and checks all of them. */
export async function createTopics(context: Context, flags: TopicFlags): Promise<void> {
  const partitions = count('--partitions', flags.partitions) ?? PARTITIONS
  const replicas = count('--replicas', flags.replicas) ?? REPLICAS
  const tell = (line: string): void => void process.stderr.write(`${line}\n`)
  const source = (): Promise<MarketSource> => sourceForBroker(context, COMMAND_PATIENCE_MS, tell)
  await withTopics(context, source, async (topics) => {
    const created = await topics.create({ partitions, replicas })
    for (const topic of created) process.stderr.write(`Created ${topic}.\n`)
    const { problems } = await topics.check(flags.partitions === undefined ? undefined : partitions)
    warn(problems)
    refuseProblems(problems)
    if (created.length === 0) process.stderr.write('Every topic is there already.\n')
  })
}

/** Prints the topics of the source; fails when roles could not run on them. */
export async function checkTopics(context: Context, { json, ...flags }: TopicFlags & { json: boolean }): Promise<void> {
  const source = (): Promise<MarketSource> => sourceOnBroker(context, COMMAND_PATIENCE_MS)
  await withTopics(context, source, async (topics) => {
    const { problems, topics: found } = await topics.check(count('--partitions', flags.partitions))
    if (json) process.stdout.write(`${JSON.stringify({ topics: found, problems })}\n`)
    else process.stdout.write(found.map(topicLine).join(''))
    warn(problems)
    refuseProblems(problems)
  })
}

/** Prints the records of a topic as JSON lines, for a person to look into; also of the embedded log. */
export async function readTopic(context: Context, topic: string, flags: { readonly last?: string }): Promise<void> {
  const names: readonly string[] = Object.values(TOPICS)
  if (!names.includes(topic))
    throw new UsageError('topic_unknown', `There is no topic "${topic}". Choose from ${names.join(', ')}.`)
  const last = count('--last', flags.last)
  const workspace = await openWorkspace(context, await storedFolder(context), [])
  try {
    const { begin, end } = await workspace.log.bounds(topic)
    const from = last === undefined ? begin : newest(begin, end, last)
    const isWanted = symbolFilter(context)
    for await (const { records } of await workspace.log.consumer(topic, { from, until: end, signal: context.signal })) {
      for (const record of records) if (isWanted(record.key)) process.stdout.write(`${recordLine(record)}\n`)
    }
  } finally {
    await workspace.close()
  }
}

/** Has a role start from the oldest records that are left, the next time it starts. */
export async function forgetRole(context: Context, name: string): Promise<void> {
  const role = ROLES.find((role) => role === name)
  if (role === undefined)
    throw new UsageError('role_unknown', `There is no role "${name}". Choose from ${ROLES.join(', ')}.`)
  if (context.settings.eventLog !== 'kafka') {
    throw new UsageError(
      'log_embedded',
      `On the embedded log, delete checkpoints/${role}.json in the folder of the source.`,
    )
  }
  const workspace = await openWorkspace(context, await storedFolder(context), [])
  try {
    const { end } = await workspace.log.bounds(TOPICS.trades)
    for (const partition of Object.keys(end)) await workspace.foldCheckpoints.save(`${role}/${partition}`, null)
    process.stderr.write(
      `${role} starts from the oldest records that are left. Processes that run go on as they were.\n`,
    )
  } finally {
    await workspace.close()
  }
}

function newest(begin: Position, end: Position, count: number): Position {
  const from = Object.entries(end).map(([partition, last]) => {
    return [partition, Math.max(begin[Number(partition)] ?? 0, last - count)]
  })
  return Object.fromEntries(from)
}

function symbolFilter({ configuration, symbols }: Context): (key: string) => boolean {
  if (configuration.origins.symbols === 'default') return () => true
  const wanted = new Set<string>(symbols)
  return (key) => wanted.has(key)
}

function recordLine({ headers, key, offset, partition, timestamp, value }: StoredRecord): string {
  const text = Buffer.from(value).toString()
  return JSON.stringify({ partition, offset, time: formatTime(timestamp), key, headers, value: parsed(text) })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

export interface TopicFlags {
  readonly partitions?: string | undefined
  readonly replicas?: string | undefined
}

async function withTopics(
  context: Context,
  source: () => Promise<MarketSource>,
  work: (topics: KafkaTopics) => Promise<void>,
): Promise<void> {
  const { logger, settings } = context
  if (settings.eventLog !== 'kafka') {
    throw new UsageError('log_embedded', 'Topics are made beforehand on Kafka only: set C1_EVENT_LOG=kafka.')
  }
  const topics = await KafkaTopics.open({
    connection: kafkaConnection(context),
    prefix: topicPrefix(settings, (await source()).folder),
    patienceMs: COMMAND_PATIENCE_MS,
    onWarning: (message) => logger.warn(message),
  })
  try {
    await work(topics)
  } finally {
    await topics.close()
  }
}

function topicLine({ cleanup, partitions, replicas, retentionMs, topic }: TopicState): string {
  if (cleanup.includes('compact'))
    return `${topic}: ${partitions} partitions, ${replicas} replicas, compacted: the newest of each key kept\n`
  const retention = retentionMs < 0 ? 'everything kept' : `kept for ${retentionMs} ms of event time`
  return `${topic}: ${partitions} partitions, ${replicas} replicas, ${cleanup}, ${retention}\n`
}

function warn(problems: readonly TopicProblem[]): void {
  for (const { isFatal, problem, remedy } of problems)
    if (!isFatal) process.stderr.write(`Note: ${problem}: ${remedy}.\n`)
}

function count(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
  throw new UsageError('count_malformed', `${flag} "${text}" must be a whole number from 1 to 9999.`)
}
