import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MarketSymbol, parseTime, UsageError } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { FAULT_KINDS } from './catalogue.ts'
import type { FaultEntry } from './fault.ts'
import { MALFORMED_KINDS } from './malformed-frame.ts'
import { readFaultFile, readFaults } from './read-faults.ts'

const START = parseTime('2026-03-04T10:25:00Z')
const CONTEXT = { start: START, listed: ['BTC/USD', 'ETH/USD'] as MarketSymbol[] }

const read = (...entries: unknown[]) => readFaults(entries as FaultEntry[], CONTEXT)

describe('an entry', () => {
  it('is read with its times and its defaults', () => {
    expect(read({ at: '+30s', for: '200ms', fault: 'skip-trades', symbols: ['ETH/USD'] })).toMatchObject([
      { kind: 'skip-trades', from: START + 30e6, to: START + 30.2e6, symbols: new Set(['ETH/USD']), every: 1 },
    ])
    expect(read({ at: '-1h', fault: 'burst' })).toMatchObject([
      { from: START - 3600e6, to: START - 3600e6, symbols: undefined, trades: 1200 },
    ])
    expect(read({ at: '2026-03-04T10:26:00Z', fault: 'drop' })).toMatchObject([{ from: START + 60e6 }])
  })

  it.each<[string, unknown, string]>([
    ['no object', 'drop', 'Fault 1: entry was "drop": write an object like'],
    ['an unknown kind', { at: '+1s', fault: 'frob' }, 'Fault 1: fault was "frob": choose from drop, close'],
    ['no time', { fault: 'drop' }, 'Fault 1: at was absent: write +30s after the start'],
    ['no such time', { at: 'soon', fault: 'drop' }, 'Fault 1: at was "soon": write +30s'],
    ['a span that is missing', { at: '+1s', fault: 'silence' }, 'Fault 1: for was absent: write a span like 200ms'],
    ['an empty span', { at: '+1s', for: '0s', fault: 'silence' }, 'Fault 1: for was "0s": write a span'],
    [
      'a span too many',
      { at: '+1s', for: '1s', fault: 'close' },
      'Fault 1: for was "1s": "close" takes at, fault, code',
    ],
    ['a key too many', { at: '+1s', fault: 'drop', by: '1s' }, 'Fault 1: by was "1s": "drop" takes at, fault, for'],
    ['a symbol that is not listed', { at: '+1s', for: '1s', fault: 'no-ack', symbols: ['X/Y'] }, 'BTC/USD, ETH/USD'],
    ['no symbols', { at: '+1s', for: '1s', fault: 'no-ack', symbols: [] }, 'Fault 1: symbols was []: give a list'],
    [
      'a code that is never sent',
      { at: '+1s', fault: 'close', code: 1006 },
      'for 1006, a close without frame, use drop',
    ],
    ['a status', { at: '+1s', for: '1s', fault: 'rest-status', status: 99 }, 'status was 99: give an HTTP status'],
    ['a system', { at: '+1s', for: '1s', fault: 'status', system: 'off' }, 'system was "off": choose from maintenance'],
    ['a number', { at: '+1s', for: '1s', fault: 'skip-trades', every: 0 }, 'every was 0: give a whole number from 1'],
    ['a delay', { at: '+1s', for: '1s', fault: 'rest-lag', by: 5 }, 'by was 5: write a span like 200ms'],
    ['a kind of frame', { at: '+1s', for: '1s', fault: 'malformed-frames', kinds: ['odd'] }, 'numbers-as-text'],
  ])('is refused for %s, by index, key and remedy', (_, entry, message) => {
    const refused = () => read({ at: '+1s', fault: 'drop' }, entry)
    expect(refused).toThrow(UsageError)
    expect(refused).toThrow(message)
  })
})

describe('a fault file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'c1-faults-'))
  const path = join(folder, 'faults.json')

  it('is a list in JSON', () => {
    writeFileSync(path, '[{"at":"+1s","fault":"drop"}]')
    expect(readFaultFile(path)).toEqual([{ at: '+1s', fault: 'drop' }])
    writeFileSync(path, '{"at":"+1s"}')
    expect(() => readFaultFile(path)).toThrow('holds no list: write [{"at":"+30s","fault":"drop"}]')
    writeFileSync(path, '[{')
    expect(() => readFaultFile(path)).toThrow(UsageError)
    rmSync(folder, { recursive: true })
    expect(() => readFaultFile(path)).toThrow('cannot be read (ENOENT')
  })

  it('of the examples uses every kind', () => {
    const entries = readFaultFile(new URL('../../../../examples/faults.json', import.meta.url).pathname)
    const kinds = readFaults(entries, CONTEXT).map(({ kind }) => kind)
    expect(new Set(kinds)).toEqual(new Set(FAULT_KINDS))
  })
})

it('the README names every fault and every kind of malformed frame', () => {
  const text = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  expect([...FAULT_KINDS, ...MALFORMED_KINDS].filter((name) => !text.includes(`\`${name}\``))).toEqual([])
})
