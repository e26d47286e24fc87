import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MICROS_PER_SECOND } from '@c1/market'

/** Numbers in [0, 1) that are the same on every machine (mulberry32). */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export interface Tick {
  /** Microseconds since 1970. */
  readonly time: number
  /** With one decimal. */
  readonly price: number
  /** With eight decimals. */
  readonly quantity: number
  readonly side: 'buy' | 'sell'
}

/** Trades of a random walk near 60,000, exponentially spaced, most of them small as on a real market. */
export function* walk(count: number, perMinute: number, seed: number): Generator<Tick> {
  const next = random(seed)
  let time = 1_672_531_200_000_000
  let price = 600_000
  for (let index = 0; index < count; index++) {
    time += Math.floor((-Math.log(1 - next()) * 60e6) / perMinute)
    price = Math.max(100_000, price + Math.round((next() - 0.5) * 100))
    const quantity = Math.ceil(next() ** 3 * 4e8)
    yield { time, price: price / 10, quantity: quantity / 1e8, side: next() < 0.5 ? 'buy' : 'sell' }
  }
}

/** An archive file of a made market, and its size. */
export interface MadeArchive {
  /** A folder for this run alone. */
  readonly directory: string
  readonly file: string
  readonly bytes: number
}

/** Works with a file as in Kraken's archive, in a folder that is removed at the end. */
export async function withArchive<Result>(
  rows: number,
  perMinute: number,
  work: (archive: MadeArchive) => Promise<Result>,
): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), 'c1-bench-'))
  try {
    const file = join(directory, 'XBTUSD.csv')
    return await work({ directory, file, bytes: writeArchive(file, rows, perMinute) })
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Whole seconds and padded decimals. Gives the file's size. */
function writeArchive(file: string, rows: number, perMinute: number): number {
  const descriptor = openSync(file, 'w')
  let lines: string[] = []
  let bytes = 0
  const flush = (): void => {
    bytes += writeSync(descriptor, lines.join(''))
    lines = []
  }
  for (const { time, price, quantity } of walk(rows, perMinute, 1)) {
    lines.push(`${Math.floor(time / MICROS_PER_SECOND)},${price.toFixed(5)},${quantity.toFixed(8)}\n`)
    if (lines.length === 20_000) flush()
  }
  flush()
  closeSync(descriptor)
  return bytes
}
