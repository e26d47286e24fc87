import { setTimeout as pause } from 'node:timers/promises'
import type { Admin, Broker, ConnectionPool, Consumer, GroupAssignment } from '@platformatic/kafka'
import type { ShareOptions } from '../event-log.ts'
import type { KafkaClient } from './client.ts'
import { clientOptions, closeAtOnce } from './connection.ts'
import { isTransient, kafkaError } from './errors.ts'

/** A member that is not heard of for this long counts as dead; brokers allow no less than 6 s. */
const SESSION_MS = 7000
const HEARTBEAT_MS = 1000
/** How long members may take to give back partitions. */
const REBALANCE_MS = 30_000
/** Work that does not end in this time is left behind: giving back later would cost the membership. */
const GIVE_BACK_MS = 3500
/** The same for a process that stops, which has more to put away than this. */
const GIVE_BACK_AT_STOP_MS = 1800
/** A note that takes longer is not waited for. */
const COMMIT_MS = 1500
/** A goodbye that the group does not take is none: it notices by itself. */
const LEAVE_MS = 500
const REJOIN_MS = 300
const LONGEST_REJOIN_MS = 5000

type GroupMember = Consumer<Buffer, Buffer, Buffer, Buffer>

interface Running {
  readonly stop: AbortController
  readonly ended: Promise<void>
}

/**
 * A place in a consumer group (classic protocol, cooperative-sticky), and work for each partition that it brings.
 *
 * The library tells of a rebalance without waiting for anybody. The only moment at which it does wait is when it asks for the
 * data to join with: partitions that were taken away are given back there, before the group hands them to others. A place
 * that is lost is taken again by a new client.
 */
export class Membership {
  readonly #client: KafkaClient
  readonly #topic: string
  readonly #options: ShareOptions
  readonly #running = new Map<number, Running>()
  readonly #commits: ConnectionPool
  #wanted: readonly number[] = []
  readonly #stop = new AbortController()
  #consumer: GroupMember | undefined
  /** The broker has been asked for a place and has not answered: it waits for the others, or for those that died. */
  #isJoining = false
  /** The place is lost or no longer wanted: what the library still tells of it counts for nothing. */
  #isLeaving = false
  #failure: { readonly error: unknown } | undefined

  /** The group's name is as the broker knows it. */
  constructor(client: KafkaClient, topic: string, options: ShareOptions) {
    this.#client = client
    this.#topic = topic
    this.#options = options
    this.#commits = client.openPool()
  }

