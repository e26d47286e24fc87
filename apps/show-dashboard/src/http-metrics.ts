import type { FastifyInstance } from 'fastify'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { MarketView } from './market-view.ts'
import type { StreamHub } from './stream-hub.ts'

/** Counts and times every answer by route. */
export function measureRequests(app: FastifyInstance, registry: Registry): void {
  const requests = new Counter({
    name: 'c1_http_requests_total',
    help: 'HTTP answers.',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  })
  const duration = new Histogram({
    name: 'c1_http_request_duration_seconds',
    help: 'From a request to its answer.',
    labelNames: ['route'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers: [registry],
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none'
    requests.inc({ method: request.method, route, status: reply.statusCode })
    duration.observe({ route }, reply.elapsedTime / 1000)
  })
}

/** How old the newest trade of each symbol is, on the market's clock. */
export function measureFreshness(view: MarketView, registry: Registry): void {
  new Gauge({
    name: 'c1_market_age_seconds',
    help: 'Market clock minus the event time of the newest trade.',
    labelNames: ['symbol'],
    registers: [registry],
    collect() {
      for (const symbol of view.symbols()) {
        const age = view.ageSeconds(symbol)
        if (age !== undefined) this.set({ symbol }, age)
      }
    },
  })
}

export function measureStream(hub: () => StreamHub, registry: Registry): { slowClient(): void } {
  new Gauge({
    name: 'c1_stream_clients',
    help: 'Clients of /v1/stream.',
    registers: [registry],
    collect() {
      this.set(hub().clientCount)
    },
  })
  const slow = new Counter({
    name: 'c1_stream_slow_clients_total',
    help: 'Clients of /v1/stream cut off because they read too slowly.',
    registers: [registry],
  })
  return { slowClient: () => slow.inc() }
}
