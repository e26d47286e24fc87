import { KrakenRest } from '@c1/kraken'
import { type EpochMicros, formatTime, type Instrument, type MarketSymbol } from '@c1/market'
import { type Market, syntheticMarket, Venue } from '@c1/simulator'
import { LogCheck, messagesOf } from './check.ts'
import { Host } from './host.ts'
import { Network } from './network.ts'
import { IngestProcess } from './process.ts'
import { Random } from './random.ts'
import type { Crash, Schedule } from './schedule.ts'
import { VirtualTime } from './virtual-time.ts'

export interface Outcome {
  /** What is wrong, in words; empty when log and venue agree. */
  readonly wrong: readonly string[]
  /** What happened, with the virtual time of each line. */
  readonly trace: readonly string[]
  /** Trades in the log at the end. */
  readonly trades: number
  /** Virtual seconds from the start to the end. */
  readonly seconds: number
}

const SECOND = 1_000_000
/** Everything must be repaired so long after the last fault. */
const PATIENCE = 600 * SECOND
/** A trade is in the log so long after it happened, when nothing is wrong. */
const ARRIVAL = 8 * SECOND
/** For a minute to end, and its silence to be noticed. */
const AFTERMATH = 75 * SECOND

/** Runs the schedule to its end on virtual time, and compares what is in the log with what happened. */
export async function runSchedule(schedule: Schedule): Promise<Outcome> {
  return (await Run.open(schedule)).outcome()
}

class Run {
  readonly #schedule: Schedule
  readonly #time: VirtualTime
  readonly #venue: Venue
  readonly #random: Random
  readonly #host: Host
  readonly #trace: string[] = []
  readonly #check: LogCheck
  readonly #instruments: readonly Instrument[]
  #process: IngestProcess | undefined

  static async open(schedule: Schedule): Promise<Run> {
    const time = new VirtualTime(schedule.start)
    const { activity, faults, feedIntervalMs, restCallsPerSecond, sinceInclusive, start } = schedule
    const rates = restCallsPerSecond === undefined ? {} : { restCallsPerSecond }
    const market = marketOf(activity, schedule.symbols)
    const venue = await Venue.open({ market, start, faults, feedIntervalMs, sinceInclusive, ...rates }, time.wall)
    return new Run(schedule, time, venue, await instrumentsOf(schedule.symbols))
  }

  private constructor(schedule: Schedule, time: VirtualTime, venue: Venue, instruments: readonly Instrument[]) {
    this.#schedule = schedule
    this.#time = time
    this.#venue = venue
    this.#random = new Random(schedule.seed + 1)
    this.#host = new Host(time, this.#random, schedule.diskMs)
    this.#check = new LogCheck(venue, schedule.faults, schedule.start)
    this.#instruments = instruments
  }

