import type { EpochMicros, MarketSymbol } from '@c1/market'
import { concerns, type Fault, type FaultKind } from './fault.ts'

/** Says what goes wrong at any time, and keeps what is late. Time is the simulated market's. */
export class FaultSchedule {
  readonly #now: () => EpochMicros
  readonly #byKind: ReadonlyMap<FaultKind, readonly Fault[]>
  readonly #strikes = new Map<Fault, number>()
  #toBegin: readonly Fault[]
  #late: { readonly due: EpochMicros; readonly action: () => void }[] = []

  constructor(faults: readonly Fault[], now: () => EpochMicros) {
    this.#now = now
    this.#byKind = Map.groupBy(faults, ({ kind }) => kind)
    const start = now()
    this.#toBegin = faults.filter(({ from }) => from >= start).sort((a, b) => a.from - b.from)
  }

  /** All faults of a kind, past and to come. */
  all(kind: FaultKind): readonly Fault[] {
    return this.#byKind.get(kind) ?? []
  }

  /** The fault of a kind that is in force at a time, by default now. */
  inForce(kind: FaultKind, symbol?: MarketSymbol, time: EpochMicros = this.#now()): Fault | undefined {
    return this.#byKind.get(kind)?.find((fault) => fault.from <= time && time < fault.to && concerns(fault, symbol))
  }

  /** As `inForce`, now, counting the occasions: only each `every`-th is struck. */
  strikes(kind: FaultKind, symbol?: MarketSymbol): Fault | undefined {
    const fault = this.inForce(kind, symbol)
    if (fault === undefined) return undefined
    const occasion = (this.#strikes.get(fault) ?? 0) + 1
    this.#strikes.set(fault, occasion)
    return occasion % fault.every === 0 ? fault : undefined
  }

  /** How often a fault has struck. */
  struck(fault: Fault): number {
    return Math.floor((this.#strikes.get(fault) ?? 0) / fault.every)
  }

  /** The faults that have begun since the last call, in order. */
  begun(): readonly Fault[] {
    const now = this.#now()
    const count = this.#toBegin.findIndex(({ from }) => from > now)
    const begun = count === -1 ? this.#toBegin : this.#toBegin.slice(0, count)
    this.#toBegin = this.#toBegin.slice(begun.length)
    return begun
  }

  /** Does something `by` microseconds from now: at the first `passTime` after that. */
  later(by: number, action: () => void): void {
    this.#late.push({ due: (this.#now() + by) as EpochMicros, action })
  }

  /** Does what is due, in the order of the times it was due. */
  passTime(): void {
    if (this.#late.length === 0) return
    const now = this.#now()
    const due = this.#late.filter((late) => late.due <= now).sort((a, b) => a.due - b.due)
    this.#late = this.#late.filter((late) => late.due > now)
    for (const { action } of due) action()
  }
}
