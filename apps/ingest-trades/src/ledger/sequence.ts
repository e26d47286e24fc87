import { type EpochMicros, hasId, type IdRange, type IdRanges, withoutRange } from '@c1/market'

/** A stretch of consecutive trade ids that are in the log or stated as exceptions, with the times of its first and last trade. */
export interface LedgerSpan {
  first: number
  last: number
  from: EpochMicros
  to: EpochMicros
}

/** Ids that are missing between two spans. */
export interface Hole extends IdRange {
  /** Time of the trade before the hole: its trades happened at or after it. */
  readonly after: EpochMicros
  /** Time of the trade after the hole. */
  readonly before: EpochMicros
  /** When it was seen first. */
  readonly since: EpochMicros
}

/** Ids that the venue does not serve, between the times of the trades around them. */
export type LedgerException = Readonly<LedgerSpan>

/** What brought a trade: the feed, the venue's history, or a file. */
export type Via = 'live' | 'history' | 'archive'

/** A hole that is one no more. */
export interface Repair extends IdRange {
  readonly since: EpochMicros
  readonly at: EpochMicros
  /** What filled it, in the order it came; `exception` for ids stated as not served. Empty where only the log is known. */
  readonly by: readonly (Via | 'exception')[]
}

/** What is remembered of a hole while it is open: the ids it began with, since when, and what has filled it so far. */
type Gap = Omit<Repair, 'at'>

/** The newest repairs that are remembered of a sequence. */
const MOST_REPAIRS = 20

export interface Neighbours {
  readonly below: Readonly<LedgerSpan> | undefined
  readonly above: Readonly<LedgerSpan> | undefined
}

/** As a checkpoint has it. */
export interface SequenceState {
  readonly spans: readonly LedgerSpan[]
  readonly gaps: readonly Gap[]
  readonly exceptions: readonly LedgerException[]
  readonly repairs: readonly Repair[]
  readonly repaired: number
}

/** Which trades the log holds of one symbol in one id space: spans of ids, and the holes between them. */
export class Sequence {
  /** Ascending, disjoint, never touching. */
  readonly #spans: LedgerSpan[]
  /** At each place the hole below the span of that place; the lowest span has none. */
  readonly #gaps: (Gap | undefined)[]
  /** Parts of the spans, ascending and disjoint. */
  #exceptions: readonly LedgerException[]
  #repairs: readonly Repair[]
  #repaired: number
  #shape = 0

  constructor(state?: SequenceState) {
    this.#spans = state?.spans.map((span) => ({ ...span })) ?? []
    this.#gaps = state === undefined || this.#spans.length === 0 ? [] : [undefined, ...state.gaps]
    this.#exceptions = state?.exceptions ?? []
    this.#repairs = state?.repairs ?? []
    this.#repaired = state?.repaired ?? 0
  }

  get spans(): readonly Readonly<LedgerSpan>[] {
    return this.#spans
  }

  get newest(): Readonly<LedgerSpan> | undefined {
    return this.#spans[this.#spans.length - 1]
  }

  get exceptions(): readonly LedgerException[] {
    return this.#exceptions
  }

  /** The newest ones, oldest first. */
  get repairs(): readonly Repair[] {
    return this.#repairs
  }

  /** How many holes were repaired ever. */
  get repaired(): number {
    return this.#repaired
  }

  /** Another number whenever a hole may have opened, closed or shrunk. */
  get shape(): number {
    return this.#shape
  }

  /** Adds a trade's id. False when it is there already. */
  add(id: number, time: EpochMicros, via?: Via, now?: EpochMicros): boolean {
    const newest = this.#spans[this.#spans.length - 1]
    if (newest !== undefined && id === newest.last + 1) {
      newest.last = id
      newest.to = time
      return true
    }
    if (this.#exceptions.length > 0 && hasId(this.#exceptions, id)) {
      this.#takeExcepted({ first: id, last: id })
      return true
    }
    return this.#insert({ first: id, last: id, from: time, to: time }, via, now)
  }

  /** Adds the ids of trades in this order. Gives those that are not there already. */
  addRange(range: IdRange, timeOf: (id: number) => EpochMicros, via?: Via, now?: EpochMicros): IdRanges {
    const missing = this.#spans.reduce(withoutRange, [range])
    for (const ids of missing) this.#insert({ ...ids, from: timeOf(ids.first), to: timeOf(ids.last) }, via, now)
    const excepted = this.#exceptions.flatMap(({ first, last }) => intersection({ first, last }, range))
    for (const ids of excepted) this.#takeExcepted(ids)
    return [...missing, ...excepted].sort((a, b) => a.first - b.first)
  }

