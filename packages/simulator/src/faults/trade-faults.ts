import type { Pair } from '../market/pairs.ts'
import type { VenueTrade } from '../market/tape.ts'
import type { Fault } from './fault.ts'
import type { FaultSchedule } from './schedule.ts'

/** Where the venue never serves a trade; `undefined` when it serves it everywhere. */
export function unserved(faults: FaultSchedule, { symbol }: Pair, { time }: VenueTrade): Fault['where'] | undefined {
  return faults.inForce('unserved', symbol, time)?.where
}

/** Whether a trade may be in a snapshot. */
export function onSocket(faults: FaultSchedule, pair: Pair, trade: VenueTrade): boolean {
  return unserved(faults, pair, trade) !== 'everywhere'
}

/** Whether a trade comes as an update: which are skipped depends on their ids, so it is the same on every connection. */
export function inFeed(faults: FaultSchedule, pair: Pair, trade: VenueTrade): boolean {
  const skip = faults.inForce('skip-trades', pair.symbol, trade.time)
  return onSocket(faults, pair, trade) && !(skip !== undefined && trade.tradeId % skip.every === 0)
}