  async outcome(): Promise<Outcome> {
    const { crashes, minutes, start } = this.#schedule
    await this.#begin()
    for (const crash of crashes) await this.#crash(crash)
    await this.#pass(start + minutes * 60 * SECOND - this.#time.now())
    await this.#awaitRepair()
    await this.#pass(AFTERMATH)
    this.#expectWhole()
    const trades = await this.#end()
    this.#venue.close()
    const seconds = (this.#time.now() - start) / SECOND
    return { wrong: this.#check.wrong, trace: this.#trace, trades, seconds }
  }

  async #begin(): Promise<void> {
    const { backfill, skewMs } = this.#schedule
    this.#process = await IngestProcess.start({
      host: this.#host,
      venue: this.#venue,
      time: this.#time,
      random: this.#random,
      instruments: this.#instruments,
      backfill,
      skew: skewMs * 1000,
      tell: (line) => this.#tell(line),
    })
  }

  async #crash({ at, downMs, remains }: Crash): Promise<void> {
    await this.#pass(this.#schedule.start + at * 1000 - this.#time.now())
    this.#tell(`killed, with ${remains} of its checkpoints, for ${downMs} ms`)
    await this.#process?.kill()
    await this.#host.lose(remains)
    await this.#pass(downMs * 1000)
    await this.#begin()
  }

  async #awaitRepair(): Promise<void> {
    const end = this.#time.now() + PATIENCE
    while (!this.#isWhole() && this.#time.now() < end && this.#process?.failure === undefined) await this.#pass(SECOND)
    this.#tell('repaired')
  }

  #isWhole(): boolean {
    const { ingest, trades } = this.#process as IngestProcess
    const { backfill, connected, holes, refused } = ingest.status()
    if (!connected || refused.length > 0 || holes.length > 0 || backfill.length > 0) return false
    const before = (this.#time.now() - ARRIVAL) as EpochMicros
    return this.#schedule.symbols.every(
      (symbol) => (trades.ledger.newest(symbol)?.id ?? 0) >= this.#venue.lastId(symbol, before),
    )
  }

  #expectWhole(): void {
    const { failure, ingest, trades } = this.#process as IngestProcess
    if (failure !== undefined) this.#check.wrong.push(`the role ended by itself: ${(failure as Error).stack}`)
    const { backfill, connected, refused } = ingest.status()
    const unfinished = {
      connected,
      refused: refused.map(({ symbol }) => symbol),
      backfill: backfill.map(({ symbol }) => symbol),
    }
    if (!connected || refused.length > 0 || backfill.length > 0)
      this.#check.wrong.push(`it is not quiet at the end: ${JSON.stringify(unfinished)}`)
    const before = (this.#time.now() - ARRIVAL) as EpochMicros
    for (const symbol of this.#schedule.symbols) {
      this.#check.holes(symbol, ingest.completeness().find((one) => one.symbol === symbol)?.holes ?? [])
      this.#check.tail(symbol, trades.ledger, before)
    }
  }

  /** Ends the process in order, and looks at what it leaves. */
  async #end(): Promise<number> {
    const { trades } = this.#process as IngestProcess
    const since = (this.#time.now() - AFTERMATH) as EpochMicros
    let isOver = false
    const stopping = (this.#process as IngestProcess).stop().then(() => {
      isOver = true
    })
    await this.#time.pass((this.#time.now() + 60 * SECOND) as EpochMicros, () => isOver)
    if (!isOver) this.#check.wrong.push('it does not end when it is told to')
    else await stopping
    const messages = await messagesOf(this.#host)
    for (const symbol of this.#schedule.symbols) {
      this.#check.trades(symbol, messages, trades.ledger)
      this.#check.heartbeats(symbol, messages)
      this.#check.passing(symbol, messages, since)
    }
    await this.#check.ledgers(trades.ledger, messages, this.#host)
    return messages.filter(({ kind }) => kind === 'trade').length
  }

  #pass(micros: number): Promise<void> {
    return this.#time.pass((this.#time.now() + Math.max(0, micros)) as EpochMicros)
  }

  #tell(line: string): void {
    this.#trace.push(`${formatTime(this.#time.now()).slice(11, 23)} ${line}`)
  }
}

const markets = new Map<number, Market>()

/** The market of the followed symbols alone. Its trades are drawn once for all schedules. */
function marketOf(activity: number, symbols: readonly MarketSymbol[]): Market {
  const whole = markets.get(activity) ?? syntheticMarket({ kind: 'noise', seed: 1, activity })
  markets.set(activity, whole)
  return { ...whole, pairs: whole.pairs.filter(({ symbol }) => symbols.includes(symbol)) }
}

let listed: readonly Instrument[] | undefined

/** In the given order. */
async function instrumentsOf(symbols: readonly MarketSymbol[]): Promise<readonly Instrument[]> {
  listed ??= await listInstruments()
  return symbols.flatMap((symbol) => (listed as readonly Instrument[]).filter((one) => one.symbol === symbol))
}

async function listInstruments(): Promise<readonly Instrument[]> {
  const time = new VirtualTime(0 as EpochMicros)
  const market = syntheticMarket({ kind: 'noise', seed: 1, activity: 1 })
  const venue = await Venue.open({ market, start: market.birth }, time.wall)
  const { fetch } = new Network(venue, time, new Random(1), () => true)
  const timers = time.timers(0, () => true)
  const asking = new KrakenRest({ baseUrl: 'http://venue', fetch, timers }).instruments()
  await time.pass(60_000_000 as EpochMicros)
  venue.close()
  return asking
}
