import type { Batch, EventLog } from '@c1/event-log'
import type { Metrics } from './metrics.ts'

const LAG_WAIT_MS = 1000

/** What a role tells of its work on its input. */
export class FoldMetrics {
  readonly #role: string
  readonly #metrics: Metrics
  readonly #gauges
  readonly #positions = new Map<string, number>()
  readonly #restoring = new Set<string>()

  constructor(role: string, input: string, log: EventLog, metrics: Metrics) {
    this.#role = role
    this.#metrics = metrics
    this.#gauges = gauges(metrics)
    metrics.notReady.set(role, 'it has no partition yet')
    metrics.beforeReading(() => this.#measureLag(log, input))
  }

  assigned(partitions: readonly number[]): void {
    this.#gauges.partitions.set({ role: this.#role }, partitions.length)
    this.#gauges.rebalances.inc({ role: this.#role })
    if (partitions.length === 0) this.#metrics.notReady.set(this.#role, 'it has no partition')
    else this.#tellReadiness()
  }

  restoring(partition: number | 'whole'): void {
    this.#restoring.add(String(partition))
    this.#tellReadiness()
  }

  restored(partition: number | 'whole'): void {
    this.#restoring.delete(String(partition))
    this.#tellReadiness()
  }

  processed({ next, records }: Batch): void {
    const role = this.#role
    const counts = new Map<number, number>()
    let bytes = 0
    for (const { partition, value } of records) {
      bytes += value.length
      counts.set(partition, (counts.get(partition) ?? 0) + 1)
    }
    for (const [partition, count] of counts) this.#gauges.records.inc({ role, partition: String(partition) }, count)
    this.#gauges.bytes.inc({ role }, bytes)
    for (const [partition, offset] of Object.entries(next)) this.#positions.set(partition, offset)
  }

  saved(partition: number | 'whole'): void {
    this.#gauges.committedAt.set({ role: this.#role, partition: String(partition) }, Date.now() / 1000)
  }

  /** The partition is given back. */
  left(partition: number | 'whole'): void {
    const labels = { role: this.#role, partition: String(partition) }
    for (const at of partition === 'whole' ? [...this.#positions.keys()] : [labels.partition])
      this.#positions.delete(at)
    this.#gauges.committedAt.remove(labels)
    this.#gauges.lag.remove(labels)
    this.restored(partition)
  }

  #tellReadiness(): void {
    const waiting = [...this.#restoring]
    if (waiting.length === 0) this.#metrics.notReady.delete(this.#role)
    else this.#metrics.notReady.set(this.#role, `it restores its state of partition ${waiting.join(', ')}`)
  }

  /** An absent broker must not hold up whoever looks. */
  async #measureLag(log: EventLog, input: string): Promise<void> {
    if (this.#positions.size === 0) return
    const late = new Promise<undefined>((resolve) => setTimeout(resolve, LAG_WAIT_MS, undefined).unref())
    const bounds = await Promise.race([log.bounds(input).catch(() => undefined), late])
    if (bounds === undefined) return
    for (const [partition, offset] of this.#positions) {
      const lag = (bounds.end[Number(partition)] ?? offset) - offset
      this.#gauges.lag.set({ role: this.#role, partition }, Math.max(0, lag))
    }
  }
}

function gauges(metrics: Metrics) {
  return {
    records: metrics.counter('c1_records_processed_total', 'Records taken in', ['role', 'partition']),
    bytes: metrics.counter('c1_processed_bytes_total', 'Bytes of values taken in', ['role']),
    partitions: metrics.gauge('c1_partitions_assigned', 'Partitions that this process has', ['role']),
    rebalances: metrics.counter('c1_rebalances_total', 'Changes of the partitions that this process has', ['role']),
    lag: metrics.gauge('c1_lag_records', 'Records of the input that are not taken in yet', ['role', 'partition']),
    committedAt: metrics.gauge(
      'c1_commit_timestamp_seconds',
      'When effects were last made durable: the age of the commit is the time since then',
      ['role', 'partition'],
    ),
  }
}
