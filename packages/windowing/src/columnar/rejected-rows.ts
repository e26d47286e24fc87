/** A row that is no trade. */
export interface RejectedRow {
  /** From 1, with empty lines and the header. */
  readonly line: number
  /** The row's bytes without its line end; of an overlong one the start. */
  readonly raw: Uint8Array
  /** A `C1Error` code. */
  readonly code: string
  readonly reason: string
}

/** Counts rejected rows and keeps the first ones. */
export class RejectedRows {
  readonly #kept: RejectedRow[] = []
  readonly #limit: number
  #count = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get count(): number {
    return this.#count
  }

  /** The first ones, in the file's order. */
  get rows(): readonly RejectedRow[] {
    return this.#kept
  }

  /** Adds those of rows that follow: so many, of which these are the first. */
  join(count: number, rows: readonly RejectedRow[]): void {
    this.#count += count
    this.#kept.push(...rows.slice(0, this.#limit - this.#kept.length))
  }

  add(row: RejectedRow): void {
    this.#count++
    if (this.#kept.length < this.#limit) this.#kept.push({ ...row, raw: row.raw.slice() })
  }
}
