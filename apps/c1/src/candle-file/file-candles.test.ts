import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Interval, MarketSymbol } from '@c1/market'
import { afterAll, describe, expect, it } from 'vitest'
import { ProgressLine } from '../progress.ts'
import { readFileCandles } from './file-candles.ts'
import { cutFile } from './plain-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'c1-candle-file-'))
afterAll(() => rmSync(folder, { recursive: true }))

const INTERVALS: readonly Interval[] = ['1m', '1h', '1d']
/** Enough for several parts of a file. */
const ROWS = 900_000

/** Rows of about six weeks, now and then malformed, empty or as no kernel reads it. */
function rowsOf(suffix: (index: number) => string): string {
  const rows: string[] = []
  for (let index = 0; index < ROWS; index++) {
    const seconds = 1_672_531_200 + index * 4
    const price = (((index * 7919) % 100_003) / 10 + 50_000).toFixed(5)
    rows.push(`${seconds},${price},${((index * 31) % 997) / 1e4}${suffix(index)}`)
    if (index % 200_001 === 200_000) rows.push('', 'x,1,1', `${seconds},1.5E3,0.5${suffix(index)}`)
  }
  return `${rows.join('\n')}\n`
}

async function candlesOf(path: string, threads: number): Promise<{ text: string; told: unknown }> {
  const { signal } = new AbortController()
  const lines = new ProgressLine(true)
  const symbol = 'BTC/USD' as MarketSymbol
  const [member] = await readFileCandles(path, { symbol, intervals: INTERVALS, threads, signal, lines })
  if (member === undefined) throw new Error('There is no member.')
  const { candles } = member
  const parts: Uint8Array[] = []
  for await (const part of member.rows(candles.usedPriceDecimals) ?? []) parts.push(part)
  await member.close()
  const { count, rows } = candles.rejected
  return { text: Buffer.concat(parts).toString(), told: { rowCount: candles.rowCount, count, rows } }
}

describe('the candles of a file', () => {
  const none = rowsOf(() => '')
  const sided = `time,price,volume,side,type\n${rowsOf((index) => (index % 3 === 0 ? ',b,l' : ',s,m'))}`

  it.each([
    ['three columns', none],
    ['a header and sides', sided],
  ])('of %s are the same bytes from one thread, from three, and unpacked', { timeout: 60_000 }, async (_, text) => {
    const path = join(folder, 'XBTUSD.csv')
    writeFileSync(path, text)
    writeFileSync(`${path}.gz`, gzipSync(text, { level: 1 }))
    const one = await candlesOf(path, 1)
    expect(one.told).toMatchObject({ rowCount: ROWS + 8, count: 4 })
    expect(one.text.split('\n').length).toBeGreaterThan(60_000)
    const three = await candlesOf(path, 3)
    expect(three.text === one.text).toBe(true)
    expect(three.told).toEqual(one.told)
    const packed = await candlesOf(`${path}.gz`, 1)
    expect(packed.text === one.text).toBe(true)
    expect(packed.told).toEqual(one.told)
  })

  it('are read in parts that end with lines', () => {
    const path = join(folder, 'lines.csv')
    writeFileSync(path, 'head\na\nbb\n\nccc\nd')
    expect(cutFile(path, 5, 16, 3)).toEqual([
      { start: 5, end: 10 },
      { start: 10, end: 15 },
      { start: 15, end: 16 },
    ])
  })
})
