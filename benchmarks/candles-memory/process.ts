import { timed } from '../bench.ts'
import { CONTENDERS, type Work } from './contenders.ts'

const LAP_MILLISECONDS = 500

// One contender in a process of its own, so that none is slowed by the trades and the garbage of another.
const [label = '', symbols, perMinute] = process.argv.slice(2)
const work = CONTENDERS[label]?.({ symbols: Number(symbols), perMinute: Number(perMinute) })
if (work === undefined) throw new Error(`There is no contender "${label}".`)
/** Milliseconds of one turn of the work, from as many as fill half a second. */
async function lap(work: Work): Promise<number> {
  let turns = 0
  let milliseconds = 0
  for (; milliseconds < LAP_MILLISECONDS; turns++) milliseconds += await timed(work)
  return milliseconds / turns
}

process.on('message', async () => process.send?.(await lap(work)))