  async run(): Promise<void> {
    const over = AbortSignal.any([this.#options.signal, this.#stop.signal, this.#client.closed])
    let wait = REJOIN_MS
    while (!over.aborted) {
      const startedAt = performance.now()
      try {
        await this.#belong(over)
      } catch (error) {
        if (!isTransient(error)) this.#fail(kafkaError(`join the group ${this.#options.group}`, error))
        else this.#client.tellAway(`take part in the group ${this.#options.group}`, error)
      }
      if (over.aborted) break
      wait = performance.now() - startedAt > 10 * SESSION_MS ? REJOIN_MS : Math.min(wait * 2, LONGEST_REJOIN_MS)
      await pause(wait, undefined, { signal: over }).catch(() => {})
    }
    await closeAtOnce(this.#commits, () => this.#commits.close())
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** From joining until the place is lost or no longer wanted. @throws the library's error */
  async #belong(over: AbortSignal): Promise<void> {
    const { promise: lost, resolve: lose, reject } = Promise.withResolvers<void>()
    const consumer = this.#open()
    const watched = { heartbeatStallTimeout: SESSION_MS }
    this.#consumer = consumer
    over.addEventListener('abort', () => lose(), { once: true })
    consumer.on('error', reject)
    consumer.on('consumer:heartbeat:stalled', ({ lastError }) => reject(lastError ?? stalled()))
    consumer.on('consumer:group:join', ({ assignments }) => this.#take(assignments))
    consumer.topics.track(this.#topic)
    const joining = this.#client.metadata(this.#topic).then(() => consumer.joinGroup(watched))
    try {
      await Promise.race([joining.then(() => lost), lost])
    } finally {
      this.#isLeaving = true
      await this.#keepOnly([], over.aborted ? GIVE_BACK_AT_STOP_MS : GIVE_BACK_MS)
      // The library may watch once more whether its heart beats, which would keep the process alive for a session.
      watched.heartbeatStallTimeout = 0
      await this.#leave(consumer, over)
      consumer.removeAllListeners('consumer:group:join')
      this.#consumer = undefined
      this.#isLeaving = false
    }
  }

  /**
   * The broker takes nothing from a connection on which it has not answered a join: who stops meanwhile says so over another one.
   * The library is told first that it has left: the end of a join under way is then nothing that it tries again.
   */
  async #leave(consumer: GroupMember, over: AbortSignal): Promise<void> {
    const { group } = this.#options
    const { memberId } = consumer
    const goodbyes = [new Promise<void>((resolve) => consumer.leaveGroup(true, () => resolve()))]
    if (this.#isJoining && memberId && over.aborted) {
      const members = [{ memberId, reason: 'stopped' }]
      const leave = (admin: Admin) => admin.removeMembersFromConsumerGroup({ groupId: group, members })
      goodbyes.push(this.#client.admin(`leave the group ${group}`, leave))
    }
    await Promise.race([Promise.allSettled(goodbyes), pause(LEAVE_MS, undefined, { ref: false })])
    this.#isJoining = false
    await closeAtOnce(consumer.connections, () => consumer.close(true))
  }

  #open(): GroupMember {
    return new this.#client.library.Consumer({
      ...clientOptions(this.#client.options.connection),
      groupId: this.#options.group,
      autocommit: false,
      sessionTimeout: SESSION_MS,
      heartbeatInterval: HEARTBEAT_MS,
      rebalanceTimeout: REBALANCE_MS,
      retries: 3,
      retryDelay: REJOIN_MS,
      protocols: [{ name: 'cooperative-sticky', version: 1 }],
      protocolsMetadata: () => this.#beforeJoining(),
    })
  }

  /** What was taken away is given back before the group is joined again. @returns what cooperative-sticky sends along */
  async #beforeJoining(): Promise<Buffer> {
    const kept = this.#isLeaving ? [] : partitionsIn(this.#consumer?.assignments)
    await this.#keepOnly(kept)
    const generation = Buffer.alloc(4)
    const { generationId = 0, memberId } = this.#consumer ?? {}
    generation.writeInt32BE(memberId && kept.length > 0 ? generationId : -1)
    this.#isJoining = true
    return generation
  }

  #take(assignments: readonly GroupAssignment[] | undefined): void {
    this.#isJoining = false
    if (this.#isLeaving) return
    void this.#keepOnly(partitionsIn(assignments))
    this.#startWanted()
  }

  #startWanted(): void {
    for (const partition of this.#wanted) if (!this.#running.has(partition)) this.#start(partition)
    this.#tell()
  }

  /** Resolves when the work of all other partitions has ended, or will not end in time. */
  async #keepOnly(partitions: readonly number[], withinMs = GIVE_BACK_MS): Promise<void> {
    this.#wanted = partitions
    const given = [...this.#running].filter(([partition]) => !partitions.includes(partition))
    await Promise.all(given.map(([partition, running]) => this.#giveBack(partition, running, withinMs)))
  }

  #start(partition: number): void {
    const stop = new AbortController()
    const signal = AbortSignal.any([stop.signal, this.#options.signal])
    const share = { partition, signal, commit: (offset: number) => this.#commit(partition, offset) }
    const ended = this.#options.work(share).catch((error: unknown) => this.#fail(error))
    this.#running.set(partition, { stop, ended })
  }

  async #giveBack(partition: number, running: Running, withinMs: number): Promise<void> {
    running.stop.abort()
    const outcome = await Promise.race([running.ended, pause(withinMs, 'late', { ref: false })])
    if (outcome === 'late') {
      const { group } = this.#options
      this.#client.options.onWarning(`${group} gives back ${this.#topic}/${partition} before its work has ended.`)
    }
    if (this.#running.get(partition) !== running) return
    this.#running.delete(partition)
    // It may have come back while its work was ending.
    this.#startWanted()
  }

  #tell(): void {
    this.#options.onChange?.([...this.#running.keys()].sort((a, b) => a - b))
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#stop.abort()
  }

  /** A note for those who look from outside, so that its failure stops nobody: the next one says more. */
  async #commit(partition: number, offset: number): Promise<void> {
    const consumer = this.#consumer
    // The library would send it under the new generation for a partition that is somebody else's by now.
    if (consumer === undefined || !partitionsIn(consumer.assignments).includes(partition)) return
    const committing = this.#sendCommit(consumer, partition, offset).catch(() => {})
    await Promise.race([committing, pause(COMMIT_MS, undefined, { ref: false })])
  }

  /** Over a connection of its own: on the member's one it would wait for the end of a join, and hold up the work of partitions that stay. */
  async #sendCommit(member: GroupMember, partition: number, offset: number): Promise<void> {
    const { coordinatorId, generationId, memberId } = member
    const { brokers } = await this.#client.metadata(this.#topic)
    const connection = await this.#commits.get(brokers.get(coordinatorId ?? -1) as Broker)
    const positions = [{ partitionIndex: partition, committedOffset: BigInt(offset), committedLeaderEpoch: -1 }]
    const topics = [{ name: this.#topic, partitions: positions }]
    const { api } = this.#client.library.offsetCommitV8
    await api.async(connection, this.#options.group, generationId, memberId ?? '', null, topics)
  }
}

function partitionsIn(assignments: readonly GroupAssignment[] | null | undefined): readonly number[] {
  return (assignments ?? []).flatMap(({ partitions }) => partitions)
}

function stalled(): Error {
  return Object.assign(new Error('the group does not answer'), { code: 'PLT_KFK_NETWORK' })
}
