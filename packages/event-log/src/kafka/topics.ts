import { type C1Error, UsageError } from '@c1/market'
import type { Admin } from '@platformatic/kafka'
import { CHECKPOINTS_TOPIC, TOPICS } from '../topics.ts'
import { KafkaClient } from './client.ts'
import type { KafkaConnection } from './connection.ts'
import { isAnswer, isUnknownTopic } from './errors.ts'

export interface KafkaTopicsOptions {
  readonly connection: KafkaConnection
  readonly prefix: string
  readonly patienceMs: number
  readonly onWarning: (message: string) => void
}

/** What stands in the way of running on the topics, or may surprise, and the command that mends it. */
export interface TopicProblem {
  readonly topic: string
  readonly problem: string
  readonly remedy: string
  /** C1 refuses to run with it. */
  readonly isFatal: boolean
}

export interface TopicState {
  readonly topic: string
  readonly partitions: number
  readonly replicas: number
  /** Milliseconds; -1 keeps everything. */
  readonly retentionMs: number
  readonly cleanup: string
}

const TOPIC_RESOURCE = 2
const CREATE = 'c1 topics create'
const MAX_MS = '9223372036854775807'

/** Events of history carry their own time, from which a topic counts its retention: anything but -1 deletes them at once. */
const DATA_CONFIGS: Readonly<Record<string, string>> = {
  'cleanup.policy': 'delete',
  'retention.ms': '-1',
  'retention.bytes': '-1',
  // A simulated or replayed market may run ahead of the broker's clock.
  'message.timestamp.after.max.ms': MAX_MS,
}
/** Old checkpoints go soon: a new one is written every few seconds. */
const CHECKPOINT_CONFIGS: Readonly<Record<string, string>> = {
  'cleanup.policy': 'compact',
  'segment.bytes': String(16 * 1024 * 1024),
  'segment.ms': String(10 * 60_000),
  'min.cleanable.dirty.ratio': '0.1',
}
/** Brokers that do not know these do not need them. */
const OPTIONAL_CONFIGS = ['message.timestamp.after.max.ms', 'min.cleanable.dirty.ratio']

/** The topics of one source: made beforehand, with the same number of partitions, so that a symbol has one everywhere. */
export class KafkaTopics {
  readonly #client: KafkaClient
  readonly #prefix: string

  private constructor(client: KafkaClient, prefix: string) {
    this.#client = client
    this.#prefix = prefix
  }

  static async open({ prefix, ...options }: KafkaTopicsOptions): Promise<KafkaTopics> {
    return new KafkaTopics(await KafkaClient.open(options), prefix)
  }

  /** Names of those that were made: what is there already stays as it is. @throws C1Error */
  async create({
    partitions,
    replicas,
  }: {
    readonly partitions: number
    readonly replicas: number
  }): Promise<readonly string[]> {
    const existing = new Set(await this.names())
    const created: string[] = []
    for (const topic of this.#dataTopics().filter((topic) => !existing.has(topic))) {
      await this.#create(topic, partitions, replicas, DATA_CONFIGS)
      created.push(topic)
    }
    const checkpoints = `${this.#prefix}${CHECKPOINTS_TOPIC}`
    if (!existing.has(checkpoints)) {
      await this.#create(checkpoints, 1, replicas, CHECKPOINT_CONFIGS)
      created.push(checkpoints)
    }
    // Brokers learn of them one after another.
    for (const topic of created) await this.#client.metadata(topic, true)
    return created
  }

  /** Of all topics on the broker, whoever made them. */
  async names(): Promise<readonly string[]> {
    return this.#client.admin('list the topics', (admin) => admin.listTopics({}))
  }

  /** What is there, and what is wrong with it. `partitions`: how many the topics shall have; absent, as many as trades has. */
  async check(partitions?: number): Promise<{ readonly topics: TopicState[]; readonly problems: TopicProblem[] }> {
    const data = await Promise.all(this.#dataTopics().map((topic) => this.#look(topic)))
    const checkpoints = await this.#look(`${this.#prefix}${CHECKPOINTS_TOPIC}`)
    const trades = data.find(({ topic }) => topic === `${this.#prefix}${TOPICS.trades}`)
    const wanted = partitions ?? (trades !== undefined && isThere(trades) ? trades.partitions : undefined)
    const problems = [
      ...data.flatMap((found) => (isThere(found) ? dataProblems(found, wanted) : [missing(found.topic)])),
      ...(isThere(checkpoints) ? checkpointProblems(checkpoints) : [missing(checkpoints.topic)]),
    ]
    const topics = [...data, checkpoints].filter(isThere)
    return { topics, problems }
  }

  async close(): Promise<void> {
    await this.#client.close()
  }

  #dataTopics(): string[] {
    return Object.values(TOPICS).map((topic) => `${this.#prefix}${topic}`)
  }