  /** States the ids as not served; those that are there already are not. False when all of them are. */
  except({ first, last, from, to }: LedgerSpan, now?: EpochMicros): boolean {
    const missing = this.#spans.reduce(withoutRange, [{ first, last }])
    for (const range of missing) this.#insert({ ...range, from, to }, 'exception', now)
    const added = missing.map((range) => ({ ...range, from, to }))
    this.#exceptions = [...this.#exceptions, ...added].sort((a, b) => a.first - b.first)
    return missing.length > 0
  }

  /** The span that holds the id or ends before it, and the one that begins after it. */
  around(id: number): Neighbours {
    const newest = this.#spans[this.#spans.length - 1]
    if (newest !== undefined && id >= newest.first) return { below: newest, above: undefined }
    const at = this.#placeAbove(id)
    return { below: this.#spans[at - 1], above: this.#spans[at] }
  }

  /** Oldest first. */
  holes(): readonly Hole[] {
    return this.#spans.slice(1).map((above, at) => {
      const below = this.#spans[at] as LedgerSpan
      const { since } = this.#gaps[at + 1] as Gap
      return { first: below.last + 1, last: above.first - 1, after: below.to, before: above.from, since }
    })
  }

  state(): SequenceState {
    return {
      spans: this.#spans,
      gaps: this.#gaps.slice(1) as Gap[],
      exceptions: this.#exceptions,
      repairs: this.#repairs,
      repaired: this.#repaired,
    }
  }

  /** The place of the first span that begins after the id. */
  #placeAbove(id: number): number {
    let low = 0
    let high = this.#spans.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#spans[middle] as LedgerSpan).first > id) high = middle
      else low = middle + 1
    }
    return low
  }

  #takeExcepted(range: IdRange): void {
    this.#exceptions = this.#exceptions.flatMap(({ from, to, ...ids }) =>
      withoutRange([ids], range).map((left) => ({ ...left, from, to })),
    )
  }

  /** Adds ids that overlap no span. False for a single id that is in one. */
  #insert(added: LedgerSpan, by: Via | 'exception' | undefined, now: EpochMicros | undefined): boolean {
    const at = this.#placeAbove(added.first)
    const below = this.#spans[at - 1]
    if (below !== undefined && added.first <= below.last) return false
    this.#shape += 1
    const above = this.#spans[at]
    const joinsBelow = below?.last === added.first - 1
    const joinsAbove = above?.first === added.last + 1
    if (!joinsBelow && !joinsAbove) {
      this.#separate(at, { ...added }, now)
      return true
    }
    const gap = this.#gaps[at]
    if (gap !== undefined) this.#gaps[at] = filledBy(gap, by)
    if (joinsBelow && joinsAbove) this.#close(at, now)
    else if (joinsBelow) Object.assign(below as LedgerSpan, { last: added.last, to: added.to })
    else Object.assign(above as LedgerSpan, { first: added.first, from: added.from })
    return true
  }

  /** The spans around the hole below the span at `at` become one. */
  #close(at: number, now: EpochMicros | undefined): void {
    const [below, above] = [this.#spans[at - 1], this.#spans[at]] as [LedgerSpan, LedgerSpan]
    Object.assign(below, { last: above.last, to: above.to })
    this.#spans.splice(at, 1)
    const [gap] = this.#gaps.splice(at, 1) as [Gap]
    this.#repairs = [...this.#repairs.slice(1 - MOST_REPAIRS), { ...gap, at: this.#timeOf(now) }]
    this.#repaired += 1
  }

  /** A span of its own, with a hole on each side that has another span. */
  #separate(at: number, added: LedgerSpan, now: EpochMicros | undefined): void {
    const gap = this.#gaps[at]
    this.#spans.splice(at, 0, added)
    const known = gap ?? { first: 0, last: 0, since: this.#timeOf(now), by: [] }
    const below = this.#spans[at - 1]
    const above = this.#spans[at + 1]
    const under = below && { ...known, first: gap?.first ?? below.last + 1, last: added.first - 1 }
    const over = above && { ...known, first: added.last + 1, last: gap?.last ?? above.first - 1 }
    this.#gaps.splice(at, above === undefined ? 0 : 1, under)
    if (above !== undefined) this.#gaps.splice(at + 1, 0, over)
  }

  /** Without a clock, as when the log is read again, the newest trade tells the time. */
  #timeOf(now: EpochMicros | undefined): EpochMicros {
    return now ?? (this.newest as LedgerSpan).to
  }
}

function intersection(a: IdRange, b: IdRange): IdRange[] {
  const both = { first: Math.max(a.first, b.first), last: Math.min(a.last, b.last) }
  return both.first <= both.last ? [both] : []
}

function filledBy(gap: Gap, by: Via | 'exception' | undefined): Gap {
  return by === undefined || gap.by.includes(by) ? gap : { ...gap, by: [...gap.by, by] }
}
