import { TOPICS, tradesCodec } from '@c1/event-log'
import { type Hole, readLedger, TradeLedger } from '@c1/ingest-trades'
import { type EpochMicros, formatTime, type MarketMessage, type MarketSymbol, type Trade } from '@c1/market'
import type { FaultEntry, TrueTrade, Venue } from '@c1/simulator'
import type { Host } from './host.ts'
import { SOURCE } from './process.ts'

/** REST tells times as floats, which are up to a microsecond from the true ones. */
const SAME_TIME = 1
/** Of trades on one nanosecond no more than the first page can be asked for. */
const PAGE_ROWS = 1000

/** Every message that the log holds, in order. */
export async function messagesOf(host: Host): Promise<MarketMessage[]> {
  const codec = tradesCodec(SOURCE)
  const log = await host.store.open()
  const consumer = await log.consumer(TOPICS.trades, { from: 'earliest', until: 'end' })
  const messages: MarketMessage[] = []
  for await (const { records } of consumer) for (const record of records) messages.push(codec.decode(record))
  return messages
}

/** What is wrong with a log, in words; empty when it is as it must be. */
export class LogCheck {
  readonly #venue: Venue
  readonly #faults: readonly FaultEntry[]
  readonly #start: EpochMicros
  readonly wrong: string[] = []

  constructor(venue: Venue, faults: readonly FaultEntry[], start: EpochMicros) {
    this.#venue = venue
    this.#faults = faults
    this.#start = start
  }

  /** Every id from the oldest to the newest once, as it happened, but those that are stated and that the venue does not serve. */
  trades(symbol: MarketSymbol, messages: readonly MarketMessage[], ledger: TradeLedger): void {
    const stored = messages.flatMap((message) =>
      message.kind === 'trade' && message.trade.symbol === symbol ? message.trade : [],
    )
    if (stored.length === 0) {
      this.#say(symbol, 'has no trades')
      return
    }
    const byId = new Map(stored.map((trade) => [trade.tradeId, trade]))
    if (byId.size !== stored.length) this.#say(symbol, `holds ${stored.length - byId.size} trades twice`)
    const ids = [...byId.keys()]
    const [oldest, newest] = [ids.reduce((a, b) => Math.min(a, b)), ids.reduce((a, b) => Math.max(a, b))]
    const truth = this.#venue.truth(symbol, oldest, newest)
    const isExcepted = (id: number): boolean =>
      ledger.exceptions(symbol).some(({ first, last }) => first <= id && id <= last)
    const beyondPage = idsBeyondPage(truth)
    const tell = new Examples((text) => this.#say(symbol, text))
    for (const happened of truth) {
      const { tradeId, unserved } = happened
      const trade = byId.get(tradeId)
      if (trade !== undefined && differs(trade, happened)) tell.add('differs from what happened', tradeId)
      if (trade !== undefined && isExcepted(tradeId)) tell.add('is there and stated as not served', tradeId)
      if (trade !== undefined) continue
      if (!isExcepted(tradeId)) tell.add('is missing', tradeId)
      else if (unserved === undefined && !beyondPage.has(tradeId)) tell.add('is stated as not served, but is', tradeId)
    }
    tell.end()
  }

  /** What is newest in the log is as new as it can be: a frame that the venue withheld is missed when the next trade comes. */
  tail(symbol: MarketSymbol, ledger: TradeLedger, before: EpochMicros): void {
    const expected = this.#venue.lastId(symbol, before)
    const newest = ledger.newest(symbol)?.id ?? 0
    const missing = newest < expected ? this.#venue.truth(symbol, newest + 1, expected) : []
    const served = missing.filter((trade) => trade.unserved !== 'everywhere' && !this.#isWithheld(trade))
    if (served.length > 0)
      this.#say(symbol, `ends at ${newest}, though ${served.at(-1)?.tradeId} is old enough to be there`)
  }

  /** A heartbeat is true: no trade from after its id had happened by then. */
  heartbeats(symbol: MarketSymbol, messages: readonly MarketMessage[]): void {
    for (const message of messages) {
      if (message.kind !== 'heartbeat' || message.heartbeat.symbol !== symbol) continue
      const { eventTime, lastTradeId } = message.heartbeat
      const newest = this.#venue.lastId(symbol, eventTime)
      if (newest < lastTradeId) {
        this.#say(
          symbol,
          `a heartbeat at ${formatTime(eventTime)} says ${lastTradeId}, which had not happened (${newest} had)`,
        )
      }
      const untold = newest > lastTradeId ? this.#venue.truth(symbol, lastTradeId + 1, newest) : []
      const false_ = untold.filter((trade) => !this.#isHidden(trade))
      if (false_.length > 0) {
        this.#say(
          symbol,
          `a heartbeat at ${formatTime(eventTime)} says ${lastTradeId}, but ${false_[0]?.tradeId} had happened at ${formatTime(false_[0]?.eventTime as EpochMicros)}`,
        )
      }
    }
  }

  /** Time goes on in a silent market. */
  passing(symbol: MarketSymbol, messages: readonly MarketMessage[], since: EpochMicros): void {
    const times = messages.flatMap((message) => {
      if (message.kind === 'trade' && message.trade.symbol === symbol) return message.trade.eventTime
      return message.kind === 'heartbeat' && message.heartbeat.symbol === symbol ? message.heartbeat.eventTime : []
    })
    const newest = times.reduce((a, b) => Math.max(a, b), 0) as EpochMicros
    if (newest < since) this.#say(symbol, `time stands still at ${formatTime(newest)}, before ${formatTime(since)}`)
  }

  /** The ledger of the process is what its log says, and what its checkpoint gives back. */
  async ledgers(live: TradeLedger, messages: readonly MarketMessage[], host: Host): Promise<void> {
    const rebuilt = new TradeLedger()
    for (const message of messages) rebuilt.observe(message)
    this.#same('rebuilt from the log', derived(rebuilt), derived(live))
    const log = await host.store.open()
    const { ledger: restored, outages } = await readLedger({ log, checkpoints: host.checkpoints, source: SOURCE })
    this.#same('from its checkpoint', JSON.stringify(restored), JSON.stringify(live))
    for (const { from, symbol } of outages.all)
      this.#say(symbol, `the outage from ${formatTime(from)} on is still open`)
  }

  #same(where: string, text: string, expected: string): void {
    if (text !== expected) this.wrong.push(`the ledger ${where} is ${text}, not ${expected}`)
  }

