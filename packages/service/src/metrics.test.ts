import { describe, expect, it } from 'vitest'
import { Metrics } from './metrics.ts'

describe('Metrics', () => {
  it('gives the same counter and gauge by name, and shows them with their labels', async () => {
    const metrics = new Metrics()
    for (const symbol of ['BTC/USD', 'ETH/USD', 'BTC/USD']) {
      metrics.counter('c1_trades_total', 'Trades', ['symbol']).inc({ symbol })
      metrics.gauge('c1_lag_seconds', 'Lag', ['symbol']).set({ symbol }, 2)
    }
    const text = await metrics.registry.metrics()
    expect(text).toContain('c1_trades_total{symbol="BTC/USD"} 2')
    expect(text).toContain('c1_lag_seconds{symbol="ETH/USD"} 2')
  })

  it('shares nothing with another instance', async () => {
    const [one, other] = [new Metrics(), new Metrics()]
    one.counter('c1_trades_total', 'Trades', []).inc()
    expect(await other.registry.metrics()).not.toContain('c1_trades_total')
  })

  it('names everything c1_', async () => {
    const names = (await new Metrics().registry.getMetricsAsJSON()).map(({ name }) => name)
    expect(names.length).toBeGreaterThan(0)
    expect(names.filter((name) => !name.startsWith('c1_'))).toStrictEqual([])
  })
})
