/**
 * The newest entries by time, oldest first, at most `limit` of them. Entries of one time stand side by side unless they are
 * the same by `isSame`: then the later one replaces the earlier.
 */
export class Recent<Entry> {
  readonly #limit: number
  readonly #timeOf: (entry: Entry) => number
  readonly #isSame: (a: Entry, b: Entry) => boolean
  readonly #entries: Entry[] = []

  constructor(limit: number, timeOf: (entry: Entry) => number, isSame: (a: Entry, b: Entry) => boolean = () => true) {
    this.#limit = limit
    this.#timeOf = timeOf
    this.#isSame = isSame
  }

  /** Of entries that stand here, the one that `entry` would replace. */
  find(entry: Entry): Entry | undefined {
    const at = this.#indexOf(entry)
    return at === -1 ? undefined : this.#entries[at]
  }

  /** An entry older than all when the limit is reached is dropped. */
  put(entry: Entry): void {
    const at = this.#indexOf(entry)
    if (at !== -1) this.#entries[at] = entry
    else this.#entries.splice(this.#upperBound(this.#timeOf(entry)), 0, entry)
    if (this.#entries.length > this.#limit) this.#entries.shift()
  }

  /** Entries with `from <= time < to`, oldest first. */
  range(from: number, to: number): readonly Entry[] {
    return this.#entries.slice(this.#upperBound(from - 1), this.#upperBound(to - 1))
  }

  newest(): Entry | undefined {
    return this.#entries.at(-1)
  }

  #indexOf(entry: Entry): number {
    const time = this.#timeOf(entry)
    for (let at = this.#upperBound(time) - 1; at >= 0; at--) {
      const other = this.#entries[at] as Entry
      if (this.#timeOf(other) !== time) return -1
      if (this.#isSame(other, entry)) return at
    }
    return -1
  }

  /** Index of the first entry after `time`; times are whole microseconds. */
  #upperBound(time: number): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#timeOf(this.#entries[middle] as Entry) <= time) low = middle + 1
      else high = middle
    }
    return low
  }
}
