import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type BenchResult, type Contender, type Figure, type Laps, type Ratio, race, timesFaster } from './bench.ts'
import { CONTENDERS, type Market, TRADES } from './candles-memory/contenders.ts'
import { requirePeer } from './peers.ts'

export const name = 'candles-memory'

const MARKETS: Readonly<Record<string, Market>> = {
  'one busy symbol': { symbols: 1, perMinute: 15_000 },
  '4 busy symbols': { symbols: 4, perMinute: 15_000 },
  '4 quiet symbols': { symbols: 4, perMinute: 40 },
}
/** Of C1 against ccxt on one busy symbol, which is all that ccxt takes at a time. */
const TARGET = { market: 'one busy symbol', value: 1.5 }

/** Trade objects in memory to candles, against ccxt's and tardis-dev's, which take floats and make one interval. */
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
    const laps = await race(contenders, { rounds: 7, warmUps: 4 })
    const [ours, ...peers] = laps as [Laps, ...Laps[]]
    return {
      figures: laps.map(({ median }, index) => {
        return { label: `${name}: ${labels[index]}`, value: TRADES / median / 1000, unit: 'M trades/s' }
      }),
      ratios: peers.map((peer, index) => ({
        label: `${name}: C1 / ${labels[index + 1]}`,
        value: timesFaster(ours, peer),
        ...(name === TARGET.market && index === 0 && { target: TARGET.value }),
      })),
    }
  } finally {
    for (const child of children) child.disconnect()
  }
}

function start(label: string, { symbols, perMinute }: Market): ChildProcess {
  return fork(new URL('candles-memory/process.ts', import.meta.url), [label, String(symbols), String(perMinute)])
}

async function lap(child: ChildProcess): Promise<number> {
  child.send('lap')
  const [milliseconds] = (await once(child, 'message')) as [number]
  return milliseconds
}