  holes(symbol: MarketSymbol, holes: readonly Hole[]): void {
    for (const { first, last } of holes) this.#say(symbol, `${first} to ${last} are still missing`)
  }

  /** The venue did not tell it when it happened, so that only the ids that follow can show that it is missing. */
  #isHidden(trade: TrueTrade): boolean {
    return trade.unserved !== undefined || this.#isWithheld(trade)
  }

  /** It happened while its frames were lost, delayed or spoiled, on a link that stayed open. */
  #isWithheld({ eventTime, symbol }: TrueTrade): boolean {
    return this.#faults.some((entry) => {
      if (!HIDING.has(entry.fault) || !(entry.symbols?.includes(symbol) ?? true)) return false
      const from = this.#start + Number.parseInt(entry.at.slice(1), 10) * 1000
      const to = from + Number.parseInt(entry.for ?? '0', 10) * 1000
      // A malformed row of a snapshot may be one of long before.
      const isLate = entry.fault === 'malformed-frames' || eventTime >= from - HIDDEN_BEFORE
      return isLate && eventTime <= to + HIDDEN_AFTER
    })
  }

  #say(symbol: MarketSymbol, text: string): void {
    this.wrong.push(`${symbol}: ${text}`)
  }
}

const HIDING: ReadonlySet<FaultEntry['fault']> = new Set([
  'skip-trades',
  'delay-frames',
  'reorder-frames',
  'malformed-frames',
  'silence',
])
/** A frame goes out some time after its trades, and one that waits for its successor until the fault is over. */
const HIDDEN_BEFORE = 1_000_000
const HIDDEN_AFTER = 1_000_000

/** The trades of a nanosecond after the first page of them. The truth is told in microseconds: as many on one of those are seldom by chance. */
function idsBeyondPage(truth: readonly TrueTrade[]): ReadonlySet<number> {
  const beyond = new Set<number>()
  let [time, count] = [0, 0]
  for (const { eventTime, tradeId } of truth) {
    count = eventTime === time ? count + 1 : 1
    time = eventTime
    if (count > PAGE_ROWS) beyond.add(tradeId)
  }
  return beyond
}

function differs(stored: Trade, happened: TrueTrade): boolean {
  return (
    stored.price !== happened.price ||
    stored.quantity !== happened.quantity ||
    stored.side !== happened.side ||
    stored.orderType !== happened.orderType ||
    Math.abs(stored.eventTime - happened.eventTime) > SAME_TIME
  )
}

/** What a ledger says that the log alone decides. */
function derived(ledger: TradeLedger): string {
  const facts = ledger.symbols().map((symbol) => ({
    symbol,
    spans: ledger.spans(symbol, 'venue'),
    exceptions: ledger.exceptions(symbol),
    outages: ledger.outages(symbol),
    aliveTo: ledger.aliveTo(symbol),
  }))
  return JSON.stringify(facts)
}

/** Tells how many ids something is wrong with, and the first and last of them. */
class Examples {
  readonly #say: (text: string) => void
  readonly #ids = new Map<string, number[]>()

  constructor(say: (text: string) => void) {
    this.#say = say
  }

  add(what: string, id: number): void {
    const ids = this.#ids.get(what) ?? []
    this.#ids.set(what, ids)
    ids.push(id)
  }

  end(): void {
    for (const [what, ids] of this.#ids) this.#say(`${ids[0]} (of ${ids.length}, the last ${ids.at(-1)}) ${what}`)
  }
}
