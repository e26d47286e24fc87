import type { FeatureGroup, FeatureRow } from '@c1/features'
import { type EpochMicros, type MarketSymbol, MICROS_PER_MINUTE } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { defineModel, standardKinds } from './define-model.ts'
import { labelRows } from './labels.ts'
import type { ModelVersion } from './model-version.ts'
import { modelName, type TrainingRequest, trainVersion } from './train-version.ts'

const SYMBOL = 'BTC/USD' as MarketSymbol
const INPUTS = ['first', 'second', 'third']
const GROUP: FeatureGroup = {
  name: 'market',
  version: 1,
  interval: '1m',
  features: [
    { name: 'close', unit: 'quote', description: 'label', role: 'label' },
    ...INPUTS.map((name) => ({ name, unit: 'ratio', description: name, role: 'input' as const })),
  ],
}

/** Numbers of a standard normal distribution, the same for a seed. */
function normals(seed: number): () => number {
  let state = seed
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
}

/** A row a minute, whose next return depends on its first input with the given share of its variance. */
function marketRows(count: number, seed: number, share: number): FeatureRow[] {
  const normal = normals(seed)
  let close = 100
  return Array.from({ length: count }, (_, at) => {
    const inputs = INPUTS.map(normal)
    const row = rowAt(at, [close, ...inputs])
    close *= Math.exp(1e-3 * (Math.sqrt(share) * (inputs[0] as number) + Math.sqrt(1 - share) * normal()))
    return row
  })
}

function rowAt(minute: number, values: readonly number[]): FeatureRow {
  const time = (1_762_779_600_000_000 + minute * MICROS_PER_MINUTE) as EpochMicros
  return { symbol: SYMBOL, eventTime: time, availableAt: time, revision: 1, firstTradeId: 1, lastTradeId: 1, values }
}

function request(rows: readonly FeatureRow[], changes: Partial<TrainingRequest> = {}): TrainingRequest {
  const cutOff = (rows.at(-1)?.eventTime ?? 0) as EpochMicros
  return {
    rows,
    group: GROUP,
    symbol: SYMBOL,
    horizon: MICROS_PER_MINUTE,
    cutOff,
    kinds: standardKinds,
    settings: { folds: 5, minRows: 100, coverage: 0.9 },
    source: 'simulator-signal',
    codeVersion: '0.1.0',
    version: 3,
    effectiveFrom: cutOff,
    ...changes,
  }
}

function trained(rows: readonly FeatureRow[], changes: Partial<TrainingRequest> = {}): ModelVersion {
  const version = trainVersion(request(rows, changes))
  if ('skipped' in version) throw new Error(version.skipped)
  return version
}
const skipReason = (rows: readonly FeatureRow[], changes: Partial<TrainingRequest> = {}) =>
  (trainVersion(request(rows, changes)) as { skipped?: string }).skipped

const signal = marketRows(600, 1, 0.2)

describe('a trained version', () => {
  it('describes itself', () => {
    const { model, card, ...version } = trained(signal)
    const { scores, reason, dataDigest, ...facts } = card
    expect(version).toMatchObject({
      name: 'BTC-USD-return-1m',
      version: 3,
      cutOff: signal[599]?.eventTime,
      effectiveFrom: signal[599]?.eventTime,
      kind: 'elastic-net',
      coverage: 0.9,
    })
    expect(facts).toEqual({
      symbol: 'BTC/USD',
      interval: '1m',
      horizon: MICROS_PER_MINUTE,
      features: INPUTS,
      firstEventTime: signal[0]?.eventTime,
      lastEventTime: signal[598]?.eventTime,
      rowCount: 599,
      folds: 5,
      purge: MICROS_PER_MINUTE,
      embargo: MICROS_PER_MINUTE,
      unscored: 0,
      champion: 'elastic-net',
      codeVersion: '0.1.0',
      source: 'simulator-signal',
    })
    expect(scores.map(({ kind }) => kind)).toEqual(['no-change', 'historical-mean', 'elastic-net'])
    expect(new Set(scores.map(({ count }) => count))).toEqual(new Set([500]))
    expect(reason).toContain('elastic-net beats the best baseline')
    expect(dataDigest).toMatch(/^[0-9a-f]{64}$/)
    expect(JSON.stringify(model)).toContain('"name":"first"')
  })

  it('is the same to the byte for the same rows', () => {
    expect(JSON.stringify(trained(marketRows(600, 1, 0.2)))).toBe(JSON.stringify(trained(signal)))
  })

  it('does not depend on rows whose outcome was not known at the cut-off', () => {
    // With a horizon of 5 minutes the last five rows serve as prices only; their inputs are read by nothing.
    const changed = signal.map((row, at) => (at < 595 ? row : { ...row, values: [row.values[0] as number, 9, 9, 9] }))
    const changes = { horizon: 5 * MICROS_PER_MINUTE }
    expect(trained(changed, changes)).toEqual(trained(signal, changes))
  })

  it('has in its digest every row that it learned from', () => {
    const digest = (rows: readonly FeatureRow[]) => trained(rows).card.dataDigest
    const revised = signal.map((row, at) => (at === 300 ? { ...row, revision: 2 } : row))
    expect(digest(revised)).not.toBe(digest(signal))
  })

  it('holds about the promised share of later outcomes in its interval', () => {
    const rows = marketRows(3000, 2, 0.2)
    const version = trained(rows.slice(0, 1000))
    const kind = standardKinds.find(({ name }) => name === version.kind)
    const model = kind?.restore(version.model)
    const labels = labelRows(rows, 0, MICROS_PER_MINUTE, rows.at(-1)?.eventTime as EpochMicros).slice(1000)
    const held = labels.filter(({ index, value }) => {
      const error = value - (model?.predict(rows[index]?.values.slice(1) as number[]) as number)
      return version.errorLower <= error && error <= version.errorUpper
    })
    expect(held.length / labels.length).toBeGreaterThan(0.87)
    expect(held.length / labels.length).toBeLessThan(0.93)
  })

  it('scores every kind on the rows that all of them can answer', () => {
    const gaps = signal.map((row, at) => (at >= 590 ? { ...row, values: row.values.with(1, Number.NaN) } : row))
    const { card } = trained(gaps)
    expect(card.unscored).toBe(9)
    expect(new Set(card.scores.map(({ count }) => count))).toEqual(new Set([491]))
  })

  it('never lets a kind see a label that overlaps its test rows', () => {
    const horizon = 7 * MICROS_PER_MINUTE
    const seen: number[] = []
    const spy = defineModel({
      name: 'spy',
      baseline: false,
      fit: ({ eventTimes }) => {
        seen.push(eventTimes.at(-1) as number)
        return { predict: () => 0, toJSON: () => null }
      },
      restore: () => ({ predict: () => 0, toJSON: () => null }),
    })
    trained(signal, { horizon, kinds: [...standardKinds, spy] })
    const tests = [1, 2, 3, 4, 5].map((block) => signal[Math.floor((593 * block) / 6)]?.eventTime as number)
    expect(seen).toEqual(tests.map((start) => start - 2 * horizon))
  })
})

