import { timed } from '../bench.ts'
import { CONTENDERS } from './contenders.ts'

// One contender in a process of its own, so that none is slowed by the trades and the garbage of another.
const [label = '', perMinute = ''] = process.argv.slice(2)
const work = CONTENDERS[label]?.(Number(perMinute))
if (work === undefined) throw new Error(`There is no contender "${label}".`)
process.on('message', async () => process.send?.(await timed(work)))
