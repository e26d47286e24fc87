/** Loaded before `c1 run ingest-trades` in its process; tells the benchmark that forked it which closing trades arrived when. */
import { TradeLog } from '@c1/ingest-trades'
import { ArrivalProbe } from './probe.ts'

export interface ArrivalsTold {
  /** Closing trades since the last message. */
  readonly arrivals: readonly (readonly [key: string, at: number])[]
  /** Live trades in all. */
  readonly trades: number
}

const TELL_EVERY_MS = 500
const probe = new ArrivalProbe()
probe.watchSockets()
probe.watchTrades(TradeLog.prototype)
let told = 0
setInterval(() => {
  const message: ArrivalsTold = { arrivals: [...probe.arrivals].slice(told), trades: probe.trades }
  told = probe.arrivals.size
  if (process.connected) process.send?.(message)
}, TELL_EVERY_MS).unref()
// Without its benchmark it is no use to anybody.
process.on('disconnect', () => process.exit())
