import { LEVELS, type Level } from './levels.ts'

/** Most windows of a sequence whose revision is remembered after they are forgotten. */
const MOST = 4096

/**
 * The newest revision of the windows that are no longer in memory and were revised. All others have had their first one: a trade
 * that is later than memory goes on from there.
 *
 * Only corrections take room here, and not without end: beyond `MOST` the ones that were forgotten first count as revised as often
 * as any of them was. The number of a revision may skip then; it never comes twice and never goes back.
 */
export class Revisions {
  readonly #newest: readonly Map<number, number>[] = LEVELS.map(() => new Map())
  #count = 0
  #least = 1

  /** Of a window that has had a candle. */
  of(level: Level, openTime: number): number {
    return Math.max(this.#least, this.#newest[level]?.get(openTime) ?? 0)
  }

  remember(level: Level, openTime: number, revision: number): void {
    const revisions = this.#newest[level] as Map<number, number>
    if (revision <= this.of(level, openTime)) return
    if (!revisions.has(openTime)) this.#count++
    revisions.set(openTime, revision)
    if (this.#count > MOST) this.#raise()
  }

  /** What every window counts as at least that has had a candle. */
  get least(): number {
    return this.#least
  }

  /** `[level, openTime, revision]`, in the order in which they came by level. */
  *entries(): Generator<readonly [Level, number, number]> {
    for (const level of LEVELS) {
      for (const [openTime, revision] of this.#newest[level] as Map<number, number>) yield [level, openTime, revision]
    }
  }

  get size(): number {
    return this.#count
  }

  static restore(least: number, entries: Iterable<readonly [Level, number, number]>): Revisions {
    const revisions = new Revisions()
    revisions.#least = least
    for (const [level, openTime, revision] of entries) revisions.remember(level, openTime, revision)
    return revisions
  }

  /** Half of them go, and what is left stands above the least. */
  #raise(): void {
    for (const revisions of this.#newest) {
      let surplus = Math.ceil(revisions.size / 2)
      for (const [openTime, revision] of revisions) {
        if (surplus-- <= 0) break
        this.#least = Math.max(this.#least, revision)
        revisions.delete(openTime)
      }
    }
    this.#count = this.#newest.reduce((count, { size }) => count + size, 0)
  }
}