  async #create(
    topic: string,
    partitions: number,
    replicas: number,
    configs: Readonly<Record<string, string>>,
  ): Promise<void> {
    const asked = { topics: [topic], partitions, replicas }
    await this.#client.admin(`create the topic ${topic}`, async (admin) => {
      try {
        await admin.createTopics({ ...asked, configs: entries(configs) })
      } catch (error) {
        if (isAnswer(error, 'TOPIC_ALREADY_EXISTS')) return
        if (isAnswer(error, 'INVALID_REPLICATION_FACTOR')) throw tooManyReplicas(topic, replicas, error)
        if (!isAnswer(error, 'INVALID_CONFIG')) throw error
        const plain = Object.entries(configs).filter(([name]) => !OPTIONAL_CONFIGS.includes(name))
        await admin.createTopics({ ...asked, configs: entries(Object.fromEntries(plain)) })
      }
    })
  }

  async #look(topic: string): Promise<Found> {
    return this.#client.admin(`look up the topic ${topic}`, async (admin: Admin) => {
      try {
        const metadata = await admin.metadata({ topics: [topic], forceUpdate: true })
        const found = metadata.topics.get(topic)
        const [described] = await admin.describeConfigs({
          resources: [{ resourceType: TOPIC_RESOURCE, resourceName: topic }],
        })
        const config = (name: string): string => described?.configs.find((entry) => entry.name === name)?.value ?? ''
        return {
          topic,
          partitions: found?.partitionsCount ?? 0,
          replicas: found?.partitions[0]?.replicas.length ?? 0,
          retentionMs: Number(config('retention.ms') || -1),
          cleanup: config('cleanup.policy'),
        }
      } catch (error) {
        if (isUnknownTopic(error)) return { topic }
        throw error
      }
    })
  }
}

type Found = TopicState | { readonly topic: string }

function isThere(found: Found): found is TopicState {
  return 'partitions' in found
}

/** @throws UsageError `topics_unfit` with every fatal problem and what mends it */
export function refuseProblems(problems: readonly TopicProblem[]): void {
  const fatal = problems.filter(({ isFatal }) => isFatal)
  if (fatal.length === 0) return
  const lines = fatal.map(({ problem, remedy }) => `  - ${problem}: ${remedy}`)
  throw new UsageError('topics_unfit', `The topics are not fit to run on:\n${lines.join('\n')}`)
}

function missing(topic: string): TopicProblem {
  return { topic, problem: `${topic} is missing`, remedy: `run "${CREATE}"`, isFatal: true }
}

function dataProblems(
  { cleanup, partitions, retentionMs, topic }: TopicState,
  wanted: number | undefined,
): TopicProblem[] {
  const problems: TopicProblem[] = []
  if (wanted !== undefined && partitions !== wanted) {
    problems.push({
      topic,
      problem: `${topic} has ${partitions} partitions, not ${wanted}, so that symbols would stand in other partitions than elsewhere`,
      remedy: `delete it and run "${CREATE} --partitions ${wanted}", or make a new set with C1_TOPIC_PREFIX=NEW. ${CREATE}`,
      isFatal: true,
    })
  }
  if (cleanup.includes('compact')) {
    problems.push({
      topic,
      problem: `${topic} is compacted, which keeps one record a symbol`,
      remedy: `set its cleanup.policy to delete, or delete it and run "${CREATE}"`,
      isFatal: true,
    })
  }
  if (retentionMs >= 0) {
    problems.push({
      topic,
      problem: `${topic} deletes what happened more than ${retentionMs} ms ago, history right after it is written`,
      remedy: 'set its retention.ms to -1 unless that is meant',
      isFatal: false,
    })
  }
  return problems
}

function checkpointProblems({ cleanup, partitions, topic }: TopicState): TopicProblem[] {
  const problems: TopicProblem[] = []
  if (partitions !== 1) {
    problems.push({
      topic,
      problem: `${topic} has ${partitions} partitions, not 1`,
      remedy: `delete it and run "${CREATE}"; roles start from the log then`,
      isFatal: true,
    })
  }
  if (!cleanup.includes('compact')) {
    problems.push({
      topic,
      problem: `${topic} is not compacted (cleanup.policy is ${cleanup}), so that it would grow or lose the newest checkpoints`,
      remedy: `set its cleanup.policy to compact, or delete it and run "${CREATE}"`,
      isFatal: true,
    })
  }
  return problems
}

function tooManyReplicas(topic: string, replicas: number, cause: unknown): C1Error {
  return new UsageError(
    'replicas_too_many',
    `${topic} cannot have ${replicas} replicas: there are fewer brokers. Say --replicas with their number at most.`,
    { cause },
  )
}

function entries(configs: Readonly<Record<string, string>>): { name: string; value: string }[] {
  return Object.entries(configs).map(([name, value]) => ({ name, value }))
}
