import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type BenchResult, type Contender, type Figure, type Laps, type Ratio, race, timesFaster } from './bench.ts'
import { CONTENDERS, type Market, OURS, TRADES } from './candles-memory/contenders.ts'
import { requirePeer } from './peers.ts'

export const name = 'candles-memory'

const MARKETS: Readonly<Record<string, Market>> = {
  'one busy symbol': { symbols: 1, perMinute: 15_000 },
  '4 busy symbols': { symbols: 4, perMinute: 15_000 },
  '4 quiet symbols': { symbols: 4, perMinute: 40 },
}
/** On one busy symbol, which is all that ccxt takes at a time, of contenders by what their label begins with. */
const TARGETS = { market: 'one busy symbol', ccxt: 3, 'tardis-dev compute': 10 }

/**
 * Trade objects in memory to candles, against ccxt's and tardis-dev's. Each gets its own native object of a trade, made before the
 * time is taken: C1 integers, the peers floats. C1 makes eight intervals, exactly, and keeps what late trades need; the peers make one.
 */
export async function run(): Promise<BenchResult> {
  requirePeer('ccxt')
  const figures: Figure[] = []
  const ratios: Ratio[] = []
  for (const [label, market] of Object.entries(MARKETS)) {
    const found = await measure(label, market)
    figures.push(...found.figures)
    ratios.push(...found.ratios)
  }
  const workload = `${TRADES / 1e6} M trades; busy: 250 a second of each symbol, quiet: 40 a minute`
  return { workload, figures, ratios }
}

async function measure(name: string, market: Market): Promise<Pick<BenchResult, 'figures' | 'ratios'>> {
  const labels = Object.keys(CONTENDERS)
  const children = labels.map((label) => start(label, market))
  try {
    const contenders = children.map(
      (child, index): Contender => ({ label: labels[index] as string, lap: () => lap(child) }),
    )
    const laps = await race(contenders, { rounds: 5, warmUps: 3 })
    const ours = laps[labels.indexOf(OURS)] as Laps
    return {
      figures: laps.map(({ median }, index) => {
        return { label: `${name}: ${labels[index]}`, value: TRADES / median / 1000, unit: 'M trades/s' }
      }),
      ratios: laps.flatMap((peer, index) => {
        const label = labels[index] as string
        return label.startsWith('CandleWindows') ? [] : ratio(name, label, timesFaster(ours, peer))
      }),
    }
  } finally {
    for (const child of children) child.disconnect()
  }
}

function ratio(market: string, label: string, value: number): Ratio {
  const promised = Object.entries(TARGETS).find(([peer]) => label.startsWith(peer))?.[1]
  const target = market === TARGETS.market && typeof promised === 'number' ? { target: promised } : {}
  return { label: `${market}: C1 / ${label}`, value, ...target }
}

function start(label: string, { symbols, perMinute }: Market): ChildProcess {
  return fork(new URL('candles-memory/process.ts', import.meta.url), [label, String(symbols), String(perMinute)])
}

async function lap(child: ChildProcess): Promise<number> {
  child.send('lap')
  const [milliseconds] = (await once(child, 'message')) as [number]
  return milliseconds
}
