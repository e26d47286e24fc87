import type { EventLog } from '@c1/event-log'
import { Ingest, TradeLog } from '@c1/ingest-trades'
import { KrakenRest, type Timers, VenueClock } from '@c1/kraken'
import type { EpochMicros, Instrument } from '@c1/market'
import type { Logger, Metrics } from '@c1/service'
import type { Host } from './host.ts'
import { Network, type NetworkVenue } from './network.ts'
import type { Random } from './random.ts'
import type { VirtualTime } from './virtual-time.ts'

/** The name of the market in the records. */
export const SOURCE = 'simulator'

export interface ProcessOptions {
  readonly host: Host
  readonly venue: NetworkVenue
  readonly time: VirtualTime
  readonly random: Random
  readonly instruments: readonly Instrument[]
  readonly backfill: number
  /** Microseconds that its clock is ahead. */
  readonly skew: number
  readonly tell: (line: string) => void
}

/** One life of the role that ingests trades, on a host, in virtual time. */
export class IngestProcess {
  readonly ingest: Ingest
  readonly trades: TradeLog
  readonly #log: EventLog
  readonly #network: Network
  readonly #life: { isAlive: boolean }
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #failure: unknown

  static async start(options: ProcessOptions): Promise<IngestProcess> {
    const { host, random, skew, tell, time, venue } = options
    const life = { isAlive: true }
    const isAlive = (): boolean => life.isAlive
    const timers = time.timers(skew, isAlive)
    const log = await host.openLog(isAlive)
    const monotonicNow = (): number => time.now() / 1000
    const trades = await TradeLog.open({ log, checkpoints: host.checkpoints, source: SOURCE, monotonicNow })
    const network = new Network(venue, time, random, isAlive, tell)
    return new IngestProcess(options, { life, timers, log, trades, network })
  }

  private constructor(
    { backfill, instruments, random, skew, tell, time }: ProcessOptions,
    { life, log, network, timers, trades }: Parts,
  ) {
    this.#life = life
    this.#log = log
    this.#network = network
    this.trades = trades
    const { fetch, openSocket } = network
    const uniform = (): number => random.uniform()
    const rest = new KrakenRest({ baseUrl: 'http://venue', fetch, timers, random: uniform })
    const clock = new VenueClock(timers.now)
    clock.observe(time.now(), (time.now() + skew) as EpochMicros)
    const logger = loggerTo(tell)
    this.ingest = new Ingest({
      trades,
      rest,
      wsUrl: 'ws://venue/v2',
      instruments,
      clock,
      backfill,
      logger,
      metrics: NO_METRICS,
      timers,
      openSocket,
      random: uniform,
    })
    this.#running = this.ingest.run(this.#stop.signal).catch((error: unknown) => {
      this.#failure = error
    })
  }

  /** What ended it, if it has ended by itself. */
  get failure(): unknown {
    return this.#failure
  }

  /** As `kill -9`: nothing that was begun is finished. */
  async kill(): Promise<void> {
    this.#life.isAlive = false
    this.#network.abandon()
    await this.#log.close()
  }

  /** Ends in order. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('stopped'))
    await this.#running
    await this.trades.close()
    await this.#log.close()
  }
}

interface Parts {
  readonly life: { isAlive: boolean }
  readonly timers: Timers
  readonly log: EventLog
  readonly trades: TradeLog
  readonly network: Network
}

/** What is said at each level that an operator sees. */
function loggerTo(tell: (line: string) => void): Logger {
  const at = (level: string) => (facts: object, text: string) => {
    const { err, ...others } = facts as { err?: Error }
    tell(`${level} ${text} ${JSON.stringify(others)}${err === undefined ? '' : ` ${err.message}`}`)
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } as unknown as Logger
}

/** Thousands of registries would only be in the way. */
const NO_METRICS = {
  counter: () => ({ inc: () => {} }),
  gauge: () => ({ set: () => {} }),
  histogram: () => ({ observe: () => {} }),
} as unknown as Metrics
