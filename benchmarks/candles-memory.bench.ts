import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type BenchResult, type Contender, type Figure, type Laps, type Ratio, race, timesFaster } from './bench.ts'
import { CONTENDERS, SYMBOLS, TRADES } from './candles-memory/contenders.ts'
import { requirePeer } from './peers.ts'

export const name = 'candles-memory'

const MARKETS = [
  { market: 'busy', perMinute: 15_000, text: '250 trades a second of each symbol' },
  { market: 'quiet', perMinute: 40, text: '40 a minute' },
]
/** Of C1 against ccxt on a busy market. */
const TARGET = 1.5

/** Trade objects in memory to candles, against ccxt's and tardis-dev's, which take floats and make one interval. */
export async function run(): Promise<BenchResult> {
  requirePeer('ccxt')
  const figures: Figure[] = []
  const ratios: Ratio[] = []
  for (const { market, perMinute } of MARKETS) {
    const found = await measure(market, perMinute)
    figures.push(...found.figures)
    ratios.push(...found.ratios)
  }
  const markets = MARKETS.map(({ market, text }) => `${market}: ${text}`).join(', ')
  return { workload: `${TRADES / 1e6} M trades of ${SYMBOLS.length} symbols mixed; ${markets}`, figures, ratios }
}

async function measure(market: string, perMinute: number): Promise<Pick<BenchResult, 'figures' | 'ratios'>> {
  const labels = Object.keys(CONTENDERS)
  const children = labels.map((label) => start(label, perMinute))
  try {
    const contenders = children.map(
      (child, index): Contender => ({ label: labels[index] as string, lap: () => lap(child) }),
    )
    const laps = await race(contenders, { rounds: 9, warmUps: 6 })
    const [ours, ...peers] = laps as [Laps, ...Laps[]]
    return {
      figures: laps.map(({ median }, index) => {
        return { label: `${market}: ${labels[index]}`, value: TRADES / median / 1000, unit: 'M trades/s' }
      }),
      ratios: peers.map((peer, index) => ({
        label: `${market}: C1 / ${labels[index + 1]}`,
        value: timesFaster(ours, peer),
        ...(market === 'busy' && index === 0 && { target: TARGET }),
      })),
    }
  } finally {
    for (const child of children) child.disconnect()
  }
}

function start(label: string, perMinute: number): ChildProcess {
  return fork(new URL('candles-memory/process.ts', import.meta.url), [label, String(perMinute)])
}

async function lap(child: ChildProcess): Promise<number> {
  child.send('lap')
  const [milliseconds] = (await once(child, 'message')) as [number]
  return milliseconds
}
