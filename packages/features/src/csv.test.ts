import { marketSymbol, parseTime } from '@c1/market'
import { expect, it } from 'vitest'
import { featureCsvHeader, featureCsvLine } from './csv.ts'
import type { FeatureGroup } from './row.ts'

it('a row is its key and its values, empty where not determined', () => {
  const column = { unit: 'ratio', description: '', role: 'input' } as const
  const names = ['close', 'rsi14', 'change']
  const group: FeatureGroup = {
    name: 'g',
    version: 1,
    interval: '1m',
    features: names.map((name) => ({ name, ...column })),
  }
  expect(featureCsvHeader(group)).toBe('symbol,eventTime,availableAt,revision,close,rsi14,change')
  const line = featureCsvLine({
    symbol: marketSymbol('BTC/USD'),
    eventTime: parseTime('2025-11-10T13:01:00Z'),
    availableAt: parseTime('2025-11-10T13:01:00.5Z'),
    revision: 2,
    firstTradeId: 1,
    lastTradeId: 9,
    values: [16535.97, Number.NaN, -0.1],
  })
  expect(line).toBe('BTC/USD,2025-11-10T13:01:00.000000Z,2025-11-10T13:01:00.500000Z,2,16535.97,,-0.1')
})