describe('the claim of skill', () => {
  const shareOfClaims = (sets: number, share: number, horizon: number) => {
    const seeds = Array.from({ length: sets }, (_, seed) => seed + 100)
    const versions = seeds.map((seed) => trained(marketRows(600, seed, share), { horizon }))
    return versions.filter(({ kind }) => kind !== 'no-change').length / sets
  }

  it('is hardly ever made on noise', () => {
    expect(shareOfClaims(40, 0, MICROS_PER_MINUTE)).toBeLessThanOrEqual(0.075)
    expect(shareOfClaims(20, 0, 5 * MICROS_PER_MINUTE)).toBeLessThanOrEqual(0.1)
  })

  it('is made on a signal of a fifth of the variance', () => {
    expect(shareOfClaims(20, 0.2, MICROS_PER_MINUTE)).toBeGreaterThanOrEqual(0.95)
  })
})

describe('training is skipped, with the reason', () => {
  it('while too few outcomes are known', () => {
    expect(skipReason(signal.slice(0, 100))).toBe('99 rows with a known outcome, 100 needed')
    expect(skipReason(signal.slice(0, 2))).toBe('1 row with a known outcome, 100 needed')
    expect(skipReason([])).toBe('0 rows with a known outcome, 100 needed')
  })

  it('while the rows span too little time for the horizon', () => {
    expect(skipReason(signal, { horizon: 200 * MICROS_PER_MINUTE })).toMatch(
      /400 rows span too little time for a horizon of 200m/,
    )
  })

  it('while too few rows can be scored for the coverage', () => {
    const settings = { folds: 5, minRows: 100, coverage: 0.999 }
    expect(skipReason(signal, { settings })).toBe('500 rows could be scored out of sample, 1999 needed')
  })

  it('in a market that stands still', () => {
    const still = signal.map((row) => ({ ...row, values: row.values.with(0, 100) }))
    expect(skipReason(still)).toBe('the price did not change in any out-of-sample row')
  })
})

describe('training refuses', () => {
  it.each([0, -MICROS_PER_MINUTE, 90_000_000, Number.NaN])('a horizon of %d microseconds', (horizon) => {
    expect(() => trainVersion(request(signal, { horizon }))).toThrow(/choose a whole multiple of 1m/)
  })

  it.each([
    { folds: 0, minRows: 100, coverage: 0.9 },
    { folds: 2.5, minRows: 100, coverage: 0.9 },
    { folds: 5, minRows: Number.NaN, coverage: 0.9 },
    { folds: 5, minRows: 100, coverage: 1 },
  ])('the settings %j', (settings) => {
    expect(() => trainVersion(request(signal, { settings }))).toThrow(
      expect.objectContaining({ code: 'training_settings' }),
    )
  })

  it('rows that were not known at the cut-off', () => {
    const late = signal.with(5, { ...(signal[5] as FeatureRow), availableAt: 9e15 as EpochMicros })
    expect(() => trainVersion(request(late))).toThrow(/was not known at/)
    expect(() => trainVersion(request(signal, { cutOff: signal[10]?.eventTime as EpochMicros }))).toThrow(
      /was not known at/,
    )
  })

  it('to judge models without "no-change"', () => {
    const kinds = standardKinds.filter(({ name }) => name !== 'no-change')
    expect(() => trainVersion(request(signal, { kinds }))).toThrow(/"no-change": it must be one of the kinds/)
  })

  it('a group without the close', () => {
    const group = { ...GROUP, features: GROUP.features.slice(1) }
    expect(() => trainVersion(request(signal, { group }))).toThrow(/no label column "close"/)
  })
})

describe('a model name', () => {
  it('says symbol, target and horizon', () => {
    expect(modelName(SYMBOL, 90 * MICROS_PER_MINUTE)).toBe('BTC-USD-return-90m')
  })
})
