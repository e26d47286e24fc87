import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export type { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Names start with `c1_` and use base units (seconds, bytes). */
export class Metrics {
  readonly registry: Registry = new Registry()
  /** Why the process is not ready yet, by role. */
  readonly notReady: Map<string, string> = new Map()
  readonly #measures: (() => Promise<void>)[] = []

  constructor() {
    collectDefaultMetrics({ register: this.registry, prefix: 'c1_' })
  }

  counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    return (
      this.#existing<Counter<Label>>(name) ??
      new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] })
    )
  }

  gauge<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Gauge<Label> {
    return (
      this.#existing<Gauge<Label>>(name) ??
      new Gauge({ name, help, labelNames: [...labelNames], registers: [this.registry] })
    )
  }

  histogram(name: string, help: string, buckets: readonly number[]): Histogram {
    return (
      this.#existing<Histogram>(name) ??
      new Histogram({ name, help, buckets: [...buckets], registers: [this.registry] })
    )
  }

  /** What has to be asked for when somebody looks. */
  beforeReading(measure: () => Promise<void>): void {
    this.#measures.push(measure)
  }

  /** In the format of Prometheus. */
  async text(): Promise<string> {
    await Promise.all(this.#measures.map((measure) => measure()))
    return this.registry.metrics()
  }

  #existing<Metric>(name: string): Metric | undefined {
    return this.registry.getSingleMetric(name) as Metric | undefined
  }
}
