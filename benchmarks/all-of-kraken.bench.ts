import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Load } from './all-of-kraken/generator.ts'
import type { Sample, SystemOptions, Verdict } from './all-of-kraken/system.ts'
import type { Sent } from './all-of-kraken/venue.ts'
import type { BenchResult } from './bench.ts'

const SECONDS = Number(process.env.C1_BENCH_SECONDS ?? 300)
const LOAD: Load = {
  symbols: Number(process.env.C1_BENCH_SYMBOLS ?? 1450),
  tradesPerSecond: Number(process.env.C1_BENCH_RATE ?? 50_000),
}
const GIB = 1024 ** 3
/** Not part of the figures: connecting, subscribing, and the first look at every symbol. */
const WARM_UP_SECONDS = 5
/** After a full minute, so that its candles are made from later trades of all symbols. */
const INTO_MINUTE_SECONDS = 8

export const name = 'all-of-kraken'

/**
 * All of Kraken spot at once: `ingest-trades` and `build-candles` in one process over a real socket, against a venue in
 * another process, and at the end every trade in the log compared with what was sent, and the candles of every minute.
 *
 * `C1_BENCH_SECONDS` (300), `C1_BENCH_SYMBOLS` (1450) and `C1_BENCH_RATE` (50000 trades a second) set other loads.
 */
export async function run(): Promise<BenchResult> {
  const directory = mkdtempSync(join(tmpdir(), 'c1-all-of-kraken-'))
  const venue = start('venue', LOAD)
  try {
    const { restUrl, wsUrl } = await answer<{ restUrl: string; wsUrl: string }>(venue)
    const options: SystemOptions = { directory, restUrl, wsUrl }
    const system = start('system', options)
    const samples: Sample[] = []
    system.on('message', ({ sample }: { sample?: Sample }) => {
      if (sample !== undefined) samples.push(sample)
    })
    await pause(SECONDS * 1000)
    while ((Date.now() / 1000) % 60 < INTO_MINUTE_SECONDS) await pause(200)
    venue.send('stop')
    const sent = await answer<Sent>(venue)
    system.send(sent)
    const verdict = await verdictOf(system)
    if (system.exitCode === null) await once(system, 'exit')
    return resultOf(samples, sent, verdict)
  } finally {
    if (venue.connected) venue.disconnect()
    rmSync(directory, { recursive: true })
  }
}

function start(file: string, options: object): ChildProcess {
  return fork(new URL(`./all-of-kraken/${file}.ts`, import.meta.url), [JSON.stringify(options)])
}

function answer<Message>(child: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as Message))
    child.once('exit', (code) => reject(new Error(`${child.spawnargs[1]} ended with ${code} before it answered`)))
  })
}

function verdictOf(system: ChildProcess): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    system.on('message', ({ verdict }: { verdict?: Verdict }) => {
      if (verdict !== undefined) resolve(verdict)
    })
    system.once('exit', (code) => reject(new Error(`the system ended with ${code} before its verdict`)))
  })
}

function resultOf(samples: readonly Sample[], sent: Sent, verdict: Verdict): BenchResult {
  const measured = samples.filter(({ at }) => at >= WARM_UP_SECONDS)
  const [first, last] = [measured[0], measured.at(-1)] as [Sample, Sample]
  const seconds = last.at - first.at
  const rate = (last.trades - first.trades) / seconds
  const [earlier, later] = halves(measured).map((half) => mean(half.map(({ ageMs }) => ageMs))) as [number, number]
  const total = sent.trades.reduce((a, b) => a + b, 0)
  const faults = verdict.missing + verdict.doubled + verdict.different + verdict.wrongMinutes
  return {
    workload: `${LOAD.symbols} symbols, ${LOAD.tradesPerSecond} trades/s asked for, ${seconds.toFixed(0)} s, venue on the same cores`,
    figures: [
      { label: 'trades sustained', value: rate, unit: 'trades/s' },
      { label: 'trades sent', value: total, unit: 'trades' },
      { label: 'trades in the log', value: verdict.trades, unit: 'trades' },
      { label: 'missing', value: verdict.missing, unit: 'trades' },
      { label: 'twice', value: verdict.doubled, unit: 'trades' },
      { label: 'different', value: verdict.different, unit: 'trades' },
      { label: 'duplicates refused', value: verdict.duplicates, unit: 'trades' },
      { label: 'holes', value: verdict.holes, unit: 'holes' },
      { label: 'dead letters', value: verdict.deadLetters, unit: 'letters' },
      { label: 'final candles', value: verdict.candles, unit: 'candles' },
      { label: 'minutes with a wrong candle', value: verdict.wrongMinutes, unit: `of ${verdict.minutes}` },
      { label: 'resident memory, most', value: verdict.maxRssBytes / GIB, unit: 'GiB' },
      { label: 'candle role behind, most', value: Math.max(...measured.map(({ lag }) => lag)), unit: 'records' },
      { label: 'venue to candle role, first half', value: earlier, unit: 'ms' },
      { label: 'venue to candle role, second half', value: later, unit: 'ms' },
      { label: 'waiting in the venue, most', value: sent.backlogBytes, unit: 'bytes' },
      { label: 'processor of the system', value: (last.cpuSeconds - first.cpuSeconds) / seconds, unit: 'cores' },
      { label: 'processor of the venue', value: sent.cpuSeconds / last.at, unit: 'cores' },
    ],
    ratios: [
      { label: 'trades sustained / asked for', value: rate / LOAD.tradesPerSecond, target: 0.99 },
      { label: '1 GiB / resident memory', value: GIB / verdict.maxRssBytes, target: 1 },
      { label: 'log and candles as sent', value: faults === 0 ? 1 : 0, target: 1 },
      { label: '1 s / venue to candle role, second half', value: 1000 / later, target: 1 },
    ],
  }
}

function halves<Item>(items: readonly Item[]): [Item[], Item[]] {
  const middle = Math.floor(items.length / 2)
  return [items.slice(0, middle), items.slice(middle)]
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
